"""Handshakes good and bad, and what is agreed on."""

import pytest

from tests.cases import for_each
from tremolo_core.deflate import PerMessageDeflate
from tremolo_core.errors import LocalProtocolError, RemoteProtocolError
from tremolo_core.events import AcceptWebSocket
from tremolo_core.headers import Headers
from tremolo_core.websocket_handshake import Handshake, agreement, read_handshake

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
"""RFC 6455 1.3, with the proof for it."""
PROOF = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

FIELDS = {
    b"host": b"a",
    b"upgrade": b"websocket",
    b"connection": b"Upgrade",
    b"sec-websocket-key": KEY,
    b"sec-websocket-version": b"13",
}

HANDSHAKE = Handshake(key=KEY, subprotocols=(b"chat", b"superchat"), deflate_offers=())

Offers = tuple[tuple[tuple[bytes, bytes | None], ...], ...]


def headers(*more: tuple[bytes, bytes], without: bytes = b"") -> Headers:
    replaced = {name for name, _ in more} | {without}
    return Headers((*((n, v) for n, v in FIELDS.items() if n not in replaced), *more))


def read(*more: tuple[bytes, bytes], without: bytes = b"") -> Handshake | None:
    return read_handshake(b"GET", headers(*more, without=without), has_body=False)


def test_a_handshake() -> None:
    assert read() == Handshake(key=KEY, subprotocols=(), deflate_offers=())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"upgrade", b"WebSocket"),
        (b"upgrade", b"h2c, websocket"),
        (b"connection", b"keep-alive, UPGRADE"),
        (b"connection", b"upgrade,"),
        (b"sec-websocket-key", b"/" * 22 + b"=="),
    ],
)
def test_a_handshake_said_otherwise(name: bytes, value: bytes) -> None:
    assert read((name, value)) is not None


@pytest.mark.parametrize(
    "fields",
    [
        headers(without=b"upgrade"),
        headers((b"upgrade", b"h2c")),
        headers((b"upgrade", b"websocket/13")),
        headers((b"upgrade", b"web socket")),
        Headers(),
    ],
)
def test_what_asks_for_something_else_is_no_handshake(fields: Headers) -> None:
    assert read_handshake(b"POST", fields, has_body=True) is None


@for_each(
    ("fields", "reason"),
    [
        (headers(without=b"connection"), "no `Connection: upgrade`"),
        (headers((b"connection", b"keep-alive")), "no `Connection: upgrade`"),
        (headers((b"connection", b"close")), "no `Connection: upgrade`"),
        (headers((b"connection", b"upgrade, close")), "`Connection: close`"),
        (headers(without=b"sec-websocket-version"), "0 fields sec-websocket-version"),
        (
            headers((b"sec-websocket-version", b"13"), (b"sec-websocket-version", b"13")),
            "2 fields sec-websocket-version",
        ),
        (headers(without=b"sec-websocket-key"), "0 fields sec-websocket-key"),
        (
            headers((b"sec-websocket-key", KEY), (b"sec-websocket-key", KEY)),
            "2 fields sec-websocket-key",
        ),
        *(
            (headers((b"sec-websocket-key", key)), "malformed Sec-WebSocket-Key")
            for key in (
                b"",
                KEY[:-1],
                KEY + b"=",
                b"A" * 24,
                b"AAAA" + KEY,
                KEY[4:],
                b"-" + KEY[1:],
                KEY + b"\n",
            )
        ),
        *(
            (headers((b"sec-websocket-protocol", offer)), "malformed Sec-WebSocket-Protocol")
            for offer in (b"a b", b"chat, chat", b"chat, (x)", b'"chat"')
        ),
        (
            headers((b"sec-websocket-protocol", b"a"), (b"sec-websocket-protocol", b"b, a")),
            "malformed Sec-WebSocket-Protocol",
        ),
        *(
            (headers((b"sec-websocket-extensions", offer)), "malformed Sec-WebSocket-Extensions")
            for offer in (
                b"a b",
                b"a; ",
                b"a; b=",
                b"a; b=c d",
                b"; a",
                b"a; =b",
                b'a; b="c',
                b'a; b="c\\"',
                b'a; b="c" d',
                b"a, b; c==d",
                b"a/b",
            )
        ),
    ],
)
def test_a_handshake_is_refused(fields: Headers, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason) as caught:
        read_handshake(b"GET", fields, has_body=False)
    assert caught.value.status == 400
    assert caught.value.headers == ()


def test_only_a_get_without_a_body_is_a_handshake() -> None:
    with pytest.raises(RemoteProtocolError, match="a method other than GET") as caught:
        read_handshake(b"POST", headers(), has_body=False)
    assert caught.value.status == 400
    with pytest.raises(RemoteProtocolError, match="a body") as caught:
        read_handshake(b"GET", headers(), has_body=True)
    assert caught.value.status == 400


@pytest.mark.parametrize("version", [b"8", b"14", b"013", b"13, 8", b"", b"x"])
def test_another_version_is_told_of_ours(version: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="version") as caught:
        read((b"sec-websocket-version", version))
    assert caught.value.status == 426
    # RFC 6455 4.4, and RFC 9110 15.5.22.
    assert caught.value.headers == (
        (b"upgrade", b"websocket"),
        (b"connection", b"upgrade"),
        (b"sec-websocket-version", b"13"),
    )


def test_subprotocols_keep_their_order_and_case() -> None:
    found = read(
        (b"sec-websocket-protocol", b"Chat, superchat ,,"), (b"sec-websocket-protocol", b"a.b")
    )
    assert found is not None
    assert found.subprotocols == (b"Chat", b"superchat", b"a.b")


@pytest.mark.parametrize(
    ("lines", "offers"),
    [
        ([b""], ()),
        ([b", ,"], ()),
        ([b"x-other; a=b"], ()),
        ([b"permessage-deflate"], ((),)),
        ([b"permessage-deflate;a"], (((b"a", None),),)),
        ([b" permessage-deflate ; a ; b = c "], (((b"a", None), (b"b", b"c")),)),
        ([b'permessage-deflate; a="10"'], (((b"a", b"10"),),)),
        ([b'permessage-deflate; a=""; b="x\\"y\\\\"'], (((b"a", b""), (b"b", b'x"y\\')),)),
        (
            [
                b'x; a="p, q; r=s", permessage-deflate; b',
                b"permessage-deflate; c, permessage-deflate",
            ],
            (((b"b", None),), ((b"c", None),), ()),
        ),
    ],
)
def test_offers_of_compression(lines: list[bytes], offers: Offers) -> None:
    found = read(*((b"sec-websocket-extensions", line) for line in lines))
    assert found is not None
    assert found.deflate_offers == offers


def test_a_long_list_of_extensions_takes_linear_time() -> None:
    # An expression that backtracks would take for ever.
    with pytest.raises(RemoteProtocolError):
        read((b"sec-websocket-extensions", b"a" + b" ; b = c" * 10_000 + b" ;"))
    with pytest.raises(RemoteProtocolError):
        read((b"sec-websocket-extensions", b'a; b="' + b"\\a" * 10_000))


# What is agreed on.


def test_the_answer_proves_that_we_understood() -> None:
    agreed = agreement(HANDSHAKE, AcceptWebSocket())
    assert agreed.headers == (
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-accept", PROOF),
    )
    assert agreed.deflate is None


def test_one_of_the_subprotocols_is_chosen() -> None:
    agreed = agreement(HANDSHAKE, AcceptWebSocket(subprotocol=b"superchat"))
    assert agreed.headers[3:] == ((b"sec-websocket-protocol", b"superchat"),)


@pytest.mark.parametrize("subprotocol", [b"other", b"Chat", b"", b"chat, superchat", b"a\r\nb: c"])
def test_no_other_subprotocol_is_chosen(subprotocol: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="did not offer"):
        agreement(HANDSHAKE, AcceptWebSocket(subprotocol=subprotocol))


@pytest.mark.parametrize(
    "name",
    [
        b"Sec-WebSocket-Accept",
        b"sec-websocket-protocol",
        b"sec-websocket-extensions",
        b"SEC-WEBSOCKET-ANYTHING",
        b"connection",
        b"Upgrade",
        b"content-length",
        b"transfer-encoding",
    ],
)
def test_a_field_that_follows_from_the_rest_is_not_given(name: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="is not given"):
        agreement(HANDSHAKE, AcceptWebSocket(headers=Headers(((name, b"x"),))))


def offering(*offers: tuple[tuple[bytes, bytes | None], ...]) -> Handshake:
    return Handshake(key=KEY, subprotocols=(), deflate_offers=offers)


def test_the_first_offer_that_suits_is_taken() -> None:
    handshake = offering(((b"unknown", None),), ((b"server_max_window_bits", b"10"),), ())
    agreed = agreement(handshake, AcceptWebSocket(extensions=(PerMessageDeflate(),)))
    assert agreed.headers[3:] == (
        (b"sec-websocket-extensions", b"permessage-deflate; server_max_window_bits=10"),
    )
    assert agreed.deflate == PerMessageDeflate(server_max_window_bits=10, client_max_window_bits=15)


@pytest.mark.parametrize(
    ("handshake", "extensions"),
    [
        (offering(), (PerMessageDeflate(),)),
        (offering(((b"unknown", None),)), (PerMessageDeflate(),)),
        (offering(()), ()),
    ],
)
def test_nothing_is_compressed_unless_both_want_it(
    handshake: Handshake, extensions: tuple[PerMessageDeflate, ...]
) -> None:
    agreed = agreement(handshake, AcceptWebSocket(extensions=extensions))
    assert agreed.deflate is None
    assert len(agreed.headers) == 3


@pytest.mark.parametrize(
    "extensions",
    [
        (PerMessageDeflate(), PerMessageDeflate()),
        (PerMessageDeflate(memory_level=0),),
    ],
)
def test_settings_that_cannot_be_are_noticed_whatever_is_offered(
    extensions: tuple[PerMessageDeflate, ...],
) -> None:
    with pytest.raises(LocalProtocolError):
        agreement(offering(), AcceptWebSocket(extensions=extensions))
