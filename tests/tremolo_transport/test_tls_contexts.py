"""Contexts of certificates' files, and what becomes of them when the files change."""

import logging
import os
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from tremolo_transport.tls_contexts import TLSContext
from tremolo_transport.tls_settings import ClientCertificates, TLSSettings

from .certificates import HOST, authority, client_context, server_context, write_certificate


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """A client's end after a handshake in memory."""
    one, other = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(one, other, server_hostname=HOST),
        server.wrap_bio(other, one, server_side=True),
    ]
    complete: set[int] = set()
    while len(complete) < 2:
        for number, end in enumerate(ends):
            try:
                end.do_handshake()
                complete.add(number)
            except ssl.SSLWantReadError:
                continue
    return ends[0]


def shown(context: TLSContext) -> str:
    """The name on the certificate that a client is shown."""
    found = shake(context.context, client_context()).getpeercert()
    assert found is not None
    names = found["subjectAltName"]
    assert isinstance(names, tuple)
    return str(names[0][1])


@pytest.fixture
def told(tmp_path: Path) -> TLSSettings:
    certificate, key = write_certificate(tmp_path)
    return TLSSettings(certificate=certificate, key=key)


def test_a_client_is_shown_the_certificate(told: TLSSettings) -> None:
    context = TLSContext(told)
    assert shown(context) == HOST
    assert context.certificate is not None
    assert context.certificate.startswith("-----BEGIN CERTIFICATE-----\n")
    assert context.certificate.endswith("\n-----END CERTIFICATE-----\n")
    assert context.certificate.count("BEGIN") == 1


def test_key_and_certificate_may_stand_in_one_file(told: TLSSettings, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    assert told.key is not None
    both.write_text(Path(told.key).read_text() + Path(told.certificate).read_text())
    context = TLSContext(TLSSettings(certificate=str(both)))
    assert shown(context) == HOST
    assert context.certificate == TLSContext(told).certificate


def test_a_context_of_ones_own_is_used_as_it_is() -> None:
    own = server_context()
    context = TLSContext(own)
    assert context.context is own
    assert context.certificate is None
    context.reload()
    context.reload_if_changed()
    assert context.context is own


def test_protocol_versions_and_ciphers(told: TLSSettings) -> None:
    context = TLSContext(told).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    stricter = TLSSettings(
        certificate=told.certificate,
        key=told.key,
        minimum_version=ssl.TLSVersion.TLSv1_3,
        ciphers="ECDHE-ECDSA-AES128-GCM-SHA256",
    )
    context = TLSContext(stricter).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    older = [c["name"] for c in context.get_ciphers() if c["protocol"] == "TLSv1.2"]
    assert older == ["ECDHE-ECDSA-AES128-GCM-SHA256"]
    with pytest.raises(ssl.SSLError):
        shake(context, client_context(version=ssl.TLSVersion.TLSv1_2))


@pytest.mark.parametrize(
    ("ours", "theirs", "agreed"),
    [
        (("http/1.1",), ["h2", "http/1.1"], "http/1.1"),
        (("http/1.1",), ["h2"], None),
        (("http/1.1",), [], None),
        ((), ["http/1.1"], None),
    ],
)
def test_the_protocol_is_agreed_on(
    told: TLSSettings, ours: tuple[str, ...], theirs: list[str], agreed: str | None
) -> None:
    settings = TLSSettings(certificate=told.certificate, key=told.key, alpn=ours)
    client = client_context()
    if theirs:
        client.set_alpn_protocols(theirs)
    assert shake(TLSContext(settings).context, client).selected_alpn_protocol() == agreed


@pytest.mark.parametrize("asked", [ClientCertificates.OPTIONAL, ClientCertificates.REQUIRED])
def test_clients_are_asked_who_they_are(
    told: TLSSettings, asked: ClientCertificates, tmp_path: Path
) -> None:
    trusted = tmp_path / "ca.pem"
    trusted.write_bytes(authority().cert_pem.bytes())
    context = TLSContext(
        TLSSettings(
            certificate=told.certificate,
            key=told.key,
            client_certificates=asked,
            client_ca=str(trusted),
        )
    ).context
    shake(context, client_context(name="somebody"))
    nameless = client_context(version=ssl.TLSVersion.TLSv1_2)
    if asked is ClientCertificates.OPTIONAL:
        shake(context, nameless)
    else:
        with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
            shake(context, nameless)


def test_the_numbers_of_the_ciphers(told: TLSSettings) -> None:
    numbers = TLSContext(told).cipher_suites
    # RFC 8446 B.4, RFC 5289 3.2.
    assert numbers["TLS_AES_256_GCM_SHA384"] == 0x1302
    assert numbers["ECDHE-RSA-AES128-GCM-SHA256"] == 0xC02F


# A key that is encrypted.


def encrypt(key: str, password: bytes) -> None:
    found = load_pem_private_key(Path(key).read_bytes(), None)
    Path(key).write_bytes(
        found.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    )


def test_a_key_with_a_password(told: TLSSettings) -> None:
    assert told.key is not None
    encrypt(told.key, b"secret")
    for password in ("secret", b"secret"):
        opened = TLSSettings(certificate=told.certificate, key=told.key, password=password)
        assert shown(TLSContext(opened)) == HOST
    wrong = TLSSettings(certificate=told.certificate, key=told.key, password="public")
    with pytest.raises(OSError, match=r"cannot use the certificate .* password"):
        TLSContext(wrong)


def test_nobody_is_asked_for_a_password_at_the_terminal(told: TLSSettings) -> None:
    assert told.key is not None
    encrypt(told.key, b"secret")
    with pytest.raises(OSError, match="its key is encrypted, and no password was given"):
        TLSContext(told)


# Files that will not do.


def test_what_is_missing_is_named(told: TLSSettings, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for settings in (
        TLSSettings(certificate=missing, key=told.key),
        TLSSettings(certificate=told.certificate, key=missing),
        TLSSettings(
            certificate=told.certificate,
            key=told.key,
            client_ca=missing,
            client_certificates=ClientCertificates.REQUIRED,
        ),
    ):
        with pytest.raises(OSError, match="No such file or directory") as caught:
            TLSContext(settings)
        assert f"'{missing}'" in (caught.value.strerror or "")
        assert f"cannot use the certificate {settings.certificate}: " in str(caught.value)


def test_what_does_not_fit_is_said(told: TLSSettings, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    _, key = write_certificate(other, name="other.example")
    with pytest.raises(OSError, match="key values mismatch"):
        TLSContext(TLSSettings(certificate=told.certificate, key=key))
    Path(told.certificate).write_text("no certificate")
    with pytest.raises(OSError, match="is it PEM"):
        TLSContext(told)


def test_a_cipher_that_there_is_not(told: TLSSettings) -> None:
    settings = TLSSettings(certificate=told.certificate, key=told.key, ciphers="NONE-SUCH")
    with pytest.raises(OSError, match="there is no cipher in 'NONE-SUCH'"):
        TLSContext(settings)


# Files that change.


def replace_certificate(told: TLSSettings, name: str) -> None:
    folder = Path(told.certificate).parent
    (folder / "new").mkdir(exist_ok=True)
    for new, old in zip(
        write_certificate(folder / "new", name=name, anew=True),
        (told.certificate, told.key),
        strict=True,
    ):
        assert old is not None
        os.replace(new, old)


def test_a_certificate_that_has_changed_is_shown_to_new_connections(
    told: TLSSettings, caplog: pytest.LogCaptureFixture
) -> None:
    context = TLSContext(told)
    before = context.context
    replace_certificate(told, "new.example")
    with caplog.at_level(logging.INFO):
        context.reload_if_changed()
    assert shown(context) == "new.example"
    assert context.context is not before, "connections that there are keep what they have"
    assert caplog.messages == [f"read the certificate {told.certificate} again"]
    with caplog.at_level(logging.INFO):
        context.reload_if_changed()
    assert len(caplog.messages) == 1


def test_it_is_read_again_whenever_that_is_asked_for(told: TLSSettings) -> None:
    context = TLSContext(told)
    before = context.context
    context.reload()
    assert context.context is not before


def test_one_that_will_not_do_is_said_once_and_the_one_before_is_kept(
    told: TLSSettings, caplog: pytest.LogCaptureFixture
) -> None:
    context = TLSContext(told)
    good = Path(told.certificate).read_text()
    Path(told.certificate).write_text("half a certificate")
    for _ in range(3):
        context.reload_if_changed()
    assert shown(context) == HOST
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert record.exc_info is None
    assert record.getMessage().startswith(f"cannot use the certificate {told.certificate}: ")
    assert record.getMessage().endswith("going on with the one before")
    Path(told.certificate).write_text(good + "\n")
    context.reload_if_changed()
    assert shown(context) == HOST
    os.unlink(told.certificate)
    context.reload_if_changed()
    assert "No such file" in caplog.messages[-1]
    assert shown(context) == HOST
