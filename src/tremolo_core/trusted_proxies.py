"""Which peers are proxies of ours, so that they are believed about others.

What they say is read in `forwarded` and `proxy_protocol`.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self, TypeAlias

from ._values import value
from .addresses import Address, IPAddress, read_ip

__all__ = ("IPNetwork", "TrustedProxies")

IPNetwork: TypeAlias = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


@value
class TrustedProxies:
    """The peers that are believed. By default there are none."""

    everyone: bool = False
    """Whether all are. Then every client can say that it is another."""
    unix: bool = False
    """Whether those are that come by a unix socket."""
    networks: tuple[IPNetwork, ...] = ()
    """Single addresses are networks too. IPv4 peers are looked for in IPv4 networks only."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a list with commas: IP addresses, networks, `unix:` for unix sockets, `*` for all.

        Networks are written as `10.0.0.0/8` or `fd00::/8`. Empty members are
        passed over, and an empty list trusts nobody. Raises ValueError, which
        names the member, for any other.
        """
        members = [member.strip() for member in text.split(",")]
        return cls(
            everyone="*" in members,
            unix="unix:" in members,
            networks=tuple(
                _network(member) for member in members if member not in ("", "*", "unix:")
            ),
        )

    def __str__(self) -> str:
        """The list that `parse` reads."""
        members = [*map(str, self.networks)]
        members += ["unix:"] * self.unix + ["*"] * self.everyone
        return ",".join(members)

    def trusts(self, client: Address | None, server: Address | None) -> bool:
        """Whether the peer at `client`, which is connected to our `server`, is trusted.

        Both are what the socket says, or a PROXY header that was believed. A
        peer has come by a unix socket if our own end is one: that its address
        is not known is no reason to trust it. A zone in its address, as in
        `fe80::1%eth0`, does not count.
        """
        if self.everyone:
            return True
        if client is None or client[1] is None:
            return self.unix and server is not None and server[1] is None
        address = read_ip(client[0].partition("%")[0])
        return address is not None and self.trusts_address(address)

    def trusts_address(self, address: IPAddress) -> bool:
        """Whether the peer at `address`, which is not an IPv4-mapped one, is trusted."""
        return self.everyone or any(address in network for network in self.networks)


def _network(member: str) -> IPNetwork:
    if "%" in member:
        raise ValueError(f"{member!r} has a zone: leave it out, it would not be looked at")
    try:
        network = ip_network(member)
    except ValueError:
        raise ValueError(_complaint(member)) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        prefix = network.prefixlen - _MAPPED.prefixlen
        return IPv4Network((network.network_address.packed[-4:], prefix))
    return network


def _complaint(member: str) -> str:
    try:
        network = ip_network(member, strict=False)
    except ValueError:
        return (
            f"{member!r} is not an IP address, nor a network such as 10.0.0.0/8, "
            "nor `unix:` for unix sockets, nor `*` for everyone"
        )
    return f"{member!r} has an address within its network: write {network}, or leave out the prefix"
