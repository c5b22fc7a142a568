"""The text of IP addresses, and IPv4 in IPv6's clothes."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from tests.cases import for_each
from tremolo_core.addresses import IPAddress, read_ip, unmapped


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", IPv4Address("192.0.2.1")),
        ("0.0.0.0", IPv4Address(0)),
        ("255.255.255.255", IPv4Address(2**32 - 1)),
        ("::", IPv6Address(0)),
        ("2001:DB8:0::1", IPv6Address("2001:db8::1")),
        ("::ffff:192.0.2.1", IPv4Address("192.0.2.1")),
        ("::FFFF:c000:201", IPv4Address("192.0.2.1")),
        ("64:ff9b::192.0.2.1", IPv6Address("64:ff9b::c000:201")),
        ("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", IPv6Address(2**128 - 1)),
    ],
)
def test_an_address(text: str, address: IPAddress) -> None:
    assert read_ip(text) == address


@for_each(
    "text",
    [
        *("", " ", "unknown", "localhost", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "-1.2.3.4"),
        *("01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4:80", "1.2.3.4/32", "0x7f.1"),
        *("[::1]", ":::", "::1::", "1:2:3:4:5:6:7", "::12345", "fe80::1%eth0", "fe80::1%"),
        *("::ffff:1.2.3.256", "\u0661.2.3.4", "::ffff:192.0.2.1%1", "1" * 99),
    ],
)
def test_no_address(text: str) -> None:
    assert read_ip(text) is None


def test_only_mapped_addresses_are_changed() -> None:
    assert unmapped(IPv6Address("::ffff:0.0.0.0")) == IPv4Address(0)
    for address in (IPv4Address(1), IPv6Address(1), IPv6Address("::fffe:1.2.3.4")):
        assert unmapped(address) is address
