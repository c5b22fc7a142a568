"""How the values of options about TLS and proxies are read.

Which options there are stands in `tls_options` and `proxy_options`; other kinds
of values are read in `option_values`.
"""

from collections.abc import Iterable

from tremolo_core.forwarded import FORWARDED_FIELDS
from tremolo_core.trusted_proxies import TrustedProxies

from .option_values import read_one_of

__all__ = (
    "read_certificate_request",
    "read_forwarded_fields",
    "read_tls_version",
    "read_trusted_proxies",
)

_REQUESTS = ("none", "optional", "required")

_read_request = read_one_of(*_REQUESTS)
_read_version = read_one_of("1.2", "1.3")


def read_certificate_request(told: object) -> str:
    """Whether clients are asked for certificates, by a word or by the number of Python's `ssl`."""
    number = str(told) if isinstance(told, int) and not isinstance(told, bool) else told
    if number in ("0", "1", "2"):
        return _REQUESTS[int(str(number))]
    return _read_request(told)


def read_tls_version(told: object) -> str:
    """A version of TLS, such as `1.2` or `TLSv1.2`."""
    text = told.lower().removeprefix("tlsv") if isinstance(told, str) else told
    return _read_version(text)


def read_trusted_proxies(told: object) -> TrustedProxies:
    """Peers that are believed, as a text with commas, several texts, or a value."""
    if isinstance(told, TrustedProxies):
        return told
    if isinstance(told, str):
        return TrustedProxies.parse(told)
    if not isinstance(told, Iterable):
        raise ValueError("addresses, networks, unix: or *")
    return TrustedProxies.parse(",".join(map(str, told)))


def read_forwarded_fields(told: object) -> tuple[str, ...]:
    """Names of fields in which proxies tell of their clients, in order and in lower case."""
    if isinstance(told, str):
        told = told.split(",")
    known = sorted(name.decode("ascii") for name in FORWARDED_FIELDS)
    names = {str(name).strip().lower() for name in told} if isinstance(told, Iterable) else {""}
    names.discard("")
    if not names.issubset(known) or not isinstance(told, Iterable):
        raise ValueError(f"some of {', '.join(known)}")
    return tuple(sorted(names))
