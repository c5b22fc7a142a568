"""What is known of the TLS that a peer speaks, as far as Python's `ssl` tells.

It is asked once, after the handshake, which is the business of `handshakes`.
"""

import re
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from tremolo_core import value

from .tls_contexts import TLSContext

__all__ = ("TLSSession", "distinguished_name", "session_of")


@value
class TLSSession:
    """The outcome of a TLS handshake."""

    version: str
    """As OpenSSL has it, such as `"TLSv1.3"`."""
    cipher: str
    """As OpenSSL has it, such as `"TLS_AES_256_GCM_SHA384"`."""
    version_number: int | None = None
    """As in the handshake, such as 0x0304 for TLS 1.3; None for one that has no name here."""
    cipher_suite: int | None = None
    """The number of the cipher suite (RFC 8446 B.4)."""
    alpn: str | None = None
    """The protocol that both have agreed on; None if the client knows of no such agreement."""
    server_certificate: str | None = None
    """The one that the server shows, in PEM; None with a context of the caller's own."""
    client_certificates: tuple[str, ...] = ()
    """The client's certificate, in PEM, and before Python 3.13 no other.

    From 3.13 on those follow that it has sent along. It was found good, or the
    handshake would have failed.
    """
    client_name: str | None = None
    """The name of the client's certificate's subject, as in RFC 4514."""


_VERSIONS = {
    "TLSv1": 0x0301,
    "TLSv1.1": 0x0302,
    "TLSv1.2": 0x0303,
    "TLSv1.3": 0x0304,
}


def session_of(tls: ssl.SSLObject, used: TLSContext) -> TLSSession:
    """What `tls`, whose handshake is complete, says of itself; it was made with `used`."""
    version = tls.version() or ""
    cipher = (tls.cipher() or ("",))[0]
    return TLSSession(
        version=version,
        cipher=cipher,
        version_number=_VERSIONS.get(version),
        cipher_suite=used.cipher_suites.get(cipher),
        alpn=tls.selected_alpn_protocol(),
        server_certificate=used.certificate,
        client_certificates=tuple(map(ssl.DER_cert_to_PEM_cert, _chain(tls))),
        client_name=distinguished_name((tls.getpeercert() or {}).get("subject", ())) or None,
    )


def _chain(tls: ssl.SSLObject) -> Sequence[bytes]:
    leaf = tls.getpeercert(True)
    if leaf is None:
        return ()
    # Of Python 3.13.
    unverified = getattr(tls, "get_unverified_chain", None)
    return (leaf,) if unverified is None else tuple(unverified())


# The names of RFC 4514 3. The others are OpenSSL's, which RFC 4514 lets be.
_SHORT = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
    "streetAddress": "STREET",
    "userId": "UID",
}

_ESCAPED = re.compile(r'["+,;<>\\]')


def distinguished_name(subject: Iterable[Iterable[Iterable[Any]]]) -> str:
    """The text (RFC 4514 2) of a name as Python's `ssl` has it: the last part first."""
    parts = [
        "+".join(f"{_SHORT.get(name, name)}={_escaped(text)}" for name, text in part)
        for part in subject
    ]
    return ",".join(reversed(parts))


def _escaped(text: str) -> str:
    text = _ESCAPED.sub(r"\\\g<0>", text).replace("\0", r"\00")
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" ") and text != "\\ ":
        text = text[:-1] + "\\ "
    return text
