"""Addresses of network peers, and how the text of one is read.

Whose addresses they are, and who is believed about them, is not known here.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

__all__ = ("Address", "IPAddress", "read_ip", "unmapped")

Address: TypeAlias = tuple[str, int | None]
"""(IP address, port or None if it is not known), or (path of a unix socket, None)."""

IPAddress: TypeAlias = IPv4Address | IPv6Address

_LONGEST = 45
"""Letters of an address: eight groups of IPv6, of which the last two are written as IPv4."""


def read_ip(text: str) -> IPAddress | None:
    """Read an IP address without brackets, port or zone; None if `text` is none.

    An IPv4 address has four decimal numbers without leading zeros. If it comes
    in IPv6's clothes, it is taken out of them, see `unmapped`.
    """
    return _read(text) if len(text) <= _LONGEST else None


# Behind a proxy each request names an address, and Python takes 5 µs to read one.
@lru_cache(maxsize=1_024)
def _read(text: str) -> IPAddress | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else unmapped(address)


def unmapped(address: IPAddress) -> IPAddress:
    """The IPv4 address in an IPv4-mapped IPv6 one (RFC 4291 2.5.5.2); any other as it is.

    A socket that accepts both families names IPv4 peers by mapped addresses,
    and the text of those is not the same on every Python.
    """
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
