"""PROXY headers of both versions, whole and in pieces, and what is none."""

import itertools
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import LocalProtocolError, ProtocolError, RemoteProtocolError
from tremolo_core.proxy_protocol import ProxyFamily, ProxyHeader, ProxyHeaderReader
from tremolo_core.proxy_tlvs import ProxyTLVs

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
BEHIND = b"PROXY GET / HTTP/1.1\r\n\r\n\x00"

V4 = IPv4Address("192.0.2.1").packed + IPv4Address("198.51.100.2").packed + b"\xc3\x50\x01\xbb"
V6 = IPv6Address("2001:db8::1").packed + IPv6Address("fd00::2").packed + b"\xff\xff\x00\x00"

Outcome: TypeAlias = tuple[ProxyHeader, bytes] | str | None
"""What is found, or why it is refused, or that more is needed."""


def version_2(block: bytes, *, command: int = 0x21, family: int = 0x11) -> bytes:
    return SIGNATURE + bytes((command, family)) + len(block).to_bytes(2, "big") + block


def unix(source: bytes, destination: bytes) -> bytes:
    return source.ljust(108, b"\x00") + destination.ljust(108, b"\x00")


def play(pieces: Iterable[bytes], *, limit: int = 4_096) -> Outcome:
    """What comes of the pieces of one connection; those behind the header are joined to it."""
    reader = ProxyHeaderReader(limit=limit)
    found = None
    for piece in pieces:
        if found is not None:
            found = (found[0], found[1] + piece)
            continue
        try:
            found = reader.receive_data(piece)
        except RemoteProtocolError as error:
            assert error.status is None
            assert error.close_code is None
            return error.reason
    return found


TEXT = {
    b"PROXY UNKNOWN\r\n": ProxyHeader(version=1),
    b"PROXY UNKNOWN \r\n": ProxyHeader(version=1),
    b"PROXY UNKNOWN what ever ~!\r\n": ProxyHeader(version=1),
    b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n": ProxyHeader(version=1),
    b"PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n": ProxyHeader(
        version=1,
        family=ProxyFamily.IPV4,
        source=("192.0.2.1", 50_000),
        destination=("198.51.100.2", 443),
    ),
    b"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n": ProxyHeader(
        version=1,
        family=ProxyFamily.IPV4,
        source=("255.255.255.255", 65_535),
        destination=("0.0.0.0", 0),
    ),
    b"PROXY TCP6 2001:DB8:0:0::1 :: 1 2\r\n": ProxyHeader(
        version=1,
        family=ProxyFamily.IPV6,
        source=("2001:db8::1", 1),
        destination=("::", 2),
    ),
    b"PROXY TCP6 ::ffff:192.0.2.1 ::FFFF:c633:6402 1 2\r\n": ProxyHeader(
        version=1,
        family=ProxyFamily.IPV6,
        source=("192.0.2.1", 1),
        destination=("198.51.100.2", 2),
    ),
    (b"PROXY TCP6" + b" ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" * 2 + b" 65535 65535\r\n"): (
        ProxyHeader(
            version=1,
            family=ProxyFamily.IPV6,
            source=("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65_535),
            destination=("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65_535),
        )
    ),
    b"PROXY UNKNOWN" + b" " * 92 + b"\r\n": ProxyHeader(version=1),
}

IPV4 = ProxyHeader(
    version=2,
    family=ProxyFamily.IPV4,
    source=("192.0.2.1", 50_000),
    destination=("198.51.100.2", 443),
)
IPV6 = ProxyHeader(
    version=2,
    family=ProxyFamily.IPV6,
    source=("2001:db8::1", 65_535),
    destination=("fd00::2", 0),
)
UNKNOWN = ProxyHeader(version=2)
LOCAL = ProxyHeader(version=2, local=True)

BINARY = {
    version_2(V4): IPV4,
    version_2(V4, family=0x12): IPV4,
    version_2(V6, family=0x21): IPV6,
    version_2(V6, family=0x22): IPV6,
    version_2(V4 + b"\x02\x00\x01a\x04\x00\x00"): ProxyHeader(
        version=2,
        family=ProxyFamily.IPV4,
        source=IPV4.source,
        destination=IPV4.destination,
        tlvs=ProxyTLVs(authority="a"),
    ),
    version_2(V6 + b"\x01\x00\x02h2", family=0x21): ProxyHeader(
        version=2,
        family=ProxyFamily.IPV6,
        source=IPV6.source,
        destination=IPV6.destination,
        tlvs=ProxyTLVs(alpn=b"h2"),
    ),
    version_2(IPv6Address("::ffff:192.0.2.1").packed + V6[16:], family=0x21): ProxyHeader(
        version=2,
        family=ProxyFamily.IPV6,
        source=("192.0.2.1", 65_535),
        destination=("fd00::2", 0),
    ),
    version_2(unix(b"/run/a", b"/run/b"), family=0x31): ProxyHeader(
        version=2,
        family=ProxyFamily.UNIX,
        source=("/run/a", None),
        destination=("/run/b", None),
    ),
    version_2(unix(b"", b"/run/\xff") + b"\x05\x00\x01x", family=0x32): ProxyHeader(
        version=2,
        family=ProxyFamily.UNIX,
        source=None,
        destination=("/run/\udcff", None),
        tlvs=ProxyTLVs(unique_id=b"x"),
    ),
    version_2(unix(b"\x00abstract", b"/" * 108), family=0x31): ProxyHeader(
        version=2,
        family=ProxyFamily.UNIX,
        source=None,
        destination=("/" * 108, None),
    ),
    version_2(b"", family=0x00): UNKNOWN,
    version_2(b"any addresses, of any length", family=0x00): UNKNOWN,
    version_2(b"", command=0x20, family=0x00): LOCAL,
    version_2(V4 + b"\x02", command=0x20): LOCAL,
    version_2(b"anything", command=0x20, family=0xFF): LOCAL,
}

HEADERS = TEXT | BINARY

NO_HEADER = "no PROXY header, where one is expected"
NO_LINE = "a malformed PROXY line"
LONG_LINE = "a PROXY line of more than 107 bytes"
NO_COMMAND = "an unknown version or command of PROXY"
NO_FAMILY = "an unknown family of addresses for PROXY"
SHORT = "a PROXY header too short for its addresses"
LONG = "a PROXY header of more than 4096 bytes"
NO_TLV = "a malformed PROXY header"

REFUSED = {
    b"GET / HTTP/1.1\r\n\r\n": NO_HEADER,
    b"\x16\x03\x01": NO_HEADER,
    b"\x00": NO_HEADER,
    b" PROXY UNKNOWN\r\n": NO_HEADER,
    b"\r\nPROXY UNKNOWN\r\n": NO_HEADER,
    b"proxy UNKNOWN\r\n": NO_HEADER,
    b"PROXY\tUNKNOWN\r\n": NO_HEADER,
    b"PROXY\r\n": NO_HEADER,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": NO_HEADER,
    b"PUT / HTTP/1.1\r\n": NO_HEADER,
    SIGNATURE[:11] + b"\r": NO_HEADER,
    b"PROXY \r\n": NO_LINE,
    b"PROXY \n": NO_LINE,
    b"PROXY UNKNOWN\n": NO_LINE,
    b"PROXY UNKNOWN a\nb\r\n": NO_LINE,
    b"PROXY UNKNOWN a\rb\r\n": NO_LINE,
    b"PROXY UNKNOWN a\x00b\r\n": NO_LINE,
    b"PROXY UNKNOWN \xff\r\n": NO_LINE,
    b"PROXY UNKNOWN\r\r\n": NO_LINE,
    b"PROXY UNKNOWNS\r\n": NO_LINE,
    b"PROXY unknown\r\n": NO_LINE,
    b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP 192.0.2.1 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2": None,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n": NO_LINE,
    b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 02\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 100000 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 example 1 2\r\n": NO_LINE,
    b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n": NO_LINE,
    b"PROXY TCP4 192.0.2.1 2001:db8::2 1 2\r\n": NO_LINE,
    b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP6 2001:db8::1 192.0.2.2 1 2\r\n": NO_LINE,
    b"PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n": NO_LINE,
    b"PROXY TCP6 fe80::1%1 2001:db8::2 1 2\r\n": NO_LINE,
    b"PROXY TCP6 2001:db8:::1 2001:db8::2 1 2\r\n": NO_LINE,
    b"PROXY UNKNOWN" + b" " * 93 + b"\r\n": LONG_LINE,
    b"PROXY " + b"A" * 101: LONG_LINE,
    SIGNATURE + b"\x10": NO_COMMAND,
    SIGNATURE + b"\x11": NO_COMMAND,
    SIGNATURE + b"\x22": NO_COMMAND,
    SIGNATURE + b"\x2f": NO_COMMAND,
    SIGNATURE + b"\x31": NO_COMMAND,
    SIGNATURE + b"\x21\x01": NO_FAMILY,
    SIGNATURE + b"\x21\x10": NO_FAMILY,
    SIGNATURE + b"\x21\x13": NO_FAMILY,
    SIGNATURE + b"\x21\x20": NO_FAMILY,
    SIGNATURE + b"\x21\x41": NO_FAMILY,
    SIGNATURE + b"\x21\xff": NO_FAMILY,
    SIGNATURE + b"\x21\x11\x0f\xf1": LONG,
    SIGNATURE + b"\x21\x11\xff\xff": LONG,
    SIGNATURE + b"\x20\x00\xff\xff": LONG,
    version_2(b""): SHORT,
    version_2(V4[:-1]): SHORT,
    version_2(V6[:-1], family=0x21): SHORT,
    version_2(V4, family=0x21): SHORT,
    version_2(unix(b"/a", b"/b")[:-1], family=0x31): SHORT,
    version_2(V4 + b"\x04"): NO_TLV,
    version_2(V4 + b"\x04\x00\x01"): NO_TLV,
    version_2(V6 + b"\x02\x00\x01\xff", family=0x21): NO_TLV,
    version_2(unix(b"/a", b"/b") + b"\x04\x00", family=0x31): NO_TLV,
    version_2(V4 + b"\x03\x00\x04\x00\x00\x00\x00"): (
        "a PROXY header that its checksum does not fit"
    ),
    version_2(V4 + b"\x01\x00\x01a\x01\x00\x01a"): "a PROXY header that says one thing twice",
}
"""What is refused, and why. None where only a byte more would tell."""


@for_each(("data", "header"), HEADERS.items())
def test_a_header_and_what_stands_behind_it(data: bytes, header: ProxyHeader) -> None:
    assert play([data]) == (header, b"")
    assert play([data + BEHIND]) == (header, BEHIND)
    assert play([data, BEHIND]) == (header, BEHIND)
    assert play([data + data]) == (header, data)


@for_each("data", HEADERS)
def test_however_a_header_is_cut_it_is_the_same(data: bytes) -> None:
    whole = data + BEHIND
    expected = play([whole])
    assert play([whole[i : i + 1] for i in range(len(whole))]) == expected
    for cut in range(len(whole) + 1):
        assert play([whole[:cut], b"", whole[cut:]]) == expected


@for_each("data", HEADERS)
def test_a_header_is_complete_with_its_last_byte(data: bytes) -> None:
    for size in range(len(data)):
        assert play([data[:size]]) is None


@for_each(("data", "reason"), REFUSED.items())
def test_what_is_refused(data: bytes, reason: str | None) -> None:
    assert play([data]) == reason
    if reason is not None:
        assert play([data + BEHIND]) == reason


@for_each(("data", "reason"), REFUSED.items())
def test_however_it_is_cut_the_reason_is_the_same(data: bytes, reason: str | None) -> None:
    assert play([data[i : i + 1] for i in range(len(data))]) == reason
    for cut in range(len(data) + 1):
        assert play([data[:cut], data[cut:]]) == reason


@for_each("byte", sorted(set(range(256)) - set(b"P\r")))
def test_another_protocol_is_refused_at_its_first_byte(byte: int) -> None:
    assert play([bytes((byte,))]) == NO_HEADER


@pytest.mark.parametrize("start", [b"PROXY ", SIGNATURE])
def test_every_byte_of_the_start_counts(start: bytes) -> None:
    for position in range(len(start)):
        for byte in set(range(256)) - set(start[position : position + 1]):
            if position == 0 and byte in b"P\r":
                continue
            assert play([start[:position] + bytes((byte,))]) == NO_HEADER


def test_every_command_and_family_that_is_not_expected_is_refused() -> None:
    for command in range(256):
        expected = None if command in (0x20, 0x21) else NO_COMMAND
        assert play([SIGNATURE + bytes((command,))]) == expected
    for family in range(256):
        known = family in (0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32)
        assert play([SIGNATURE + bytes((0x21, family))]) == (None if known else NO_FAMILY)
        assert play([SIGNATURE + bytes((0x20, family))]) is None


def test_the_limit_is_exact_and_counts_all_of_a_header() -> None:
    padding = b"\x04" + (4_096 - 16 - 12 - 3).to_bytes(2, "big") + bytes(4_096 - 16 - 12 - 3)
    assert play([version_2(V4 + padding)]) == (IPV4, b"")
    assert play([version_2(V4)], limit=28) == (IPV4, b"")
    assert play([version_2(V4)[:16]], limit=27) == "a PROXY header of more than 27 bytes"
    most = b"\x04" + (0xFFFF - 15).to_bytes(2, "big") + bytes(0xFFFF - 15)
    assert play([version_2(V4 + most) + BEHIND], limit=16 + 0xFFFF) == (IPV4, BEHIND)


def test_the_limit_is_not_for_lines() -> None:
    line = b"PROXY TCP4 192.0.2.1 198.51.100.2 50000 443\r\n"
    assert play([line], limit=16) == (TEXT[line], b"")


@pytest.mark.parametrize("data", [b"", b"P", b"PROXY UNKNOWN\r", SIGNATURE, version_2(V4)[:-1]])
def test_an_end_before_the_header_is_complete(data: bytes) -> None:
    reader = ProxyHeaderReader()
    assert reader.receive_data(data) is None
    with pytest.raises(RemoteProtocolError, match="an end within") as caught:
        reader.receive_eof()
    assert caught.value.status is None
    for _ in range(2):
        with pytest.raises(RemoteProtocolError) as again:
            reader.receive_data(b"PROXY UNKNOWN\r\n")
        assert again.value is caught.value


def test_a_failure_is_told_again_each_time() -> None:
    reader = ProxyHeaderReader()
    with pytest.raises(RemoteProtocolError) as caught:
        reader.receive_data(b"GET")
    for _ in range(2):
        with pytest.raises(RemoteProtocolError) as again:
            reader.receive_data(b"PROXY UNKNOWN\r\n")
        assert again.value is caught.value
        with pytest.raises(RemoteProtocolError) as again:
            reader.receive_eof()
        assert again.value is caught.value


def test_what_follows_a_header_is_for_somebody_else() -> None:
    reader = ProxyHeaderReader()
    assert reader.receive_data(b"PROXY UNKNOWN\r\nGET") == (ProxyHeader(version=1), b"GET")
    for data in (b"x", b""):
        with pytest.raises(LocalProtocolError, match="complete"):
            reader.receive_data(data)
    with pytest.raises(LocalProtocolError, match="complete"):
        reader.receive_eof()


def test_what_is_handed_out_is_ours_to_keep() -> None:
    data = bytearray(b"PROXY UNKNOWN\r\nGET")
    found = ProxyHeaderReader().receive_data(bytes(data))
    data.clear()
    assert found is not None
    assert type(found[1]) is bytes
    assert hash(found) == hash((ProxyHeader(version=1), b"GET"))


def test_a_header_says_by_default_that_nothing_is_known() -> None:
    header = ProxyHeader(version=1)
    assert not header.local
    assert header.family is ProxyFamily.UNKNOWN
    assert header.source is None
    assert header.destination is None
    assert header.tlvs == ProxyTLVs()


CUTS = st.lists(st.integers(0, 300), max_size=8)


@given(
    start=st.sampled_from([b"", b"PROXY ", b"PROXY TCP4 ", SIGNATURE, SIGNATURE + b"\x21\x11\x00"]),
    garbage=st.binary(max_size=120),
    cuts=CUTS,
)
def test_garbage_gets_the_documented_error_only(
    start: bytes, garbage: bytes, cuts: list[int]
) -> None:
    data = start + garbage
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[begin:end] for begin, end in itertools.pairwise(edges)]
    # `play` lets through no error but the one.
    assert play([data]) == play(pieces)


@given(
    source=st.ip_addresses(v=4),
    destination=st.ip_addresses(v=4),
    ports=st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)),
)
def test_any_ipv4_addresses(
    source: IPv4Address, destination: IPv4Address, ports: tuple[int, int]
) -> None:
    line = f"PROXY TCP4 {source} {destination} {ports[0]} {ports[1]}\r\n".encode()
    block = b"".join(
        (source.packed, destination.packed, *(port.to_bytes(2, "big") for port in ports))
    )
    ends = [(str(source), ports[0]), (str(destination), ports[1])]
    for data in (line, version_2(block)):
        found = play([data])
        assert isinstance(found, tuple)
        assert [found[0].source, found[0].destination] == ends


def test_the_error_is_one_of_the_protocol() -> None:
    with pytest.raises(ProtocolError):
        ProxyHeaderReader().receive_data(b"x")
