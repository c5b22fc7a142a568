"""What there is to be read in a given state, apart from what follows from it."""

import pytest

from tremolo_core import (
    AcceptWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    Limits,
    RemoteProtocolError,
    Request,
    State,
    TextMessage,
)
from tremolo_core.engine import Engine
from tremolo_core.events import FrameEvent
from tremolo_core.fast_engine import FastEngine
from tremolo_core.h11_engine import H11Engine
from tremolo_core.incoming import Incoming
from tremolo_core.websocket_handshake import Agreement
from tremolo_core.wsproto_engine import WsprotoEngine

from .corpus import CHUNKED, GET
from .framing import TEXT, close_frame, frame, handshake

END = EndOfMessage()
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
OLD_GET = b"GET / HTTP/1.0\r\n\r\n"
EXPECTING = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"


class Chosen:
    """What the next `incoming` is made with."""

    fast_path = True


@pytest.fixture(autouse=True, params=[True, False], ids=["fast", "h11"])
def fast_path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    chosen: bool = request.param
    monkeypatch.setattr(Chosen, "fast_path", chosen)
    return chosen


def incoming(data: bytes = b"", *, eof: bool = False) -> Incoming:
    made = Incoming(Limits(), fast_path=Chosen.fast_path)
    if data:
        made.receive_data(data)
    made.eof = eof
    return made


def asked(data: bytes, *, eof: bool = False) -> Incoming:
    """What is behind a head that has been read."""
    made = incoming(data, eof=eof)
    assert isinstance(made.next_event(State.IDLE), Request)
    return made


def withheld(made: Incoming) -> bool:
    # As a function, because what the type checker has seen of an attribute, it goes on believing.
    return made.withheld


def next_cycle(made: Incoming) -> bool | None:
    """As a connection turns to it."""
    come = made.gate.next_message()
    if come is not None:
        made.renew_engine()
    return come


def engine_of(made: Incoming) -> type[Engine]:
    return type(made.engine)


def test_before_a_request() -> None:
    made = incoming(GET[:5])
    assert made.next_event(State.IDLE) is None
    assert not made.said_last
    made.receive_data(GET[5:] + b"more")
    request = made.next_event(State.IDLE)
    assert request == Request(method=b"GET", target=b"/", headers=Headers(((b"host", b"a"),)))
    assert made.meaning.http_version == b"1.1"
    assert made.buffered == 4
    assert made.received == len(GET) + 4


def test_in_a_body() -> None:
    made = asked(POST + b"he")
    assert made.unread == 5
    assert made.next_event(State.SEND_BODY) == Data(data=b"he")
    assert made.unread == 3
    assert made.next_event(State.SEND_BODY) is None
    made.receive_data(b"llo")
    assert made.next_event(State.SEND_BODY) == Data(data=b"llo")
    assert made.next_event(State.SEND_BODY) == END


def test_no_event_tells_of_chunk_lines() -> None:
    made = asked(CHUNKED + b"5\r\n")
    assert made.next_event(State.SEND_BODY) is None
    assert (made.buffered, made.unread) == (0, None)
    made.receive_data(b"hello\r\n0\r\nX: y\r\n\r\n")
    assert made.next_event(State.SEND_BODY) == Data(data=b"hello")
    trailers = Headers(((b"x", b"y"),))
    assert made.next_event(State.SEND_BODY) == EndOfMessage(trailers=trailers)


def test_behind_a_message_nothing_is_read() -> None:
    made = asked(GET + GET)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) is None
    assert made.buffered == len(GET)
    next_cycle(made)
    assert isinstance(made.next_event(State.IDLE), Request)
    assert made.buffered == 0


@pytest.mark.parametrize("state", [State.MUST_CLOSE, State.CLOSED])
def test_behind_the_last_message_all_is_dropped(state: State) -> None:
    made = asked(GET + b"\0")
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(state) is None
    assert made.buffered == 0


def test_what_waits_can_be_dropped() -> None:
    made = incoming(GET)
    made.discard()
    assert made.buffered == 0
    assert made.next_event(State.IDLE) is None


@pytest.mark.parametrize("state", [State.IDLE, State.DONE, State.MUST_CLOSE, State.CLOSED])
def test_the_end_behind_whole_messages(state: State) -> None:
    made = incoming(eof=True)
    assert made.next_event(state) == ConnectionClosed()
    assert made.next_event(state) == ConnectionClosed()


def test_the_end_behind_bytes_that_are_dropped() -> None:
    made = incoming(b"\0", eof=True)
    assert made.next_event(State.MUST_CLOSE) == ConnectionClosed()


def test_the_end_waits_behind_another_request() -> None:
    made = asked(GET + GET, eof=True)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) is None
    next_cycle(made)
    assert isinstance(made.next_event(State.IDLE), Request)
    assert made.next_event(State.SEND_BODY) == END
    assert made.next_event(State.DONE) == ConnectionClosed()


def test_the_end_in_a_head() -> None:
    with pytest.raises(RemoteProtocolError, match="in the middle of a head") as caught:
        incoming(b"G", eof=True).next_event(State.IDLE)
    assert caught.value.status is None


@pytest.mark.parametrize("raw", [POST, CHUNKED, CHUNKED + b"0\r\n"])
def test_the_end_in_a_body(raw: bytes) -> None:
    made = asked(raw, eof=True)
    with pytest.raises(RemoteProtocolError, match="in the middle of a body") as caught:
        made.next_event(State.SEND_BODY)
    assert caught.value.status is None


def test_what_came_before_the_end_comes_first() -> None:
    made = asked(POST + b"hel", eof=True)
    assert made.next_event(State.SEND_BODY) == Data(data=b"hel")
    with pytest.raises(RemoteProtocolError):
        made.next_event(State.SEND_BODY)


def test_what_is_wrong_comes_before_the_end() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        incoming(b"\0\r\n\r\n", eof=True).next_event(State.IDLE)
    assert caught.value.status == 400


def test_a_limit_of_the_body() -> None:
    made = asked(POST)
    made.limit_body(4)
    with pytest.raises(RemoteProtocolError) as caught:
        made.next_event(State.SEND_BODY)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ("raw", "kept_back"),
    [
        (GET, False),
        (POST, False),
        (EXPECTING, True),
        (EXPECTING.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"), True),
        (EXPECTING.replace(b"Length: 5", b"Length: 0"), False),
        (EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    ],
)
def test_a_body_that_is_kept_back(raw: bytes, kept_back: bool) -> None:
    made = asked(raw)
    assert withheld(made) is kept_back


def test_a_body_that_is_kept_back_no_longer() -> None:
    made = asked(EXPECTING)
    assert made.next_event(State.SEND_BODY) is None
    assert withheld(made)
    made.receive_data(b"h")
    made.next_event(State.SEND_BODY)
    assert not withheld(made)
    assert made.next_event(State.SEND_BODY) is None
    assert not withheld(made)


def test_the_host_that_is_meant() -> None:
    made = incoming(b"GET http://b/ HTTP/1.1\r\nX: y\r\nHost: a\r\n\r\n")
    request = made.next_event(State.IDLE)
    assert isinstance(request, Request)
    assert request.headers == ((b"host", b"b"), (b"x", b"y"))
    assert request.target == b"http://b/"


def test_the_version_that_is_meant() -> None:
    request = incoming(GET.replace(b"1.1", b"1.7")).next_event(State.IDLE)
    assert isinstance(request, Request)
    assert request.http_version == b"1.1"


# Which engine it is.

UNUSUAL = {
    "HTTP/1.0": GET.replace(b"1.1", b"1.0"),
    "a handshake": handshake(),
    "an absolute target": GET.replace(b" / ", b" http://b/ "),
    "a coding in capitals": CHUNKED.replace(b"chunked", b"CHUNKED") + b"0\r\n\r\n",
}


@pytest.mark.parametrize("raw", UNUSUAL.values(), ids=UNUSUAL)
def test_the_engine_is_chosen_for_each_request(raw: bytes, fast_path: bool) -> None:
    ordinary = FastEngine if fast_path else H11Engine
    made = incoming(GET + raw + GET)
    assert engine_of(made) is ordinary, "for a refusal before any request"
    for chosen in (ordinary, H11Engine, ordinary):
        assert isinstance(made.next_event(State.IDLE), Request)
        assert engine_of(made) is chosen
        assert made.next_event(State.SEND_BODY) == END
        next_cycle(made)
        assert engine_of(made) is ordinary, "for a refusal before the next request"


def test_h11_has_a_connection_for_each_request_and_the_fast_engine_has_none(
    fast_path: bool,
) -> None:
    made = incoming(GET + GET)
    made.next_event(State.IDLE)
    first = made.engine
    assert made.next_event(State.SEND_BODY) == END
    next_cycle(made)
    made.next_event(State.IDLE)
    assert (made.engine is first) is fast_path


def test_what_is_kept_for_the_next_request_can_be_forgotten() -> None:
    made = incoming(GET + GET + GET)
    kept = []
    for _ in range(3):
        made.next_event(State.IDLE)
        kept.append(made.gate._last)
        if len(kept) == 2:
            made.forget()
        next_cycle(made)
    first, second, third = kept
    assert first is not None
    assert second is not None
    assert third is not None
    assert first == second == third
    # The headers.
    assert second[1] is first[1]
    assert third[1] is not second[1]


def test_a_request_is_forgotten_with_what_its_client_has_said_of_the_next() -> None:
    made = asked(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert made.said_last
    made.forget()
    assert not made.said_last


def test_who_has_no_websocket_owes_and_leaves_none() -> None:
    incoming = Incoming(Limits(), fast_path=True)
    incoming.eof = True
    assert not incoming.owes_frames
    assert not incoming.broke_off


def test_what_comes_behind_the_last_message_is_noted() -> None:
    made = asked(GET)
    noted = [made.went_on]
    made.receive_data(b"x")
    noted.append(made.went_on)
    assert made.next_event(State.MUST_CLOSE) is None
    noted.append(made.went_on)
    assert noted == [False, True, True]
    assert made.buffered == 0


AGREED = Agreement(acceptance=AcceptWebSocket(), headers=Headers(), deflate=None)


@pytest.mark.parametrize(
    ("state", "events"), [(State.SEND_BODY, [END]), (State.DONE, [])], ids=["before", "told"]
)
def test_the_end_of_a_handshake_is_told_before_any_message(
    state: State, events: list[EndOfMessage]
) -> None:
    made = asked(handshake() + frame(TEXT, b"a"))
    frames = made.open_frames(AGREED, state)
    frames.read()
    told = [TextMessage(text="a"), *reversed(events)]
    while told:
        assert frames.next_event() == told.pop()
    assert frames.next_event() is None


def test_frames_that_end_without_a_close_have_broken_off() -> None:
    made = asked(handshake())
    frames = made.open_frames(AGREED, State.DONE)
    noted = [made.broke_off]
    made.eof = True
    noted.append(made.broke_off)
    made.receive_data(close_frame(1000))
    frames.read()
    noted.append(made.broke_off)
    assert noted == [False, True, False]


def test_frames_are_left_to_wsproto_without_the_fast_path(
    fast_path: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_of_wsproto: list[FrameEvent] = []

    def noted(engine: WsprotoEngine, event: FrameEvent) -> bytes:
        asked_of_wsproto.append(event)
        return b""

    monkeypatch.setattr(WsprotoEngine, "send", noted)
    message = TextMessage(text="a")
    asked(handshake()).open_frames(AGREED, State.DONE).write_whole(message)
    assert asked_of_wsproto == ([] if fast_path else [message])


def test_only_an_end_that_has_come_is_skipped() -> None:
    assert not asked(POST + b"hell").skip_end()
    assert asked(GET).skip_end()


@pytest.mark.parametrize("behind", [b"", GET])
def test_an_end_is_skipped_to_the_next_message(behind: bytes, fast_path: bool) -> None:
    made = asked(OLD_GET + behind)
    before = made.engine
    assert isinstance(before, H11Engine)
    assert next_cycle(made) is bool(behind)
    assert made.engine is not before
    assert engine_of(made) is (FastEngine if fast_path else H11Engine)
    made.receive_data(GET)
    assert isinstance(made.next_event(State.IDLE), Request)


def test_a_piece_of_a_body_is_read_past_the_engine_if_that_reads_ordinary_ones(
    fast_path: bool,
) -> None:
    made = asked(EXPECTING)
    assert made.next_piece() is None
    assert withheld(made)
    made.receive_data(b"he")
    assert made.next_piece() == (Data(data=b"he") if fast_path else None)
    assert withheld(made) is not fast_path
    made = asked(POST.replace(b"1.1", b"1.0") + b"he")
    assert made.next_piece() is None


def test_a_message_that_goes_on_is_not_skipped() -> None:
    made = asked(EXPECTING)
    before = made.engine
    assert next_cycle(made) is None
    assert made.engine is before
    assert withheld(made)
