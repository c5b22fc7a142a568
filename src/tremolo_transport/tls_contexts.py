"""The SSL context of a listener, made of what it was told, and made anew when the files change.

What it was told is in `tls_settings`; how a context is used, in `handshakes`.
"""

import errno
import logging
import os
import ssl
from typing import TypeAlias

from .tls_settings import ClientCertificates, TLSSettings

__all__ = ("TLSContext",)

logger = logging.getLogger("tremolo.server")

_VERIFY_MODES = {
    ClientCertificates.NONE: ssl.CERT_NONE,
    ClientCertificates.OPTIONAL: ssl.CERT_OPTIONAL,
    ClientCertificates.REQUIRED: ssl.CERT_REQUIRED,
}

_Signature: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""Of each file what changes when it does; None for one that is not there."""


class TLSContext:
    """What new connections of one listener are encrypted with."""

    __slots__ = ("_signature", "_tls", "certificate", "cipher_suites", "context")

    def __init__(self, tls: TLSSettings | ssl.SSLContext) -> None:
        """Read the files; raises OSError, whose text names the certificate, if they will not do."""
        self._tls = tls
        self._signature = self._look()
        self._use(*self._made())

    def _use(self, context: ssl.SSLContext, certificate: str | None) -> None:
        self.context = context
        self.certificate = certificate
        """The server's own certificate in PEM; None in a context of the caller's own."""
        self.cipher_suites = {
            # Of the four bytes the first two are OpenSSL's own (RFC 8446 B.4 has the others).
            cipher["name"]: cipher["id"] & 0xFFFF
            for cipher in context.get_ciphers()
        }
        """The numbers of the cipher suites, by OpenSSL's names."""

    def reload(self) -> None:
        """Read the files again; if they will not do, say so and go on with what there is."""
        # First: what changes while it is read is read once more.
        self._signature = self._look()
        try:
            self._use(*self._made())
        except OSError as error:
            logger.error("%s; going on with the one before", error.strerror)
        else:
            if isinstance(self._tls, TLSSettings):
                logger.info("read the certificate %s again", self._tls.certificate)

    def reload_if_changed(self) -> None:
        """As `reload`, if a file is not what it was."""
        if self._look() != self._signature:
            self.reload()

    def _look(self) -> _Signature:
        if not isinstance(self._tls, TLSSettings):
            return ()
        tls = self._tls
        return tuple(_state(path) for path in (tls.certificate, tls.key, tls.client_ca) if path)

    def _made(self) -> tuple[ssl.SSLContext, str | None]:
        if not isinstance(self._tls, TLSSettings):
            return self._tls, None
        tls = self._tls
        try:
            return _context(tls), _first_certificate(tls.certificate)
        except (OSError, ValueError) as error:
            reason = f"cannot use the certificate {tls.certificate}: {_reason(tls, error)}"
            # OpenSSL has numbers of its own.
            if isinstance(error, ssl.SSLError) or not isinstance(error, OSError):
                code = errno.EINVAL
            else:
                code = error.errno or errno.EINVAL
            raise OSError(code, reason) from None


def _state(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def _context(tls: TLSSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A client could have us reckon for ever (CVE-2011-1473); HTTP needs none.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.minimum_version = tls.minimum_version
    if tls.ciphers is not None:
        context.set_ciphers(tls.ciphers)
    if tls.alpn:
        context.set_alpn_protocols(list(tls.alpn))

    def password() -> str | bytes:
        # Without this, OpenSSL would ask at the terminal.
        if tls.password is None:
            raise ValueError("its key is encrypted, and no password was given")
        return tls.password

    context.load_cert_chain(tls.certificate, tls.key, password)
    if tls.client_ca is not None:
        context.load_verify_locations(tls.client_ca)
    context.verify_mode = _VERIFY_MODES[tls.client_certificates]
    return context


def _first_certificate(path: str) -> str:
    """The first certificate in a file that OpenSSL has read: the server's own."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    with open(path, encoding="latin-1") as file:
        text = file.read()
    start = text.find(begin)
    return text[start : text.find(end) + len(end)] + "\n"


def _reason(tls: TLSSettings, error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if not hasattr(error, "reason"):
            # Python's own: "No cipher can be selected."
            return f"there is no cipher in {tls.ciphers!r}"
        # "PEM lib" and "key values mismatch" are all that OpenSSL has to say.
        what = (error.reason or "OpenSSL cannot read it").replace("_", " ").lower()
        return f"{what} (is it PEM, and does the key fit and the password?)"
    if isinstance(error, OSError):
        # load_cert_chain does not say which file it was.
        paths = (tls.certificate, tls.key, tls.client_ca)
        unreadable = [path for path in paths if path and not os.access(path, os.R_OK)]
        return " ".join((error.strerror or str(error), *map(repr, unreadable)))
    return str(error)
