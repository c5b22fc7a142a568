"""What a program is told about all its listeners: TLS, and the proxies in front of them.

Each listener is then a `tremolo_transport.Listener`; `config` makes those.
"""

import ssl
from dataclasses import field
from typing import Literal, TypeAlias

from tremolo_core import value
from tremolo_core.forwarded import Forwarding
from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport.settings import NEARBY, Listener
from tremolo_transport.tls_settings import ClientCertificates, TLSSettings

__all__ = ("CertificateRequest", "ProxyTerms", "TLSTerms", "TLSVersion")

TLSVersion: TypeAlias = Literal["1.2", "1.3"]
CertificateRequest: TypeAlias = Literal["none", "optional", "required"]

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

_UNTOLD = Listener()


@value
class TLSTerms:
    """How TLS is spoken, if there is a certificate."""

    certificate: str | None = None
    key: str | None = None
    password: str | None = field(default=None, repr=False)
    client_ca: str | None = None
    client_certificates: CertificateRequest = "none"
    ciphers: str | None = None
    minimum_version: TLSVersion = "1.2"
    handshake_timeout: float | None = _UNTOLD.handshake_timeout

    def settings(self) -> TLSSettings | None:
        """The same for a listener; None without a certificate. Raises ValueError."""
        if self.certificate is None:
            return None
        return TLSSettings(
            certificate=self.certificate,
            key=self.key,
            password=self.password,
            client_ca=self.client_ca,
            client_certificates=ClientCertificates(self.client_certificates),
            ciphers=self.ciphers,
            minimum_version=_VERSIONS[self.minimum_version],
        )


@value
class ProxyTerms:
    """Which proxies are believed, and about what."""

    protocol: bool = False
    """Whether they begin each connection with a PROXY header."""
    may_connect: TrustedProxies = NEARBY
    """Those that may then."""
    timeout: float | None = _UNTOLD.proxy_timeout
    headers: bool = True
    """Whether anybody is believed about the senders of requests."""
    trusted: TrustedProxies = _UNTOLD.forwarding.trusted
    """Those that are then."""
    fields: tuple[str, ...] = tuple(
        sorted(name.decode("ascii") for name in _UNTOLD.forwarding.fields)
    )
    """In which fields."""

    def forwarding(self) -> Forwarding:
        """Whom a listener is to believe about the senders of requests."""
        return Forwarding(
            trusted=self.trusted if self.headers else TrustedProxies(),
            fields=frozenset(name.encode("ascii") for name in self.fields),
        )
