"""Who is trusted, and what is said of a list that cannot be read."""

import pickle
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from tests.cases import for_each
from tremolo_core.addresses import Address
from tremolo_core.trusted_proxies import IPNetwork, TrustedProxies

TCP = ("192.0.2.9", 80)
UNIX = ("/run/tremolo.sock", None)


def of(*networks: IPNetwork, unix: bool = False, everyone: bool = False) -> TrustedProxies:
    return TrustedProxies(networks=networks, unix=unix, everyone=everyone)


@for_each(
    ("text", "proxies"),
    [
        ("", of()),
        (" ,, ", of()),
        ("*", of(everyone=True)),
        ("unix:", of(unix=True)),
        ("127.0.0.1", of(IPv4Network("127.0.0.1/32"))),
        ("::1", of(IPv6Network("::1/128"))),
        ("10.0.0.0/8", of(IPv4Network("10.0.0.0/8"))),
        ("10.0.0.0/255.0.0.0", of(IPv4Network("10.0.0.0/8"))),
        ("0.0.0.0/0,::/0", of(IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))),
        ("fd00::/8", of(IPv6Network("fd00::/8"))),
        ("::ffff:10.0.0.1", of(IPv4Network("10.0.0.1/32"))),
        ("::ffff:10.0.0.0/104", of(IPv4Network("10.0.0.0/8"))),
        ("::ffff:0:0/96", of(IPv4Network("0.0.0.0/0"))),
        ("::fffe:0:0/95", of(IPv6Network("::fffe:0:0/95"))),
        (
            "unix:, 10.0.0.0/8 ,\t::1,*,",
            of(IPv4Network("10.0.0.0/8"), IPv6Network("::1/128"), unix=True, everyone=True),
        ),
    ],
)
def test_a_list(text: str, proxies: TrustedProxies) -> None:
    assert TrustedProxies.parse(text) == proxies


@for_each(
    "member",
    [
        *("localhost", "nginx", "**", "10.0.0.*", "Unix:", "unix", "unix:/run/x.sock", "none"),
        *("256.0.0.1", "10.0.0", "010.0.0.1", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10/8"),
        *("[::1]", "127.0.0.1:80", "10.0.0.0/8/8", "10.0.0.1 10.0.0.2", "/", "10.0.0.0/"),
    ],
)
def test_a_member_that_is_none(member: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address, nor a network") as caught:
        TrustedProxies.parse(f"127.0.0.1, {member}")
    assert str(caught.value).startswith(repr(member))
    assert "`unix:`" in str(caught.value)
    assert "`*`" in str(caught.value)


@pytest.mark.parametrize(
    ("member", "meant"),
    [("10.0.0.1/8", "10.0.0.0/8"), ("fd00::1/8", "fd00::/8"), ("10.0.0.1/31", "10.0.0.0/31")],
)
def test_a_network_with_an_address_in_it(member: str, meant: str) -> None:
    with pytest.raises(ValueError, match="address within its network") as caught:
        TrustedProxies.parse(member)
    assert str(caught.value).startswith(repr(member))
    assert f"write {meant}," in str(caught.value)


@pytest.mark.parametrize("member", ["fe80::1%eth0", "fe80::%eth0/64", "%"])
def test_a_zone_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match="has a zone"):
        TrustedProxies.parse(member)


def test_by_default_nobody_is_trusted() -> None:
    assert TrustedProxies() == TrustedProxies.parse("")
    for client in (None, TCP, UNIX, ("127.0.0.1", 1)):
        for server in (None, TCP, UNIX):
            assert not TrustedProxies().trusts(client, server)


def test_everyone_is_everyone() -> None:
    everyone = TrustedProxies.parse("*")
    for client in (None, TCP, UNIX, ("::1", 1), ("no address", 1)):
        for server in (None, TCP, UNIX):
            assert everyone.trusts(client, server)
    assert everyone.trusts_address(IPv4Address("192.0.2.1"))


@pytest.mark.parametrize("client", [None, UNIX, ("/run/client.sock", None)])
def test_a_peer_by_a_unix_socket(client: Address | None) -> None:
    assert TrustedProxies.parse("unix:").trusts(client, UNIX)
    assert not TrustedProxies.parse("0.0.0.0/0,::/0").trusts(client, UNIX)


@pytest.mark.parametrize("server", [None, TCP])
@pytest.mark.parametrize("client", [None, UNIX])
def test_a_peer_whose_address_is_not_known_did_not_come_by_a_unix_socket(
    client: Address | None, server: Address | None
) -> None:
    # A TCP socket that was reset cannot say any more who is at the other end.
    assert not TrustedProxies.parse("unix:").trusts(client, server)


def test_trust_in_unix_sockets_is_none_in_networks() -> None:
    assert not TrustedProxies.parse("unix:").trusts(("127.0.0.1", 1), TCP)
    assert not TrustedProxies.parse("unix:").trusts(("127.0.0.1", 1), UNIX)


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        *(("127.0.0.1", True), ("127.0.0.2", False), ("10.0.0.0", True), ("10.255.255.255", True)),
        *(("11.0.0.0", False), ("9.255.255.255", False), ("::1", True), ("::2", False)),
        *(("0:0:0:0:0:0:0:1", True), ("fd12::1", True), ("fc00::1", False)),
        *(("::ffff:10.1.2.3", True), ("::ffff:11.1.2.3", False), ("::10.1.2.3", False)),
        *(("fe80::1%eth0", True), ("fe80::1", True), ("fe80::2%eth0", False)),
        *(("", False), ("localhost", False), ("127.0.0.1 ", False)),
    ],
)
def test_a_peer_by_its_address(host: str, *, trusted: bool) -> None:
    proxies = TrustedProxies.parse("127.0.0.1, 10.0.0.0/8, ::1, fd00::/8, fe80::1")
    assert proxies.trusts((host, 50_000), TCP) is trusted


def test_an_address_by_itself() -> None:
    proxies = TrustedProxies.parse("10.0.0.0/8, fd00::/8")
    assert proxies.trusts_address(IPv4Address("10.9.9.9"))
    assert proxies.trusts_address(IPv6Address("fd00::9"))
    assert not proxies.trusts_address(IPv4Address("192.0.2.1"))
    assert not TrustedProxies.parse("unix:").trusts_address(IPv4Address("10.9.9.9"))


def test_it_is_a_value_that_goes_to_other_processes() -> None:
    proxies = TrustedProxies.parse("10.0.0.0/8, unix:")
    assert pickle.loads(pickle.dumps(proxies)) == proxies
    assert hash(proxies) == hash(TrustedProxies.parse("10.0.0.0/8,unix:"))


@pytest.mark.parametrize("text", ["", "*", "unix:", "10.0.0.0/8,fd00::/8", "192.0.2.1/32,unix:,*"])
def test_it_is_written_as_it_is_read(text: str) -> None:
    assert str(TrustedProxies.parse(text)) == text
