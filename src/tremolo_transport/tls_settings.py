"""What a listener is told about TLS.

The contexts are made of it in `tls_contexts`.
"""

import enum
import ssl
from dataclasses import field

from tremolo_core import value

__all__ = ("ClientCertificates", "TLSSettings")


class ClientCertificates(enum.Enum):
    """Whether clients are asked who they are."""

    NONE = "none"
    """They are not."""
    OPTIONAL = "optional"
    """They are, and may have none; one that is not good ends the handshake."""
    REQUIRED = "required"
    """Without a good one there is no handshake."""


@value
class TLSSettings:
    """A certificate, and whom it is shown to.

    The files are read again when they change, and on
    `Server.reload_certificates`; connections that there are keep what they have.
    """

    certificate: str
    """The path of a PEM file: the server's certificate, and those between it and the root."""
    key: str | None = None
    """The path of the private key's PEM file; None if it stands in the certificate's file."""
    password: str | bytes | None = field(default=None, repr=False)
    """What the key is encrypted with."""
    client_certificates: ClientCertificates = ClientCertificates.NONE
    client_ca: str | None = None
    """The path of a PEM file: who may sign the certificates of clients.

    To be given where clients are asked for theirs; the system's own list of
    authorities signs for everybody.
    """
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    """TLS 1.2 is what RFC 9325 (3.1.1) asks for."""
    ciphers: str | None = None
    """OpenSSL's list of ciphers for TLS 1.2; None is Python's choice. TLS 1.3 has its own."""
    alpn: tuple[str, ...] = ("http/1.1",)
    """The protocols to agree on (RFC 7301), the best first; none for no such agreement."""

    def __post_init__(self) -> None:
        asked = self.client_certificates is not ClientCertificates.NONE
        if asked is not (self.client_ca is not None):
            raise ValueError(
                "clients can be asked for certificates only together with a file of authorities"
            )
