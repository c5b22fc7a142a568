"""Who a request is from, by the word of proxies, and the ways to lie about it."""

import pickle
from collections.abc import Iterable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import Headers
from tremolo_core.addresses import Address
from tremolo_core.forwarded import FORWARDED_FIELDS, Ends, Forwarding
from tremolo_core.trusted_proxies import TrustedProxies

SERVER = ("192.0.2.80", 8000)
SOCKET = ("/run/tremolo.sock", None)

PROXY = Ends(client=("10.0.0.1", 40_000), server=SERVER)
"""Who is trusted by `OURS`."""
STRANGER = Ends(client=("203.0.113.9", 40_000), server=SERVER)
BY_SOCKET = Ends(server=SOCKET)

OURS = "10.0.0.0/8, fd00::/8"

HOST = (b"host", b"tremolo.example")
CLIENT = ("198.51.100.7", None)


def forwarding(trusted: str = OURS, *, fields: Iterable[bytes] = FORWARDED_FIELDS) -> Forwarding:
    return Forwarding(trusted=TrustedProxies.parse(trusted), fields=frozenset(fields))


def headers(name: bytes, *lines: bytes) -> Headers:
    return Headers((HOST, *((name, line) for line in lines), (b"accept", b"*/*")))


def x_for(*lines: bytes, direct: Ends = PROXY, trusted: str = OURS) -> Address | None:
    """The client, by X-Forwarded-For."""
    return forwarding(trusted).ends(headers(b"x-forwarded-for", *lines), direct).client


def rfc(*lines: bytes, direct: Ends = PROXY, trusted: str = OURS) -> Ends:
    """The ends, by Forwarded."""
    return forwarding(trusted).ends(headers(b"forwarded", *lines), direct)


Said: TypeAlias = tuple[tuple[bytes, bytes], ...]


def seen(*said: tuple[bytes, bytes], direct: Ends = PROXY) -> Ends:
    return forwarding().ends(Headers((HOST, *said)), direct)


# Who is believed at all.

EVERYTHING: Said = (
    (b"x-forwarded-for", b"198.51.100.7"),
    (b"x-forwarded-proto", b"https"),
    (b"x-forwarded-host", b"example.com"),
    (b"x-forwarded-port", b"443"),
)

EVERYTHING_BY_RFC: Said = (
    (b"forwarded", b"for=198.51.100.7;proto=https;host=example.com;by=10.0.0.1"),
)


@for_each(
    "direct",
    [
        STRANGER,
        Ends(),
        Ends(server=SERVER),
        BY_SOCKET,
        Ends(client=("11.0.0.1", 1), server=SERVER),
        Ends(client=("::ffff:11.0.0.1", 1), server=SERVER),
        Ends(client=("fc00::1", 1), server=SERVER),
        Ends(client=("/run/client.sock", None), server=SOCKET),
    ],
)
@for_each("said", [EVERYTHING, EVERYTHING_BY_RFC])
def test_a_peer_that_is_not_trusted_says_nothing(said: Said, direct: Ends) -> None:
    assert seen(*said, direct=direct) is direct


@pytest.mark.parametrize("direct", [PROXY, STRANGER, BY_SOCKET, Ends()])
def test_where_nothing_is_said_nothing_changes(direct: Ends) -> None:
    assert forwarding("*").ends(Headers(), direct) is direct
    assert forwarding("*").ends(Headers((HOST, (b"x-real-ip", b"192.0.2.7"))), direct) is direct


@pytest.mark.parametrize(
    ("trusted", "direct"),
    [
        (OURS, PROXY),
        (OURS, Ends(client=("fd00::1", 1), server=SERVER)),
        (OURS, Ends(client=("::ffff:10.0.0.1", 1), server=("::", 80))),
        ("unix:", BY_SOCKET),
        ("unix:", Ends(client=("/run/client.sock", None), server=SOCKET)),
        ("fe80::1", Ends(client=("fe80::1%eth0", 1), server=SERVER)),
        ("*", PROXY),
        ("*", STRANGER),
        ("*", BY_SOCKET),
        ("*", Ends()),
    ],
)
def test_a_peer_that_is_trusted_is_believed(trusted: str, direct: Ends) -> None:
    by_rfc = Ends(client=CLIENT, server=direct.server, scheme="https", host=b"example.com")
    by_x = Ends(client=CLIENT, server=direct.server, scheme="https", host=b"example.com", port=443)
    assert forwarding(trusted).ends(Headers(EVERYTHING_BY_RFC), direct) == by_rfc
    assert forwarding(trusted).ends(Headers(EVERYTHING), direct) == by_x


# Which fields are believed.


@pytest.mark.parametrize("field", sorted(FORWARDED_FIELDS))
def test_a_field_that_is_not_believed_is_as_if_it_was_not_there(field: bytes) -> None:
    others = [name for name in sorted(FORWARDED_FIELDS) if name != field]
    for said in (EVERYTHING, EVERYTHING_BY_RFC):
        left = [line for line in said if line[0] != field]
        assert forwarding(fields=others).ends(Headers(said), PROXY) == seen(*left)


def test_a_field_that_is_believed_does_not_need_the_others() -> None:
    only = {name: forwarding(fields=[name]) for name in FORWARDED_FIELDS}
    said = Headers(EVERYTHING)
    client, server = PROXY.client, SERVER
    assert only[b"forwarded"].ends(said, PROXY) is PROXY
    assert only[b"x-forwarded-for"].ends(said, PROXY) == Ends(client=CLIENT, server=server)
    assert only[b"x-forwarded-proto"].ends(said, PROXY) == Ends(
        client=client, server=server, scheme="https"
    )
    assert only[b"x-forwarded-host"].ends(said, PROXY) == Ends(
        client=client, server=server, host=b"example.com"
    )
    assert only[b"x-forwarded-port"].ends(said, PROXY) == Ends(
        client=client, server=server, port=443
    )


def test_no_field_at_all() -> None:
    assert forwarding("*", fields=()).ends(Headers(EVERYTHING + EVERYTHING_BY_RFC), PROXY) is PROXY


@pytest.mark.parametrize("name", [b"x-real-ip", b"X-Forwarded-For", b"", b"x-forwarded-\xff"])
def test_a_field_that_is_not_known(name: bytes) -> None:
    with pytest.raises(ValueError, match="nothing is known of") as caught:
        forwarding(fields=[b"x-forwarded-for", name])
    assert name.decode("ascii", "backslashreplace") in str(caught.value)
    assert "fields can be forwarded, x-forwarded-for, x-forwarded-host, " in str(caught.value)


# X-Forwarded-For.


@for_each(
    ("node", "client"),
    [
        (b"198.51.100.7", ("198.51.100.7", None)),
        (b"198.51.100.7:50000", ("198.51.100.7", 50_000)),
        (b"198.51.100.7:0", ("198.51.100.7", 0)),
        (b"198.51.100.7:65535", ("198.51.100.7", 65_535)),
        (b"198.51.100.7:00080", ("198.51.100.7", 80)),
        (b"198.51.100.7:_port", ("198.51.100.7", None)),
        (b"2001:db8::7", ("2001:db8::7", None)),
        (b"2001:DB8:0::7", ("2001:db8::7", None)),
        (b"[2001:db8::7]", ("2001:db8::7", None)),
        (b"[2001:db8::7]:50000", ("2001:db8::7", 50_000)),
        (b"[2001:db8::7]:_p.o-r_t9", ("2001:db8::7", None)),
        (b"::1", ("::1", None)),
        (b"::", ("::", None)),
        (b"::ffff:198.51.100.7", ("198.51.100.7", None)),
        (b"[::ffff:198.51.100.7]:1", ("198.51.100.7", 1)),
        # Without brackets the last number is part of the address.
        (b"2001:db8::7:80", ("2001:db8::7:80", None)),
    ],
)
def test_an_address_in_either_field(node: bytes, client: Address) -> None:
    assert x_for(node) == client
    assert x_for(b" \t" + node + b"\t ") == client
    assert rfc(b'for="%b"' % node).client == client


def test_an_address_is_no_longer_than_any_needs_to_be() -> None:
    node = b"198.51.100.7:_".ljust(128, b"x")
    assert x_for(node) == CLIENT
    assert x_for(node + b"x") is None


HIDDEN = [
    *(b"unknown", b"UNKNOWN", b"_hidden", b"_SEVKISEK", b"_", b"unknown:80", b"_hidden:80"),
    *(b"unknown:_port", b"localhost", b"example.com", b"null", b"-", b"(none)"),
    *(b"198.51.100", b"198.51.100.7.1", b"198.51.100.256", b"198.51.100.07", b"3325256711"),
    *(b"0xc6.0x33.0x64.0x07", b"198.51.100.7/32", b"198.51.100.7 198.51.100.8", b"."),
    *(b"198.51.100.7:", b"198.51.100.7:65536", b"198.51.100.7:100000", b"198.51.100.7:x"),
    *(b"198.51.100.7:_", b"198.51.100.7:-1", b"198.51.100.7:+1", b"198.51.100.7:80:80"),
    *(b"[198.51.100.7]", b"[2001:db8::7", b"2001:db8::7]", b"[]", b"[]:80", b"[:]", b":"),
    *(b"[2001:db8::7]80", b"[2001:db8::7]:", b"[2001:db8::7]:65536", b"[[2001:db8::7]]"),
    *(b"2001:db8:::7", b"fe80::1%eth0", b"[fe80::1%25eth0]", b"1:2:3:4:5:6:7:8:9", b"::12345"),
    *(b"::ffff:198.51.100.256", b"\xd9\xa1.2.3.4", b"\xff", b"unix", b"UNIX:", b"unix:/run/x"),
]


@for_each("node", HIDDEN)
def test_who_is_hidden_or_cannot_be_read_is_nobody(node: bytes) -> None:
    assert x_for(node) is None
    assert x_for(b"198.51.100.7, " + node) is None, "what stands left of it counts for nothing"
    assert x_for(node + b", 198.51.100.7") == CLIENT, "what stands left of the client neither"
    assert rfc(b'for="%b"' % node).client is None
    assert rfc(b'for=198.51.100.7, for="%b"' % node).client is None
    assert rfc(b'for="%b", for=198.51.100.7' % node).client == CLIENT


@for_each("node", HIDDEN)
def test_nor_can_it_be_trusted_by_who_trusts_everyone(node: bytes) -> None:
    assert x_for(b"198.51.100.7, " + node, trusted="*") is None


@pytest.mark.parametrize("node", [b'"198.51.100.7"', b"for=198.51.100.7", b"'198.51.100.7'"])
def test_nothing_is_quoted_in_the_older_field(node: bytes) -> None:
    assert x_for(node) is None


@for_each(
    ("lines", "client"),
    [
        # Each proxy adds who came to it.
        ([b"198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ([b"198.51.100.7,10.0.0.3,10.0.0.2"], "198.51.100.7"),
        ([b"198.51.100.7, fd00::2, ::ffff:10.0.0.2"], "198.51.100.7"),
        ([b"198.51.100.7, [fd00::2]:80, 10.0.0.2:1234"], "198.51.100.7"),
        # Whoever is not one of ours is the client, whatever it says.
        ([b"10.0.0.9, 198.51.100.7"], "198.51.100.7"),
        ([b"127.0.0.1, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ([b"10.0.0.9, 192.0.2.66, 198.51.100.7"], "198.51.100.7"),
        ([b"192.0.2.66, 10.0.0.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        # One of ours can be a client too.
        ([b"10.0.0.9"], "10.0.0.9"),
        ([b"10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        # Several lines are one list.
        ([b"198.51.100.7", b"10.0.0.2"], "198.51.100.7"),
        ([b"192.0.2.66, 198.51.100.7", b"10.0.0.3, 10.0.0.2"], "198.51.100.7"),
        ([b"192.0.2.66", b"198.51.100.7"], "198.51.100.7"),
        ([b"", b"198.51.100.7"], "198.51.100.7"),
        ([b",, ,198.51.100.7"], "198.51.100.7"),
        # What is blank says nothing.
        ([b""], "10.0.0.1"),
        ([b" \t"], "10.0.0.1"),
        ([b"", b" , "], "10.0.0.1"),
    ],
)
def test_the_list_is_read_from_the_right(lines: list[bytes], client: str) -> None:
    found = x_for(*lines)
    assert found is not None
    assert found[0] == client


@pytest.mark.parametrize(
    "lines", [[b"198.51.100.7,"], [b"198.51.100.7, ,10.0.0.2"], [b"198.51.100.7", b""]]
)
def test_one_of_ours_that_adds_nobody_hides_its_client(lines: list[bytes]) -> None:
    assert x_for(*lines) is None


def test_a_client_whose_field_says_nothing_keeps_its_port() -> None:
    assert x_for(b"") == PROXY.client


@pytest.mark.parametrize(
    ("line", "trusted", "client"),
    [
        (b"198.51.100.7, unix:", "10.0.0.0/8, unix:", CLIENT),
        (b"198.51.100.7, 10.0.0.2, unix:", "10.0.0.0/8, unix:", CLIENT),
        (b"198.51.100.7, unix:", "*", CLIENT),
        (b"unix:", "10.0.0.0/8, unix:", None),
        # It was a unix socket, and those are not trusted.
        (b"198.51.100.7, unix:", "10.0.0.0/8", None),
        (b"unix:, 198.51.100.7", "10.0.0.0/8, unix:", CLIENT),
    ],
)
def test_a_unix_socket_between_two_proxies(
    line: bytes, trusted: str, client: Address | None
) -> None:
    assert x_for(line, trusted=trusted) == client


def test_who_trusts_everyone_believes_the_leftmost() -> None:
    line = b"192.0.2.66, 198.51.100.7, 10.0.0.2"
    assert x_for(line, trusted="*") == ("192.0.2.66", None)
    assert rfc(b"for=192.0.2.66, for=198.51.100.7", trusted="*").client == ("192.0.2.66", None)


@pytest.mark.parametrize(("more", "last"), [(0, 32), (1, 32), (60, 32)])
def test_no_more_than_32_hops_are_believed(more: int, last: int) -> None:
    nodes = [f"10.1.0.{number}".encode() for number in range(32 + more, 0, -1)]
    client = (f"10.1.0.{last}", None)
    assert x_for(b"198.51.100.7", *nodes) == client
    assert rfc(b"for=198.51.100.7", *(b"for=" + node for node in nodes)).client == client
    assert x_for(b"198.51.100.7", *nodes[-31:]) == CLIENT
    assert rfc(b"for=198.51.100.7", *(b"for=" + node for node in nodes[-31:])).client == CLIENT


# X-Forwarded-Proto, -Host and -Port.


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [
        ([b"https"], "https"),
        ([b"HTTPS"], "https"),
        ([b" https\t"], "https"),
        ([b"wss"], "https"),
        ([b"http"], "http"),
        ([b"Ws"], "http"),
        # The last one to write was nearest to us.
        ([b"http, https"], "https"),
        ([b"https,http"], "http"),
        ([b"https", b"http"], "http"),
        ([b"https, http", b"http, https"], "https"),
    ],
)
def test_the_scheme(lines: list[bytes], scheme: str) -> None:
    for before in ("http", "https"):
        direct = Ends(client=PROXY.client, server=SERVER, scheme=before)
        found = seen(*((b"x-forwarded-proto", line) for line in lines), direct=direct)
        assert found == Ends(client=PROXY.client, server=SERVER, scheme=scheme)


@pytest.mark.parametrize(
    "line", [b"", b" ", b",", b"https,", b"on", b"1", b"ftp", b"https:", b'"https"', b"https http"]
)
def test_a_scheme_that_is_none(line: bytes) -> None:
    for before in ("http", "https"):
        direct = Ends(client=PROXY.client, server=SERVER, scheme=before)
        assert seen((b"x-forwarded-proto", line), direct=direct) == direct


@for_each(
    ("lines", "host"),
    [
        ([b"example.com"], b"example.com"),
        ([b"example.com:8443"], b"example.com:8443"),
        ([b" Example.COM\t"], b"Example.COM"),
        ([b"[2001:db8::1]:80"], b"[2001:db8::1]:80"),
        ([b"evil.example, example.com"], b"example.com"),
        ([b"evil.example", b"example.com"], b"example.com"),
        ([b""], None),
        ([b"example.com,"], None),
        ([b"example.com", b""], None),
        ([b"example.com/path"], None),
        ([b"user@example.com"], None),
        ([b"exa mple.com"], None),
        ([b"example.com:port"], None),
        ([b'"example.com"'], None),
        ([b"ex\xe4mple.com"], None),
        ([b"https://example.com"], None),
    ],
)
def test_the_host(lines: list[bytes], host: bytes | None) -> None:
    found = seen(*((b"x-forwarded-host", line) for line in lines))
    assert found == Ends(client=PROXY.client, server=SERVER, host=host)


@for_each(
    ("lines", "port"),
    [
        ([b"443"], 443),
        ([b" 443 "], 443),
        ([b"1"], 1),
        ([b"65535"], 65_535),
        ([b"1, 443"], 443),
        ([b"1", b"443"], 443),
        ([b""], None),
        ([b"443,"], None),
        ([b"0"], None),
        ([b"65536"], None),
        ([b"100000"], None),
        ([b"-1"], None),
        ([b"+1"], None),
        ([b"4_4"], None),
        ([b"4.0"], None),
        ([b"https"], None),
        ([b"\xd9\xa1"], None),
    ],
)
def test_the_port(lines: list[bytes], port: int | None) -> None:
    found = seen(*((b"x-forwarded-port", line) for line in lines))
    assert found == Ends(client=PROXY.client, server=SERVER, port=port)


def test_what_was_known_before_stays() -> None:
    # As after a PROXY header, or another reader of such fields.
    direct = Ends(client=PROXY.client, server=SERVER, scheme="https", host=b"a", port=1)
    assert seen((b"x-forwarded-for", b""), direct=direct) == direct
    assert seen((b"forwarded", b"by=10.0.0.1"), direct=direct) == direct


# Forwarded.


@for_each(
    ("line", "expected"),
    [
        # RFC 7239 4 and 6.
        (b'For="[2001:db8:cafe::17]:4711"', Ends(client=("2001:db8:cafe::17", 4_711))),
        (
            b"for=192.0.2.60;proto=http;by=203.0.113.43",
            Ends(client=("192.0.2.60", None), scheme="http"),
        ),
        (b'for=192.0.2.43, for="[2001:db8:cafe::17]"', Ends(client=("2001:db8:cafe::17", None))),
        (b'for="_gazonk"', Ends()),
        (b"for=_hidden, for=_SEVKISEK", Ends()),
        (b'for="192.0.2.43:47011"', Ends(client=("192.0.2.43", 47_011))),
        (b"for=unknown", Ends()),
        # Names and schemes in any case, parameters in any order.
        (
            b"HOST=Example.com;PROTO=HTTPS;fOr=198.51.100.7",
            Ends(client=CLIENT, scheme="https", host=b"Example.com"),
        ),
        (
            b'proto="https";host="example.com:8443";for="198.51.100.7"',
            Ends(client=CLIENT, scheme="https", host=b"example.com:8443"),
        ),
        # White space and nothing at all, where it may be and where it is found.
        (b" for=198.51.100.7 ; proto=https\t", Ends(client=CLIENT, scheme="https")),
        (b"for=198.51.100.7;", Ends(client=CLIENT)),
        (b";;for=198.51.100.7; ;proto=https", Ends(client=CLIENT, scheme="https")),
        (b",, for=198.51.100.7 , ,", Ends(client=CLIENT)),
        # Parameters that others have thought of, with what may stand between quotes.
        (b'secret="a;b, for=1.1.1.1";for=198.51.100.7', Ends(client=CLIENT)),
        (b'for=198.51.100.7;secret="\\", for=1.1.1.1"', Ends(client=CLIENT)),
        (b'for=198.51.100.7;secret="a\\\\"', Ends(client=CLIENT)),
        (b'for=198.51.100.7;secret=",,,\xff"', Ends(client=CLIENT)),
        (b'for=198.51.100.7;secret=""', Ends(client=CLIENT)),
        # A quoted pair stands for its second byte (RFC 9110 5.6.4).
        (b'for="\\1\\98.51.100.7";host="example\\.com"', Ends(client=CLIENT, host=b"example.com")),
    ],
)
def test_an_element(line: bytes, expected: Ends) -> None:
    assert rfc(line) == Ends(
        client=expected.client, server=SERVER, scheme=expected.scheme, host=expected.host
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [b"for=198.51.100.7;proto=https;host=example.com, for=10.0.0.2;proto=http;host=inner"],
            Ends(client=CLIENT, scheme="https", host=b"example.com"),
        ),
        (
            [b"for=198.51.100.7;proto=https;host=example.com", b"for=10.0.0.2;proto=http"],
            Ends(client=CLIENT, scheme="https", host=b"example.com"),
        ),
        # What the outermost does not say, the next may.
        (
            [b"for=198.51.100.7, for=10.0.0.2;proto=https;host=inner"],
            Ends(client=CLIENT, scheme="https", host=b"inner"),
        ),
        # Nobody says who came to 10.0.0.2, so nothing left of it is known to be ours.
        (
            [b"for=192.0.2.66;proto=http;host=evil, proto=https, for=10.0.0.2;host=inner"],
            Ends(client=("10.0.0.2", None), scheme="https", host=b"inner"),
        ),
        ([b"for=192.0.2.66, ;"], Ends(client=PROXY.client)),
        ([b"proto=https"], Ends(client=PROXY.client, scheme="https")),
        # Whoever hides its client can still say how it was asked.
        (
            [b"for=192.0.2.66;proto=http, for=_hidden;proto=https;host=example.com"],
            Ends(scheme="https", host=b"example.com"),
        ),
        ([b"for=unknown;proto=ftp;host=a/b"], Ends()),
        # The stranger's own word about itself.
        (
            [b"for=10.0.0.9;proto=http;host=evil, for=198.51.100.7;proto=https"],
            Ends(client=CLIENT, scheme="https"),
        ),
    ],
)
def test_the_elements_are_read_from_the_right(lines: list[bytes], expected: Ends) -> None:
    assert rfc(*lines) == Ends(
        client=expected.client, server=SERVER, scheme=expected.scheme, host=expected.host
    )


UNREADABLE = [
    *(b"198.51.100.7", b"for", b"for=", b"=198.51.100.7", b"for=198.51.100.7=1", b"for =a"),
    *(b"for= 198.51.100.7", b"for=[2001:db8::7]", b"for=2001:db8::7", b"for=198.51.100.7:80"),
    *(b'for="198.51.100.7', b'for=198.51.100.7"', b'for="198.51.100.7"x', b'for="a" "b"'),
    *(b"for='[::1]'", b'for="198.51.100.7\\"', b'for="a\x7f"', b'for="a\x00"', b'"for"=1.1.1.1'),
    *(b"for=198.51.100.7 proto=https", b"for=198.51.100.7;;=", b"f\xc3\xb6r=198.51.100.7"),
    *(b"for=198.51.100.7;for=198.51.100.8", b"for=198.51.100.7;For=198.51.100.7"),
    *(b"for=198.51.100.7;proto=http;proto=https", b'for=198.51.100.7;x=1;X="1"', b'"', b'""'),
]


@for_each("element", UNREADABLE)
def test_an_element_that_cannot_be_read_hides_its_client(element: bytes) -> None:
    hidden = Ends(server=SERVER)
    assert rfc(element) == hidden
    assert rfc(b"for=192.0.2.66;proto=https;host=evil, " + element) == hidden
    assert rfc(b"for=192.0.2.66;proto=https", element) == hidden


@for_each("element", UNREADABLE)
def test_it_spoils_nothing_that_stands_right_of_it(element: bytes) -> None:
    ours = b'for=198.51.100.7;proto=https;host="example.com"'
    expected = Ends(client=CLIENT, server=SERVER, scheme="https", host=b"example.com")
    for comma in (b",", b", ", b"\t,"):
        assert rfc(element + comma + ours) == expected
    assert rfc(element, ours) == expected
    assert rfc(element + b", " + ours + b", for=10.0.0.2").client == CLIENT
    # It is one of ours who has let it through.
    inner = rfc(element + b", for=10.0.0.2;proto=https")
    assert inner == Ends(server=SERVER, scheme="https")


# Both.


LIE = (b"forwarded", b"for=192.0.2.60;proto=https;host=evil.example")


@pytest.mark.parametrize("field", EVERYTHING)
def test_the_field_of_the_rfc_does_not_count_beside_any_of_the_others(
    field: tuple[bytes, bytes],
) -> None:
    assert seen(LIE, field) == seen(field, LIE) == seen(field)


@pytest.mark.parametrize("line", [b"unknown", b"nonsense", b'"'])
def test_even_if_that_hides_the_client(line: bytes) -> None:
    assert seen((b"x-forwarded-for", line), LIE) == Ends(server=SERVER)


@pytest.mark.parametrize("line", [b"", b" \t", b",", b" , ,"])
def test_but_it_does_beside_one_that_is_blank(line: bytes) -> None:
    assert seen((b"x-forwarded-for", line), *EVERYTHING_BY_RFC) == seen(*EVERYTHING_BY_RFC)
    assert seen((b"forwarded", line)) == PROXY


def test_it_does_beside_one_that_is_not_believed() -> None:
    said = Headers((*EVERYTHING, *EVERYTHING_BY_RFC))
    assert forwarding(fields=[b"forwarded"]).ends(said, PROXY) == seen(*EVERYTHING_BY_RFC)


def test_a_proxy_that_sets_one_and_lets_the_other_through_is_safe_if_only_that_is_believed() -> (
    None
):
    lie = (b"forwarded", b"for=127.0.0.1;proto=https;host=evil.example")
    said = Headers((lie, (b"x-forwarded-for", b"198.51.100.7"), (b"x-forwarded-proto", b"http")))
    believed = forwarding(fields=[b"x-forwarded-for", b"x-forwarded-proto"])
    assert believed.ends(said, PROXY) == Ends(client=CLIENT, server=SERVER)


# The ways to lie. Whatever a client sends, our proxy adds the client's address
# at the end, or in a line of its own.

LIES = [
    *(b"127.0.0.1", b"10.0.0.1", b"::1", b"unix:", b"unknown", b"10.0.0.1, 10.0.0.2", b"*"),
    *(b"127.0.0.1,", b",", b"", b" ", b'"', b'"127.0.0.1', b"'", b"\\", b"127.0.0.1\\", b"("),
    *(b"for=127.0.0.1", b"for=127.0.0.1,", b"for=127.0.0.1;", b'for="127.0.0.1', b'for="'),
    *(b'for="\\', b'for="\\"', b'for="10.0.0.1", for="', b'for=10.0.0.1;x="', b"for=", b"for"),
    *(b'for=10.0.0.1;x=",";y="', b'x="for=10.0.0.1', b'for=127.0.0.1;host="evil, ', b";"),
    *(b'for=127.0.0.1, x=";by=', b'for=127.0.0.1, x=";host=', b'for=127.0.0.1;x=";for='),
    *(b"127.0.0.1\xa0", b"\xff\xfe", b"127.0.0.1 ", b"127.0.0.1;", b"127.0.0.1:80"),
    *(b"10.0.0.1," * 40, b"for=10.0.0.1," * 40, b"unix:," * 40, b'"' * 99, b'a="' * 99),
]

OURS_ADDS = [
    b"for=198.51.100.7",
    b'for="198.51.100.7"',
    b'for="198.51.100.7:50000"',
    b'for="198.51.100.7";by="_proxy"',
    b'by="[fd00::1]";for="198.51.100.7";host="example.com"',
    b'proto=http;for=198.51.100.7;secret="a, b; \\"c"',
]


@for_each("lie", LIES)
def test_a_client_cannot_be_another(lie: bytes) -> None:
    for field in (b"198.51.100.7", b"198.51.100.7:50000", b"198.51.100.7, 10.0.0.2"):
        for lines in ([lie + b", " + field], [lie + b"," + field], [lie, field]):
            client = x_for(*lines)
            assert client is not None
            assert client[0] == "198.51.100.7"


@for_each("ours", OURS_ADDS)
@for_each("lie", LIES)
def test_nor_by_the_field_of_the_rfc(lie: bytes, ours: bytes) -> None:
    for element in (ours, ours + b", for=10.0.0.2", ours + b', for="[fd00::2]:80";by=_a'):
        for lines in ([lie + b", " + element], [lie + b"," + element], [lie, element]):
            found = rfc(*lines)
            assert found.client is not None
            assert found.client[0] == "198.51.100.7"
            assert found.scheme == "http"
            assert found.host in (None, b"example.com")


@given(
    lie=st.text(st.sampled_from('for=10.0.0.1;,"\\ x'), max_size=60),
    ours=st.sampled_from(OURS_ADDS),
)
def test_nor_by_anything_that_the_grammar_is_made_of(lie: str, ours: bytes) -> None:
    found = rfc(lie.encode() + b", " + ours)
    assert found.client is not None
    assert found.client[0] == "198.51.100.7"


PARAMETERS = st.dictionaries(
    st.sampled_from([b"a", b"b", b"c"]),
    st.text(st.sampled_from(',;="\\ for1'), max_size=8).map(str.encode),
    max_size=3,
)


def quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


@given(st.lists(PARAMETERS, min_size=1, max_size=4))
def test_no_comma_between_quotes_is_taken_for_the_end_of_an_element(
    elements: list[dict[bytes, bytes]],
) -> None:
    # Whatever our proxies say besides: all are walked past, to the client.
    line = b"for=198.51.100.7" + b"".join(
        b", for=10.0.0.2"
        + b"".join(b";" + name + b"=" + quoted(text) for name, text in element.items())
        for element in elements
    )
    assert rfc(line).client == CLIENT


@given(line=st.binary(max_size=60), name=st.sampled_from(sorted(FORWARDED_FIELDS)))
def test_garbage_raises_nothing(line: bytes, name: bytes) -> None:
    for trusted in (OURS, "*"):
        forwarding(trusted).ends(headers(name, line), PROXY)


@for_each(
    "line",
    [
        *(b"10.0.0.1," * 7_000, b"for=10.0.0.1," * 5_000, b"," * 65_000, b":" * 65_000 + b"x"),
        *(b'a="' * 20_000, b',a="' * 16_000, b',a=";a=' * 9_000, b"a=b;" * 16_000 + b'"'),
        *(b'for="' + b"\\" * 65_000, b";" * 65_000 + b'"', b" " * 65_000 + b'"', b"[" * 65_000),
        *(b"for=" + b"1." * 32_000, b'for="[' + b":" * 65_000 + b'x]"', b", " * 32_000 + b'"'),
    ],
)
def test_a_line_as_long_as_a_head_can_be_is_no_work(line: bytes) -> None:
    # Were any of it quadratic, this would take minutes.
    for name in (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port"):
        forwarding("*").ends(headers(name, line), PROXY)


def test_the_values_are_values() -> None:
    ours = forwarding()
    assert pickle.loads(pickle.dumps(ours)) == ours
    assert hash(ours) == hash(forwarding())
    assert Ends() == Ends(client=None, server=None, scheme="http", host=None, port=None)
    assert hash(PROXY) != hash(STRANGER)
