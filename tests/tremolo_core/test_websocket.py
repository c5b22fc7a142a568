"""A WebSocket on a whole connection: from the handshake to the last Close."""

import contextlib
import functools
import itertools
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator

import h11
import pytest
import wsproto
import wsproto.connection
import wsproto.events
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.connection import ConnectionType
from wsproto.extensions import PerMessageDeflate as TheirDeflate

from tests.cases import for_each
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    Closing,
    Connection,
    ConnectionClosed,
    EndOfMessage,
    Event,
    FrameEvent,
    Headers,
    InformationalResponse,
    Limits,
    LocalProtocolError,
    PerMessageDeflate,
    Ping,
    Pong,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    State,
    TextMessage,
    Timeouts,
)
from tremolo_core.fast_parts import MessageInPieces
from tremolo_core.frame_gate import FrameGate
from tremolo_core.frames import Frames

from .frame_corpus import BAD, CLOSES, COMPRESSED, GOOD
from .framing import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, frame, handshake

pytestmark = pytest.mark.usefixtures("fast_path")

ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)
END = EndOfMessage()
REFUSED = Response(status=403, headers=Headers(((b"content-length", b"0"),)))
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"


def asked(raw: bytes | None = None, *, limits: Limits | None = None) -> Connection:
    """A connection on which a WebSocket was asked for."""
    made = Connection(limits=limits)
    made.receive_data(handshake() if raw is None else raw)
    assert isinstance(made.next_event(), Request)
    return made


def opened(
    acceptance: AcceptWebSocket | None = None,
    *,
    limits: Limits | None = None,
    timeouts: Timeouts | None = None,
    offers: tuple[bytes, ...] = (),
) -> Connection:
    """A connection on which a WebSocket was accepted, with nothing left to write or to tell."""
    made = Connection(limits=limits, timeouts=timeouts)
    made.receive_data(handshake(*offers))
    made.next_event()
    assert made.next_event() == END
    made.send(acceptance or AcceptWebSocket())
    made.data_to_send()
    return made


def told(made: Connection) -> list[Event]:
    """All that there is to be told, up to the first ConnectionClosed."""
    events: list[Event] = []
    while not isinstance(event := made.next_event(), Signal):
        events.append(event)
        if isinstance(event, ConnectionClosed):
            break
    return events


def pair(made: Connection) -> tuple[State, State]:
    return made.client_state, made.server_state


def closed(code: int | None = None, reason: bytes = b"") -> bytes:
    """Our Close on the wire."""
    payload = b"" if code is None else code.to_bytes(2) + reason
    return bytes([0x88, len(payload)]) + payload


def in_two(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    return ((raw[:at], raw[at:]) for at in range(len(raw) + 1))


# The handshake.


def test_a_handshake_is_told_as_a_request() -> None:
    made = Connection()
    made.receive_data(handshake(b"Sec-WebSocket-Protocol: b, A"))
    request = made.next_event()
    assert isinstance(request, Request)
    assert request.upgrade == b"websocket"
    assert request.headers.get_list(b"sec-websocket-protocol") == (b"b", b"A")
    assert made.next_event() == END
    assert made.next_event() is Signal.NEED_DATA


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        # RFC 9110 7.8: HTTP/1.0 has no upgrades.
        handshake().replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_what_is_no_handshake_is_an_ordinary_request(raw: bytes) -> None:
    made = Connection()
    made.receive_data(raw)
    request = made.next_event()
    assert isinstance(request, Request)
    assert request.upgrade is None
    with pytest.raises(LocalProtocolError, match="nobody asked"):
        made.send(AcceptWebSocket())
    assert made.data_to_send() == b""
    made.send(REFUSED, END)
    assert made.data_to_send().startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (handshake().replace(b"GET", b"POST"), 400),
        (handshake(b"Content-Length: 1"), 400),
        (handshake(b"Transfer-Encoding: chunked"), 400),
        (handshake().replace(b"Connection: Upgrade", b"Connection: close"), 400),
        (handshake().replace(b"ZQ==", b"ZQ="), 400),
        (handshake().replace(b"Version: 13", b"Version: 8"), 426),
        (handshake(b"Content-Length: 1", b"Content-Length: 1"), 400),
        (handshake(b"Expect: x"), 417),
    ],
)
def test_a_malformed_handshake_is_refused_however_it_is_cut(raw: bytes, status: int) -> None:
    answers = set()
    for pieces in in_two(raw + frame(TEXT, b"not to be read")):
        made = Connection()
        with pytest.raises(RemoteProtocolError) as caught:
            for piece in pieces:
                made.receive_data(piece)
                while made.next_event() is not Signal.NEED_DATA:
                    pass
        assert caught.value.status == status
        answers.add(made.data_to_send())
        assert made.closing is Closing.LINGER
    (answer,) = answers
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert (b"Sec-Websocket-Version: 13\r\n" in answer) is (status == 426)
    assert (b"Upgrade: websocket\r\n" in answer) is (status == 426)


def test_the_answer_accepts() -> None:
    made = asked(handshake(b"Sec-WebSocket-Protocol: chat, superchat"))
    made.send(
        AcceptWebSocket(
            subprotocol=b"superchat", headers=Headers(((b"set-cookie", b"a=b"), (b"X", b" y ")))
        )
    )
    assert pair(made) == (State.OPEN, State.OPEN)
    assert made.response_started
    assert made.closing is Closing.NO
    assert made.data_to_send() == (
        ACCEPTED + b"Sec-Websocket-Protocol: superchat\r\nSet-Cookie: a=b\r\nX: y\r\n\r\n"
    )


@pytest.mark.parametrize(
    "events",
    [
        (AcceptWebSocket(headers=Headers(((b"x", b"y\r\nset-cookie: z"),))),),
        (AcceptWebSocket(headers=Headers(((b"x\r\n", b"y"),))),),
        (AcceptWebSocket(headers=Headers(((b"x", b"\x00"),))),),
        (AcceptWebSocket(headers=Headers(((b"sec-websocket-accept", b"y"),))),),
        (AcceptWebSocket(subprotocol=b"other"),),
        (AcceptWebSocket(extensions=(PerMessageDeflate(memory_level=0),)),),
        (AcceptWebSocket(), AcceptWebSocket()),
        (AcceptWebSocket(), Response(status=200)),
        (AcceptWebSocket(), END),
        (AcceptWebSocket(), TextMessage(text="\ud800")),
        (AcceptWebSocket(), CloseWebSocket(), Ping()),
        (TextMessage(text="a"),),
        (CloseWebSocket(),),
        (InformationalResponse(status=101),),
        (REFUSED, AcceptWebSocket()),
    ],
)
def test_what_may_not_be_sent_leaves_no_trace(events: tuple[Event, ...]) -> None:
    made = asked()
    before = (*pair(made), made.closing, made.response_started)
    with pytest.raises(LocalProtocolError):
        made.send(*events)
    assert made.data_to_send() == b""
    assert (*pair(made), made.closing, made.response_started) == before
    made.send(AcceptWebSocket())
    assert made.data_to_send() == ACCEPTED + b"\r\n"


def test_a_refusal_is_an_ordinary_answer_and_the_last() -> None:
    raw = handshake() + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    made = asked(raw)
    assert made.next_event() == END
    made.send(REFUSED, END)
    assert made.data_to_send() == (
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert made.closing is Closing.LINGER
    # What came behind it may be frames: nobody reads a request in it.
    assert made.next_event() is Signal.NEED_DATA
    with pytest.raises(LocalProtocolError):
        made.start_next_cycle()


def test_interim_answers_come_before_the_acceptance() -> None:
    made = asked()
    made.send(InformationalResponse(status=103), AcceptWebSocket())
    assert made.data_to_send() == b"HTTP/1.1 103 Early Hints\r\n\r\n" + ACCEPTED + b"\r\n"


def test_a_websocket_behind_other_exchanges() -> None:
    made = Connection()
    made.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + handshake() + frame(TEXT, b"hi"))
    assert isinstance(made.next_event(), Request)
    assert made.next_event() == END
    assert made.next_event() is Signal.PAUSED
    made.send(Response(status=204), END)
    made.start_next_cycle()
    assert isinstance(made.next_event(), Request)
    made.send(AcceptWebSocket())
    assert told(made) == [END, TextMessage(text="hi")]


@pytest.mark.parametrize("end_is_told", [False, True])
def test_the_requests_end_is_told_before_the_first_message(end_is_told: bool) -> None:
    made = asked()
    if end_is_told:
        assert made.next_event() == END
    made.send(AcceptWebSocket())
    made.receive_data(frame(TEXT, b"a"))
    assert told(made) == [*([] if end_is_told else [END]), TextMessage(text="a")]


# Bytes behind the handshake, wsproto's second trap.


def test_early_frames_wait_for_the_acceptance() -> None:
    early = frame(PING, b"p") + frame(TEXT, b"early") + frame(BINARY, b"cut")
    for first, second in in_two(early):
        made = asked(handshake() + first)
        assert made.next_event() == END
        assert made.next_event() is (Signal.PAUSED if first else Signal.NEED_DATA)
        assert made.buffered == len(first)
        made.send(AcceptWebSocket())
        made.receive_data(second)
        assert told(made) == [TextMessage(text="early"), BytesMessage(data=b"cut")]
        assert made.data_to_send() == ACCEPTED + b"\r\n" + b"\x8a\x01p"


def test_an_early_ping_is_answered_with_the_acceptance() -> None:
    made = asked(handshake() + frame(PING, b"p"))
    made.send(AcceptWebSocket(), TextMessage(text="hi"))
    assert made.data_to_send() == ACCEPTED + b"\r\n" + b"\x81\x02hi" + b"\x8a\x01p"


def test_an_early_failure_too() -> None:
    made = asked(handshake() + b"\xff")
    assert made.next_event() == END
    made.send(AcceptWebSocket())
    assert made.data_to_send().startswith(ACCEPTED + b"\r\n\x88")
    with pytest.raises(RemoteProtocolError):
        made.next_event()


def test_what_comes_early_is_counted_so_that_a_driver_can_stop_reading() -> None:
    made = asked(limits=Limits(read_ahead=1_000))
    for _ in range(10):
        made.receive_data(frame(BINARY, bytes(94)))
    assert made.buffered == 1_000
    made.send(AcceptWebSocket())
    # What was read costs more than it took on the wire, but stays bounded.
    assert 1_000 <= made.buffered < 2_000
    assert told(made) == [END, *[BytesMessage(data=bytes(94))] * 10]
    assert made.buffered == 0


# Messages.


@pytest.mark.parametrize(
    ("raw", "messages"),
    [
        (frame(TEXT), [TextMessage(text="")]),
        (frame(BINARY), [BytesMessage(data=b"")]),
        (frame(TEXT, "grüße".encode()), [TextMessage(text="grüße")]),
        (frame(BINARY, b"\xff" * 70_000), [BytesMessage(data=b"\xff" * 70_000)]),
        (
            frame(TEXT, b"\xe2\x82", fin=False)
            + frame(PING, b"p")
            + frame(CONTINUATION, b"\xac", fin=False)
            + frame(PONG)
            + frame(CONTINUATION),
            [TextMessage(text="€")],
        ),
        (
            frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b") + frame(BINARY, b"c"),
            [TextMessage(text="ab"), BytesMessage(data=b"c")],
        ),
    ],
)
def test_messages_are_told_as_a_whole(raw: bytes, messages: list[Event]) -> None:
    made = opened()
    made.receive_data(raw)
    assert told(made) == messages
    made = opened()
    for byte in range(len(raw)):
        made.receive_data(raw[byte : byte + 1])
    assert told(made) == messages


def test_or_in_parts_as_they_come() -> None:
    made = opened(AcceptWebSocket(by_fragment=True))
    made.receive_data(frame(TEXT, b"\xe2\x82", fin=False) + frame(CONTINUATION, b"\xacab")[:-1])
    assert told(made) == [TextMessage(text="€a", final=False)]
    made.receive_data(frame(CONTINUATION, b"\xacab")[-1:])
    assert told(made) == [TextMessage(text="b")]
    made.receive_data(frame(BINARY, b"c", fin=False) + frame(CONTINUATION))
    assert told(made) == [BytesMessage(data=b"c", final=False), BytesMessage(data=b"")]


@pytest.mark.parametrize("by_fragment", [False, True])
@pytest.mark.parametrize("limit", [0, 1, 125, 126, 70_000])
def test_the_limit_on_messages_is_exact(limit: int, by_fragment: bool) -> None:
    acceptance = AcceptWebSocket(by_fragment=by_fragment)
    for fragments in (
        [bytes(limit)],
        [bytes(limit // 2), bytes(limit - limit // 2)],
        [b"", bytes(limit)],
    ):
        for beyond in (b"", b"."):
            *before, last = [*fragments[:-1], fragments[-1] + beyond]
            made = opened(acceptance, limits=Limits(message=limit))
            for place, part in enumerate(before):
                made.receive_data(frame(CONTINUATION if place else BINARY, part, fin=False))
            made.receive_data(frame(CONTINUATION if before else BINARY, last))
            if not beyond:
                parts = [event for event in told(made) if isinstance(event, BytesMessage)]
                assert b"".join(part.data for part in parts) == bytes(limit)
                continue
            with pytest.raises(RemoteProtocolError) as caught:
                told(made)
            assert caught.value.close_code == 1009
            assert made.data_to_send() == closed(1009, b"a message of more than %d bytes" % limit)


def test_what_is_too_large_is_refused_before_it_is_there() -> None:
    made = opened()
    made.receive_data(frame(BINARY, b"")[:1] + b"\xff" + (1 << 62).to_bytes(8))
    with pytest.raises(RemoteProtocolError, match="more than 16777216 bytes"):
        made.next_event()


def test_without_a_limit_parts_go_on_for_ever() -> None:
    made = opened(AcceptWebSocket(by_fragment=True), limits=Limits(message=None))
    made.receive_data(b"\x82\xff" + (1 << 62).to_bytes(8) + bytes(4) + b"abc")
    assert told(made) == [BytesMessage(data=b"abc", final=False)]


def test_what_is_sent_is_written() -> None:
    made = opened()
    made.send(
        TextMessage(text="a", final=False),
        Ping(payload=b"p"),
        TextMessage(text="€"),
        BytesMessage(data=bytes(126)),
        Pong(),
    )
    assert made.data_to_send() == (
        b"\x01\x01a\x89\x01p\x80\x03\xe2\x82\xac\x82\x7e\x00\x7e" + bytes(126) + b"\x8a\x00"
    )


@pytest.mark.parametrize(
    "events",
    [
        (TextMessage(text="a"), BytesMessage(data=b"a", final=False), TextMessage(text="b")),
        (Ping(payload=bytes(126)),),
        (CloseWebSocket(code=1005),),
        (CloseWebSocket(code=1006),),
        (CloseWebSocket(code=1000, reason="r" * 124),),
        (TextMessage(text="a"), CloseWebSocket(), TextMessage(text="b")),
        (InformationalResponse(status=103),),
        (Response(status=200),),
        (AcceptWebSocket(),),
    ],
)
def test_what_may_not_be_sent_in_a_frame_leaves_no_trace(events: tuple[Event, ...]) -> None:
    made = opened()
    with pytest.raises(LocalProtocolError):
        made.send(*events)
    assert made.data_to_send() == b""
    assert pair(made) == (State.OPEN, State.OPEN)
    made.send(TextMessage(text="a"))
    assert made.data_to_send() == b"\x81\x01a"


# Pings.


def test_pings_are_answered_and_told_only_if_asked_for() -> None:
    for with_pings in (False, True):
        made = opened(AcceptWebSocket(with_pings=with_pings))
        made.receive_data(frame(PING, b"p") + frame(PONG, b"q"))
        # At once: nobody needs to ask for events.
        assert made.data_to_send() == b"\x8a\x01p"
        events = [Ping(payload=b"p"), Pong(payload=b"q")]
        assert told(made) == (events if with_pings else [])


def test_a_ping_behind_a_message_that_nobody_asked_for_is_answered() -> None:
    made = opened()
    made.receive_data(frame(TEXT, b"a") + frame(PING, b"p"))
    assert made.data_to_send() == b"\x8a\x01p"
    assert told(made) == [TextMessage(text="a")]


def test_a_flood_of_pings_takes_no_memory() -> None:
    made = opened()
    flood = frame(PING, bytes(125)) * 100
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            made.receive_data(flood)
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()
    made.receive_data(frame(PING, b"last"))
    assert made.data_to_send() == b"\x8a\x04last"


def test_a_ping_is_answered_between_our_fragments() -> None:
    made = opened()
    made.send(TextMessage(text="a", final=False))
    made.receive_data(frame(PING))
    assert made.data_to_send() == b"\x01\x01a\x8a\x00"
    made.send(TextMessage(text="b"))
    assert made.data_to_send() == b"\x80\x01b"


# Who closes, and when.

Act = Callable[[Connection], None]


def gets(*pieces: bytes) -> Act:
    def act(made: Connection) -> None:
        for piece in pieces:
            made.receive_data(piece)

    return act


def leaves(made: Connection) -> None:
    made.receive_eof()


def sends(*events: Event) -> Act:
    return lambda made: made.send(*events)


def hears(*events: Event) -> Act:
    def act(made: Connection) -> None:
        assert told(made) == list(events)

    return act


def hears_first(event: Event) -> Act:
    def act(made: Connection) -> None:
        assert made.next_event() == event

    return act


def fails(close_code: int | None) -> Act:
    def act(made: Connection) -> None:
        for _ in range(2):
            with pytest.raises(RemoteProtocolError) as caught:
                made.next_event()
            assert caught.value.close_code == close_code
            assert caught.value.status is None

    return act


def writes(data: bytes) -> Act:
    def act(made: Connection) -> None:
        assert made.data_to_send() == data

    return act


def breaks_off(made: Connection) -> None:
    made.send_failed()


def waits(first: int, last: int) -> Act:
    """Time passes from the first second to the last, and somebody looks often."""

    def act(made: Connection) -> None:
        for quarter in range(first * 4, last * 4):
            made.handle_timeout(quarter / 4)

    return act


BYE = CloseWebSocket(code=1001, reason="bye")
CLOSED = ConnectionClosed()
TOO_LATE = "no Pong in time"

CLOSES_WHEN: dict[str, tuple[list[Act], State, State, Closing]] = {
    # The client.
    "it, while nothing happens": (
        [gets(close_frame(1001, b"bye")), hears(BYE), writes(closed(1001))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, while nobody asks": (
        [gets(close_frame(1001, b"bye")), writes(closed(1001))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, without a code": (
        [gets(close_frame()), hears(CloseWebSocket(code=None)), writes(closed())],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, with a code of its own": (
        [gets(close_frame(4999)), hears(CloseWebSocket(code=4999)), writes(closed(4999))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, in the middle of its message": (
        [gets(frame(TEXT, b"a", fin=False) + close_frame(1000)), hears(CloseWebSocket())],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, in the middle of ours": (
        [
            sends(TextMessage(text="a", final=False)),
            gets(close_frame(1000)),
            hears(CloseWebSocket()),
            writes(b"\x01\x01a" + closed(1000)),
        ],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, behind a message": (
        [
            gets(frame(TEXT, b"a") + close_frame(1000)),
            hears(TextMessage(text="a"), CloseWebSocket()),
            writes(closed(1000)),
        ],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, behind a Ping": (
        [gets(frame(PING, b"p") + close_frame(1000)), writes(b"\x8a\x01p" + closed(1000))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, and leaves": (
        [
            gets(close_frame(1001, b"bye")),
            leaves,
            hears(BYE, CLOSED),
            hears(CLOSED),
            writes(closed(1001)),
        ],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "it, and goes on": (
        [gets(close_frame(1001, b"bye") + frame(TEXT, b"a")), hears(BYE), writes(closed(1001))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it, and goes on later": (
        [gets(close_frame(1001, b"bye"), b"\xff"), hears(BYE), writes(closed(1001))],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it, and we are cut off": (
        [breaks_off, gets(close_frame(1001, b"bye")), hears(BYE), writes(b"")],
        *(State.MUST_CLOSE, State.ERROR, Closing.NOW),
    ),
    "it leaves without": (
        [leaves, hears(CLOSED), hears(CLOSED), writes(b"")],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "it leaves behind a message": (
        [gets(frame(TEXT, b"a")), leaves, hears(TextMessage(text="a"), CLOSED), writes(b"")],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "it leaves in the middle of a frame": (
        [gets(frame(TEXT, b"abc")[:-1]), leaves, hears(CLOSED), writes(b"")],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "it leaves in the middle of a message": (
        [gets(frame(TEXT, b"a", fin=False)), leaves, hears(CLOSED), writes(b"")],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "it breaks the rules": (
        [
            gets(frame(TEXT, mask=None)),
            fails(1002),
            writes(closed(1002, b"a frame that is not masked")),
        ],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it breaks the rules while nobody asks": (
        [
            gets(frame(TEXT, mask=None)),
            writes(closed(1002, b"a frame that is not masked")),
            fails(1002),
        ],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it breaks the rules behind a message": (
        [
            gets(frame(TEXT, b"a") + b"\xff"),
            hears_first(TextMessage(text="a")),
            writes(b""),
            sends(TextMessage(text="b")),
            fails(1002),
            writes(b"\x81\x01b" + closed(1002, b"a frame of an unknown kind")),
        ],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it sends what is no text": (
        [gets(frame(TEXT, b"\xff")), fails(1007), writes(closed(1007, b"text that is not UTF-8"))],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "its reason is no text": (
        [
            gets(close_frame(1000, b"\xff")),
            fails(1007),
            writes(closed(1007, b"text that is not UTF-8")),
        ],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "it breaks the rules and leaves": (
        [gets(b"\xff"), leaves, fails(1002), writes(closed(1002, b"a frame of an unknown kind"))],
        *(State.ERROR, State.MUST_CLOSE, Closing.NOW),
    ),
    "it breaks the rules and we are cut off": (
        [breaks_off, gets(b"\xff"), fails(1002), writes(b"")],
        *(State.ERROR, State.ERROR, Closing.NOW),
    ),
    # We.
    "we, and wait": (
        [sends(CloseWebSocket(code=1001, reason="bye")), writes(closed(1001, b"bye")), hears()],
        *(State.OPEN, State.CLOSING, Closing.NO),
    ),
    "we, and it answers": (
        [
            sends(CloseWebSocket()),
            gets(close_frame(1000)),
            hears(CloseWebSocket()),
            writes(closed(1000)),
        ],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "we, and it answers behind what it had to say": (
        [
            sends(CloseWebSocket()),
            gets(frame(TEXT, b"a") + frame(PING) + close_frame(1000)),
            hears(TextMessage(text="a"), CloseWebSocket()),
            writes(closed(1000)),
        ],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "we, and so does it": (
        [
            gets(frame(TEXT, b"a") + close_frame(1001, b"bye")),
            sends(CloseWebSocket()),
            hears(TextMessage(text="a"), BYE),
            writes(closed(1000)),
        ],
        *(State.MUST_CLOSE, State.MUST_CLOSE, Closing.NOW),
    ),
    "we, and it leaves": (
        [sends(CloseWebSocket()), leaves, hears(CLOSED), writes(closed(1000))],
        *(State.CLOSED, State.MUST_CLOSE, Closing.NOW),
    ),
    "we, and it breaks the rules": (
        [sends(CloseWebSocket()), gets(b"\xff"), fails(1002), writes(closed(1000))],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
    "we, and it does not answer": (
        [sends(CloseWebSocket()), waits(0, 11), fails(None), writes(closed(1000))],
        *(State.ERROR, State.MUST_CLOSE, Closing.NOW),
    ),
    "we, and are cut off": (
        [sends(CloseWebSocket()), breaks_off, gets(close_frame(1000)), hears(CloseWebSocket())],
        *(State.MUST_CLOSE, State.ERROR, Closing.NOW),
    ),
    "we leave without": (
        [sends(CLOSED), gets(frame(TEXT, b"a")), hears(), writes(b"")],
        *(State.MUST_CLOSE, State.CLOSED, Closing.NOW),
    ),
    "we leave behind our Close": (
        [sends(CloseWebSocket(), CLOSED), writes(closed(1000))],
        *(State.MUST_CLOSE, State.CLOSED, Closing.NOW),
    ),
    "it does not answer our Ping": (
        [
            waits(0, 21),
            writes(b"\x89\x00"),
            waits(21, 42),
            fails(1011),
            writes(closed(1011, TOO_LATE.encode())),
        ],
        *(State.ERROR, State.MUST_CLOSE, Closing.LINGER),
    ),
}


@for_each("name", CLOSES_WHEN)
def test_who_closes_when(name: str) -> None:
    acts, client, server, closing = CLOSES_WHEN[name]
    made = opened()
    for act in acts:
        act(made)
    assert pair(made) == (client, server)
    assert made.closing is closing
    if server is not State.OPEN:
        with pytest.raises(LocalProtocolError):
            made.send(TextMessage(text="too late"))
    with pytest.raises(LocalProtocolError):
        made.start_next_cycle()


def test_a_close_before_the_acceptance() -> None:
    made = asked(handshake() + close_frame(1001, b"bye"))
    made.send(AcceptWebSocket())
    assert made.data_to_send() == ACCEPTED + b"\r\n"
    assert told(made) == [END, BYE]
    assert made.data_to_send() == closed(1001)
    assert made.closing is Closing.NOW


def test_the_end_before_the_acceptance() -> None:
    for told_first in (False, True):
        made = asked()
        made.receive_eof()
        if told_first:
            assert told(made) == [END, CLOSED]
        made.send(AcceptWebSocket())
        assert made.data_to_send() == ACCEPTED + b"\r\n"
        assert told(made) == ([CLOSED] if told_first else [END, CLOSED])
        assert pair(made) == (State.CLOSED, State.MUST_CLOSE)
        assert made.closing is Closing.NOW


def test_who_is_told_of_a_message_can_answer_it_before_the_close_behind_it() -> None:
    both = frame(TEXT, b"a") + close_frame(1000)
    for pieces in in_two(both):
        made = opened()
        written = b""
        for piece in pieces:
            made.receive_data(piece)
            while not isinstance(event := made.next_event(), Signal):
                if isinstance(event, TextMessage):
                    made.send(TextMessage(text="b"))
        written += made.data_to_send()
        assert written == b"\x81\x01b" + closed(1000)


@pytest.mark.parametrize("asks", [False, True])
def test_a_close_is_answered_in_time_though_nobody_asks_for_what_came_before(asks: bool) -> None:
    made = opened()
    made.receive_data(frame(TEXT, b"a") + close_frame(1001, b"bye"))
    if asks:
        assert made.next_event() == TextMessage(text="a")
    for now in (0.0, 0.25, 0.5, 0.75):
        assert made.deadline(now) == 1.0
        made.handle_timeout(now)
    assert made.data_to_send() == b""
    assert pair(made) == (State.OPEN, State.OPEN)
    made.handle_timeout(1.0)
    assert made.data_to_send() == closed(1001)
    assert made.deadline(1.0) is None
    assert told(made) == [*([] if asks else [TextMessage(text="a")]), BYE]


def test_so_is_a_failure() -> None:
    made = opened()
    made.receive_data(frame(TEXT, b"a") + b"\xff")
    made.receive_eof()
    made.handle_timeout(0.0)
    assert made.data_to_send() == b""
    made.handle_timeout(1.0)
    assert made.data_to_send() == closed(1002, b"a frame of an unknown kind")
    # What came before it is not lost.
    assert made.next_event() == TextMessage(text="a")
    with pytest.raises(RemoteProtocolError):
        made.next_event()


# Time.


def test_no_time_runs_before_the_acceptance() -> None:
    made = asked()
    made.next_event()
    assert made.deadline(0.0) is None


def test_a_silent_client_is_asked_whether_it_is_there() -> None:
    made = opened(timeouts=Timeouts(ping=20.0, pong=5.0))
    assert made.deadline(100.0) == 120.0
    made.receive_data(frame(TEXT, b"a"))
    told(made)
    assert made.deadline(110.0) == 130.0
    made.handle_timeout(129.9)
    assert made.data_to_send() == b""
    made.handle_timeout(130.0)
    # Its time begins when the Ping is handed over.
    assert made.deadline(131.0) is None
    assert made.data_to_send() == b"\x89\x00"
    assert made.data_to_send() == b""
    assert made.deadline(132.0) == 137.0
    made.receive_data(frame(PONG))
    assert made.deadline(136.0) == 156.0


def test_while_we_do_not_read_nothing_is_too_late() -> None:
    made = opened(limits=Limits(read_ahead=100))
    assert made.deadline(0.0) == 20.0
    made.receive_data(frame(TEXT, b"a"))
    assert made.deadline(1.0) is None
    made.next_event()
    assert made.deadline(2.0) == 22.0


def test_nothing_is_waited_for_of_a_client_that_left() -> None:
    made = opened()
    made.receive_eof()
    assert made.deadline(0.0) is None
    made = opened()
    made.send_failed()
    assert made.deadline(0.0) is None


def test_without_time_outs_nothing_is_late() -> None:
    made = opened(timeouts=Timeouts(ping=None, pong=None, close=None))
    assert made.deadline(0.0) is None
    made.send(CloseWebSocket())
    assert made.deadline(1.0) is None


def test_messages_that_wait_outlive_a_time_out() -> None:
    made = opened()
    made.receive_data(frame(TEXT, b"a"))
    made.handle_timeout(0.0)
    made.handle_timeout(20.0)
    assert made.data_to_send() == b"\x89\x00"
    made.handle_timeout(20.0)
    made.handle_timeout(40.0)
    assert made.data_to_send() == closed(1011, TOO_LATE.encode())
    assert made.next_event() == TextMessage(text="a")
    with pytest.raises(RemoteProtocolError, match=TOO_LATE):
        made.next_event()


# Compression.


def test_compression_is_agreed_on_and_used() -> None:
    made = Connection()
    made.receive_data(handshake(DEFLATE))
    made.next_event()
    made.send(AcceptWebSocket(extensions=(PerMessageDeflate(),)), TextMessage(text="a" * 100))
    answer, _, rest = made.data_to_send().partition(b"\r\n\r\n")
    assert answer.endswith(
        b"Sec-Websocket-Extensions: permessage-deflate;"
        b" server_max_window_bits=12; client_max_window_bits=12"
    )
    assert rest[:1] == b"\xc1"
    inflater = zlib.decompressobj(-12)
    assert inflater.decompress(rest[2:] + b"\x00\x00\xff\xff") == b"a" * 100


@functools.cache
def bomb_of(size: int) -> bytes:
    deflater = zlib.compressobj(wbits=-12)
    return (deflater.compress(bytes(size)) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("by_fragment", [False, True])
def test_a_bomb_ends_in_1009(by_fragment: bool) -> None:
    limit = 1 << 24
    bomb = bomb_of(200 << 20)
    made = opened(
        AcceptWebSocket(extensions=(PerMessageDeflate(),), by_fragment=by_fragment),
        limits=Limits(message=limit),
        offers=(DEFLATE,),
    )
    raw = frame(BINARY, bomb, reserved=COMPRESSED)
    assert len(raw) > 100_000
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for start in range(0, len(raw), 65_536):
            made.receive_data(raw[start : start + 65_536])
            with contextlib.suppress(RemoteProtocolError):
                while not isinstance(made.next_event(), Signal):
                    pass
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    with pytest.raises(RemoteProtocolError) as caught:
        made.next_event()
    assert caught.value.close_code == 1009
    # A step that is expanded is held a few times while it is handed on; the message only once.
    assert peak < 1.3 * limit


@pytest.mark.parametrize("limit", [100, 5_000])
def test_the_limit_on_compressed_messages_is_exact(limit: int) -> None:
    for size in (limit, limit + 1):
        made = opened(
            AcceptWebSocket(extensions=(PerMessageDeflate(),)),
            limits=Limits(message=limit),
            offers=(DEFLATE,),
        )
        deflater = zlib.compressobj(0, zlib.DEFLATED, -12, 1)
        wire = (deflater.compress(bytes(size)) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        made.receive_data(frame(BINARY, wire, reserved=COMPRESSED))
        if size == limit:
            assert told(made) == [BytesMessage(data=bytes(size))]
            continue
        with pytest.raises(RemoteProtocolError) as caught:
            made.next_event()
        assert caught.value.close_code == 1009


def memory_of_what_is_over() -> tuple[int, int]:
    """What a conversation takes within a message, in bytes, and once it is closed."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = opened(AcceptWebSocket(extensions=(PerMessageDeflate(),)), offers=(DEFLATE,))
        made.send(TextMessage(text="a" * 1_000))
        made.receive_data(frame(BINARY, bytes(100_000), fin=False))
        within = tracemalloc.get_traced_memory()[0] - before
        made.receive_data(close_frame(1000))
        made.data_to_send()
        return within, tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_what_is_over_takes_no_memory() -> None:
    # Whoever notes which lines are run, as coverage does, takes memory for each the first time.
    memory_of_what_is_over()
    within, over = memory_of_what_is_over()
    assert within > 130_000
    assert over < 30_000


# However the bytes are cut.


def heard(pieces: Iterable[bytes]) -> tuple[list[object], bytes, Closing]:
    """What a server is told that echoes, what it writes, and how that ends.

    Adjacent parts of what is written are one, as it is only handed over at the end.
    """
    made = opened(limits=Limits(message=0x10000))
    happenings: list[object] = []
    for piece in pieces:
        made.receive_data(piece)
        try:
            while not isinstance(event := made.next_event(), Signal):
                happenings.append(event)
                if isinstance(event, TextMessage | BytesMessage):
                    made.send(event)
        except RemoteProtocolError as error:
            happenings.append((error.close_code, error.reason))
            break
    return happenings, made.data_to_send(), made.closing


SHORT = {
    name: raw
    for name, raw in {
        **GOOD,
        **{name: GOOD["text"] + raw for name, raw in CLOSES.items()},
        **{name: before + bad for name, (before, bad, _) in BAD.items()},
        "no text": frame(TEXT, b"a") + frame(TEXT, b"ab\xe2\x82c"),
        "no reason": frame(TEXT, b"a") + close_frame(1000, b"a\xff"),
    }.items()
    if len(raw) < 400
}


@for_each("raw", SHORT.values(), ids=SHORT)
def test_the_same_is_heard_however_the_bytes_are_cut(raw: bytes) -> None:
    whole = heard([raw])
    for pieces in in_two(raw):
        assert heard(pieces) == whole
    assert heard(raw[at : at + 1] for at in range(len(raw))) == whole


@settings(max_examples=50)
@given(st.lists(st.sampled_from(list(SHORT.values())), max_size=4), st.data())
def test_also_in_any_order(parts: list[bytes], data: st.DataObject) -> None:
    raw = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[a:b] for a, b in itertools.pairwise([0, *cuts, len(raw)])]
    assert heard(pieces)[:2] == heard([raw])[:2]


@given(st.binary(max_size=100))
def test_garbage_is_refused_or_means_something(garbage: bytes) -> None:
    happenings, _, _ = heard([garbage])
    for happening in happenings:
        if isinstance(happening, tuple):
            assert happening[0] in (1002, 1007, 1009)


# What is read as frames, by whichever engine.


@pytest.fixture
def read_as_frames(monkeypatch: pytest.MonkeyPatch) -> bytearray:
    """All bytes that wsproto is given, whoever gives them, and those that are read in its place."""
    everything = bytearray()
    receive = wsproto.connection.Connection.receive_data
    drop = FrameGate.drop
    receive_whole = Frames.receive_whole
    read_piece = MessageInPieces.read

    def recorded_piece(self: MessageInPieces, raw: bytes) -> TextMessage | BytesMessage | None:
        everything.extend(raw)
        return read_piece(self, raw)

    def recorded(self: wsproto.connection.Connection, data: bytes | None) -> None:
        everything.extend(data or b"")
        receive(self, data)

    def recorded_drop(self: FrameGate, size: int) -> None:
        everything.extend(self.buffer[:size])
        drop(self, size)

    def recorded_whole(self: Frames, data: bytes) -> bool:
        before = len(everything)
        taken = receive_whole(self, data)
        if taken and len(everything) == before:
            # Not by wsproto.
            everything.extend(data)
        return taken

    monkeypatch.setattr(wsproto.connection.Connection, "receive_data", recorded)
    monkeypatch.setattr(FrameGate, "drop", recorded_drop)
    monkeypatch.setattr(Frames, "receive_whole", recorded_whole)
    monkeypatch.setattr(MessageInPieces, "read", recorded_piece)
    return everything


@pytest.mark.parametrize("name", BAD)
def test_nothing_is_read_that_the_gate_refuses(name: str, read_as_frames: bytearray) -> None:
    before, bad, _ = BAD[name]
    for pieces in ([before + bad + bytes(20)], *in_two(before + bad)):
        read_as_frames.clear()
        happenings, _, _ = heard(pieces)
        assert isinstance(happenings[-1], tuple)
        assert read_as_frames == before


@pytest.mark.parametrize("name", [*GOOD, *CLOSES])
def test_all_that_is_good_is_read(name: str, read_as_frames: bytearray) -> None:
    raw = GOOD.get(name) or CLOSES[name]
    heard([raw])
    assert read_as_frames == raw


def test_nothing_is_read_behind_a_close(read_as_frames: bytearray) -> None:
    heard([close_frame(1000) + frame(TEXT, b"a"), frame(TEXT, b"b")])
    assert read_as_frames == close_frame(1000)


def test_nothing_is_read_of_what_is_too_large(read_as_frames: bytearray) -> None:
    heard([frame(TEXT, bytes(0x10001))])
    assert read_as_frames == b""


# wsproto's own client, which has written none of this.

MESSAGES = st.one_of(
    st.builds(TextMessage, text=st.text(st.characters(codec="utf-8")), final=st.just(True)),
    st.builds(BytesMessage, data=st.binary(max_size=300)),
)
PARTS = st.tuples(MESSAGES, st.integers(1, 4))


def parts_of(message: TextMessage | BytesMessage, count: int) -> Iterator[FrameEvent]:
    """The same message in so many fragments, some of which may be empty."""
    content = message.text if isinstance(message, TextMessage) else message.data
    size = -(-len(content) // count)
    for part in range(count):
        some, final = content[part * size : (part + 1) * size], part == count - 1
        if isinstance(some, str):
            yield TextMessage(text=some, final=final)
        else:
            yield BytesMessage(data=some, final=final)


def theirs(event: wsproto.events.Event) -> FrameEvent | None:
    """What we would call an event of wsproto's."""
    match event:
        case wsproto.events.TextMessage():
            return TextMessage(text=event.data, final=event.message_finished)
        case wsproto.events.BytesMessage():
            return BytesMessage(data=bytes(event.data), final=event.message_finished)
        case _:
            return None


class Peer:
    """wsproto's client, joined to a connection of ours."""

    def __init__(self, made: Connection, deflate: PerMessageDeflate | None) -> None:
        self.made = made
        self._wsproto = wsproto.WSConnection(ConnectionType.CLIENT)
        extensions = [TheirDeflate()] if deflate else []
        raw = self._wsproto.send(
            wsproto.events.Request(
                host="a", target="/", subprotocols=["a", "b"], extensions=list(extensions)
            )
        )
        made.receive_data(raw)
        assert isinstance(made.next_event(), Request)
        assert made.next_event() == END
        made.send(AcceptWebSocket(subprotocol=b"b", extensions=(deflate,) if deflate else ()))
        (accepted,) = self.hears()
        assert isinstance(accepted, wsproto.events.AcceptConnection)
        assert accepted.subprotocol == "b"
        assert bool(accepted.extensions) is bool(deflate)

    def hears(self) -> list[wsproto.events.Event]:
        self._wsproto.receive_data(self.made.data_to_send())
        return list(self._wsproto.events())

    def says(self, event: FrameEvent) -> bytes:
        match event:
            case TextMessage():
                return self._wsproto.send(
                    wsproto.events.TextMessage(event.text, message_finished=event.final)
                )
            case BytesMessage():
                return self._wsproto.send(
                    wsproto.events.BytesMessage(event.data, message_finished=event.final)
                )
            case _:
                return self._wsproto.send(wsproto.events.CloseConnection(1000, "done"))


DEFLATES = st.none() | st.builds(
    PerMessageDeflate,
    server_max_window_bits=st.integers(9, 15),
    client_max_window_bits=st.integers(9, 15),
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
)


@settings(max_examples=60)
@given(st.lists(PARTS, max_size=5), DEFLATES, st.integers(1, 50))
def test_what_their_client_says_is_heard(
    spoken: list[tuple[TextMessage | BytesMessage, int]],
    deflate: PerMessageDeflate | None,
    step: int,
) -> None:
    peer = Peer(Connection(), deflate)
    raw = b"".join(
        peer.says(part) for message, count in spoken for part in parts_of(message, count)
    )
    raw += peer.says(CloseWebSocket())
    events = []
    for start in range(0, len(raw), step):
        peer.made.receive_data(raw[start : start + step])
        events += told(peer.made)
    assert events == [*(message for message, _ in spoken), CloseWebSocket(reason="done")]
    (answer,) = peer.hears()
    assert answer == wsproto.events.CloseConnection(1000, "")


@settings(max_examples=60)
@given(st.lists(PARTS, max_size=5), DEFLATES)
def test_what_we_say_is_heard_by_their_client(
    spoken: list[tuple[TextMessage | BytesMessage, int]], deflate: PerMessageDeflate | None
) -> None:
    peer = Peer(Connection(), deflate)
    for message, count in spoken:
        peer.made.send(*parts_of(message, count))
        got = peer.hears()
        assert len(got) == count
        for event, part in zip(got, parts_of(message, count), strict=True):
            assert theirs(event) == part
    peer.made.send(CloseWebSocket(code=4000, reason="done"))
    assert peer.hears() == [wsproto.events.CloseConnection(4000, "done")]


def test_our_acceptance_is_one_to_h11() -> None:
    client = h11.Connection(h11.CLIENT)
    raw = client.send(
        h11.Request(
            method=b"GET",
            target=b"/",
            headers=[
                (b"Host", b"a"),
                (b"Upgrade", b"websocket"),
                (b"Connection", b"Upgrade"),
                (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ=="),
                (b"Sec-WebSocket-Version", b"13"),
            ],
        )
    )
    made = asked((raw or b"") + (client.send(h11.EndOfMessage()) or b""))
    made.send(AcceptWebSocket(), TextMessage(text="hi"))
    client.receive_data(made.data_to_send())
    answer = client.next_event()
    assert isinstance(answer, h11.InformationalResponse)
    assert answer.status_code == 101
    assert client.next_event() is h11.PAUSED
    assert client.trailing_data[0] == b"\x81\x02hi"


# The short way for whole messages.

ONE_OF_EACH: tuple[TextMessage | BytesMessage, ...] = (
    BytesMessage(data=b""),
    BytesMessage(data=bytes(200)),
    BytesMessage(data=bytes(70_000)),
    TextMessage(text=""),
    TextMessage(text="h\u00e9llo"),
    TextMessage(text="a" * 300),
    TextMessage(text="\ud800"),
    BytesMessage(data=b"part", final=False),
    TextMessage(text="part", final=False),
)


def deflating() -> Connection:
    return opened(AcceptWebSocket(extensions=(PerMessageDeflate(),)), offers=(DEFLATE,))


@pytest.mark.parametrize("message", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("make", [opened, deflating])
def test_a_message_sent_in_one_step_is_the_same_on_the_wire(
    make: Callable[[], Connection], message: TextMessage | BytesMessage
) -> None:
    whole, parts = make(), make()
    in_parts = make().send_large_message(message)
    frame_sent = whole.send_message(message)
    assert not whole.has_data_to_send
    assert (None if in_parts is None else b"".join(in_parts)) == frame_sent
    if frame_sent is None:
        if not message.final or message == TextMessage(text="\ud800"):
            return
        # What only the engine can send it sends, as nothing has happened.
        frame_sent = sent(whole, message)
    assert message.final
    assert frame_sent == sent(parts, message)
    assert pair(whole) == pair(parts)


def sent(made: Connection, *events: Event) -> bytes:
    made.send(*events)
    return made.data_to_send()


def test_plain_messages_do_go_in_one_step() -> None:
    made = opened()
    assert made.send_message(BytesMessage(data=b"hi")) == b"\x82\x02hi"
    assert made.send_message(TextMessage(text="hi")) == b"\x81\x02hi"


def test_the_payload_of_a_large_message_is_not_copied_to_be_sent(fast_path: bool) -> None:
    data = bytes(65_536)
    parts = opened().send_large_message(BytesMessage(data=data))
    assert parts is not None
    assert b"".join(parts) == b"\x82\x7f" + len(data).to_bytes(8) + data
    assert any(part is data for part in parts) is fast_path


def test_nor_is_it_where_it_is_sent_as_any_event(fast_path: bool) -> None:
    data = bytes(70_000)
    made = opened()
    made.send(BytesMessage(data=data))
    pieces = [made.views_to_send(1_000, 100_000), made.views_to_send(1_000, 100_000)]
    assert b"".join(pieces) == b"\x82\x7f" + len(data).to_bytes(8) + data
    views = [piece.obj for piece in pieces if isinstance(piece, memoryview)]
    assert (views[0] is data) is fast_path


@pytest.mark.parametrize("step", [Connection.send_message, Connection.send_large_message])
def test_a_message_is_sent_in_one_step_only_where_nothing_else_is_due(
    step: Callable[[Connection, BytesMessage], object],
) -> None:
    message = BytesMessage(data=b"hi")
    assert step(asked(), message) is None, "it was not accepted"
    made = opened()
    made.send(Ping())
    assert step(made, message) is None, "something waits to be written"
    made.data_to_send()
    made.receive_data(frame(PING, b"?"))
    assert step(made, message) is None, "an answer is owed"
    made.data_to_send()
    assert sent(made, BytesMessage(data=b"one ", final=False)) == b"\x02\x04one "
    assert step(made, message) is None, "another is in progress"
    assert sent(made, BytesMessage(data=b"two")) == b"\x80\x03two"
    assert step(made, message) is not None
    made.send(CloseWebSocket())
    made.data_to_send()
    assert step(made, message) is None, "it was closed"
    broken = opened()
    broken.send_failed()
    assert step(broken, message) is None
    refused = opened()
    refused.receive_data(frame(0x3))
    refused.data_to_send()
    assert step(refused, message) is None


def test_a_message_that_came_by_itself_is_told_in_one_step(fast_path: bool) -> None:
    assert Connection().next_message() is None
    made = opened()
    assert made.next_message() is None
    made.receive_data(frame(BINARY, b"one"))
    assert made.next_message() == BytesMessage(data=b"one")
    assert made.next_message() is None
    assert made.next_event() is Signal.NEED_DATA
    # Of text only wsproto knows whether it is any.
    made.receive_data(frame(TEXT, b"two"))
    two = TextMessage(text="two")
    assert made.next_message() == (two if fast_path else None)
    assert told(made) == ([] if fast_path else [two])
    # Not where anything waits before it, or is to be done.
    made.receive_data(frame(BINARY, b"three"))
    made.receive_data(frame(BINARY, b"four"))
    assert made.next_message() is None
    assert told(made) == [BytesMessage(data=b"three"), BytesMessage(data=b"four")]
    made.receive_data(frame(PING))
    assert made.next_message() is None
