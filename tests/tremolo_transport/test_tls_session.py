"""What is known after a handshake."""

import ssl
from pathlib import Path

import pytest

from tremolo_transport.tls_contexts import TLSContext
from tremolo_transport.tls_session import TLSSession, distinguished_name, session_of
from tremolo_transport.tls_settings import ClientCertificates, TLSSettings

from .certificates import HOST, authority, client_context, server_context, write_certificate


def shaken(context: TLSContext, client: ssl.SSLContext) -> TLSSession:
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = client.wrap_bio(one, other, server_hostname=HOST)
    ours = context.context.wrap_bio(other, one, server_side=True)
    complete: set[ssl.SSLObject] = set()
    while len(complete) < 2:
        for end in (theirs, ours):
            try:
                end.do_handshake()
                complete.add(end)
            except ssl.SSLWantReadError:
                continue
    return session_of(ours, context)


@pytest.mark.parametrize(
    ("version", "number"), [(ssl.TLSVersion.TLSv1_2, 0x0303), (ssl.TLSVersion.TLSv1_3, 0x0304)]
)
def test_what_was_agreed_on(version: ssl.TLSVersion, number: int) -> None:
    client = client_context(version=version)
    client.set_alpn_protocols(["http/1.1"])
    session = shaken(TLSContext(server_context()), client)
    assert session.version == version.name.replace("_", ".")
    assert session.version_number == number
    assert session.cipher_suite in (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02C, 0xCCA9)
    assert session.cipher
    assert session.alpn is None
    assert session.server_certificate is None
    assert session.client_certificates == ()
    assert session.client_name is None


@pytest.mark.parametrize("name", ["somebody.example", None])
def test_who_the_two_are(tmp_path: Path, name: str | None) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority().cert_pem.bytes())
    certificate, key = write_certificate(tmp_path)
    context = TLSContext(
        TLSSettings(
            certificate=certificate,
            key=key,
            client_certificates=ClientCertificates.OPTIONAL,
            client_ca=str(trusted),
        )
    )
    session = shaken(context, client_context(name=name))
    assert session.server_certificate == context.certificate
    assert session.alpn is None
    if name is None:
        assert session.client_certificates == ()
        assert session.client_name is None
    else:
        [certificate, *_] = session.client_certificates
        assert certificate.startswith("-----BEGIN CERTIFICATE-----\n")
        assert session.client_name is not None
        assert session.client_name.startswith(f"CN={name},OU=")


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ((), ""),
        # The first two are examples of RFC 4514 4.
        (
            (
                (("domainComponent", "net"),),
                (("domainComponent", "example"),),
                (("organizationalUnitName", "Sales"), ("commonName", "J.  Smith")),
            ),
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
        ),
        (
            ((("commonName", 'James "Jim" Smith, III'),),),
            r"CN=James \"Jim\" Smith\, III",
        ),
        (((("commonName", "#1 "),),), r"CN=\#1\ "),
        (((("commonName", " "),),), "CN=\\ "),
        (((("commonName", "a+b;c<d>e\\f"),),), r"CN=a\+b\;c\<d\>e\\f"),
        (((("commonName", "a\0b"),),), r"CN=a\00b"),
        (((("emailAddress", "a@b.example"),),), "emailAddress=a@b.example"),
    ],
)
def test_a_name_is_written_as_rfc_4514_has_it(
    subject: tuple[tuple[tuple[str, str], ...], ...], text: str
) -> None:
    assert distinguished_name(subject) == text
