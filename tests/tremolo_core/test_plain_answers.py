"""What is judged in one go, and what is left to `outgoing`.

That it would say the same is shown at the end.
"""

import itertools

import pytest

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Limits,
    LocalProtocolError,
    Response,
    State,
)
from tremolo_core.fast_engine import FastEngine
from tremolo_core.head import parse_head
from tremolo_core.outgoing import Outgoing
from tremolo_core.plain_answers import judge_piece, judge_plainly
from tremolo_core.standing import Standing, standing_of

from .corpus import GET
from .framing import handshake
from .scenes import HEAD, LAST_GET, OLD_GET

ASKED = standing_of(State.DONE, State.SEND_RESPONSE)
END = EndOfMessage()
HELLO = Data(data=b"hello")
NOTHING = Data(data=b"")
MORE = Data(data=b"x" * 26)
LENGTH_5 = Response(status=200, headers=Headers(((b"content-length", b"5"),)))
CHUNKED = Response(status=200)
LAST = Response(status=200, headers=Headers(((b"content-length", b"5"), (b"connection", b"close"))))
WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Answering:
    """An answer, what has been written of it, and where both sides stand."""

    def __init__(self, raw: bytes = GET) -> None:
        self.outgoing = Outgoing()
        head = parse_head(raw, Limits())
        self.outgoing.begin(head.method, head.meaning)
        self.engine = FastEngine()
        self.out: list[bytes] = []
        self.standing = ASKED

    def write(self, *events: Event) -> bool:
        """Whether they were judged plainly, and not left to the others."""
        before = self._all()
        plain = judge_plainly(events, self.standing, self.outgoing)
        if plain is None:
            assert self._all() == before
            return False
        self.standing, written = plain
        self.engine.write(written, self.out)
        return True

    def _all(self) -> list[object]:
        made = self.outgoing
        return [made.framing, made.missing, made.begun, made.keep_alive]

    @property
    def written(self) -> bytes:
        return b"".join(self.out)


def states(standing: Standing) -> tuple[State, State]:
    return standing.client, standing.server


@pytest.mark.parametrize(
    ("events", "raw"),
    [
        ((LENGTH_5, HELLO, END), WITH_LENGTH + b"hello"),
        (
            (LENGTH_5, Data(data=b"he"), Data(data=b""), Data(data=b"llo"), END),
            WITH_LENGTH + b"hello",
        ),
        ((CHUNKED, HELLO, NOTHING, END), IN_CHUNKS + b"5\r\nhello\r\n0\r\n\r\n"),
        (
            (CHUNKED, Data(data=b"x" * 26), END),
            IN_CHUNKS + b"1a\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n",
        ),
        ((Response(status=204), END), b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
)
def test_an_answer(events: tuple[Event, ...], raw: bytes) -> None:
    together = Answering()
    assert together.write(*events)
    assert together.written == raw
    assert states(together.standing) == (State.DONE, State.DONE)
    apart = Answering()
    for event in events:
        assert apart.write(event)
        assert apart.outgoing.begun
    assert apart.written == raw
    assert apart.standing is together.standing


def test_the_rest_of_an_answer() -> None:
    answering = Answering()
    assert answering.write(CHUNKED)
    assert answering.write(HELLO, HELLO, END)
    assert answering.written == IN_CHUNKS + b"5\r\nhello\r\n" * 2 + b"0\r\n\r\n"


def test_the_last_answer() -> None:
    ours = Answering()
    assert ours.write(LAST, HELLO, END)
    assert states(ours.standing) == (State.MUST_CLOSE, State.MUST_CLOSE)
    assert not ours.outgoing.keep_alive
    theirs = Answering(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert theirs.write(LENGTH_5, HELLO, END)
    assert states(theirs.standing) == (State.MUST_CLOSE, State.MUST_CLOSE)
    assert theirs.written == ours.written


def test_an_answer_becomes_the_last_by_what_came_before() -> None:
    answering = Answering()
    answering.outgoing.keep_alive = False
    assert answering.write(CHUNKED)
    # Not said by the client, so in another place.
    assert answering.written == (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )


@pytest.mark.parametrize(
    "events",
    [
        (HELLO,),
        (LENGTH_5, END),
        (LENGTH_5, Data(data=b"hello!"), END),
        (LENGTH_5, HELLO, HELLO),
        (LENGTH_5, LENGTH_5),
        (LENGTH_5, HELLO, END, END),
        (Response(status=304), HELLO),
        (CHUNKED, EndOfMessage(trailers=Headers(((b"x", b"y"),)))),
        (InformationalResponse(status=103), LENGTH_5),
        (LENGTH_5, HELLO, END, ConnectionClosed()),
    ],
)
def test_what_is_wrong_or_rare_is_left_to_the_others(events: tuple[Event, ...]) -> None:
    assert not Answering().write(*events)


@pytest.mark.parametrize(
    "raw", [GET.replace(b"GET", b"HEAD"), GET.replace(b"1.1", b"1.0"), handshake()]
)
def test_so_is_the_answer_to_an_extraordinary_request(raw: bytes) -> None:
    assert not Answering(raw).write(LENGTH_5, HELLO, END)


def test_a_head_that_may_not_be_sent_leaves_no_trace() -> None:
    answering = Answering()
    with pytest.raises(LocalProtocolError):
        answering.write(Response(status=600))
    assert answering.written == b""
    assert not answering.outgoing.begun
    assert answering.write(LENGTH_5, HELLO, END)


EVENTS: tuple[Event, ...] = (LENGTH_5, CHUNKED, LAST, Response(status=204), HELLO, NOTHING, END)


@pytest.mark.parametrize("raw", [GET, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")])
def test_the_others_would_say_the_same(raw: bytes) -> None:
    judged = 0
    for size in range(5):
        for events in itertools.product(EVENTS, repeat=size):
            plainly, slowly = Answering(raw), Answering(raw)
            plain = judge_plainly(events, ASKED, plainly.outgoing)
            if plain is not None:
                judged += 1
                batch = slowly.outgoing.judge(events, ASKED, awaited=False)
                assert plain == (batch.standing, batch.written)
                assert plainly._all() == slowly._all()
    assert judged > 40


# A piece by itself.


def begun(raw: bytes, *events: Event) -> Answering:
    """An answer that has begun, whoever had to judge it."""
    answering = Answering(raw)
    batch = answering.outgoing.judge(events, ASKED, awaited=False)
    answering.standing = batch.standing
    return answering


def test_a_piece_that_fits_is_counted() -> None:
    answering = begun(GET, LENGTH_5)
    for size, fits, missing in (
        (6, False, 5),
        (3, True, 2),
        (3, False, 2),
        (2, True, 0),
        (1, False, 0),
    ):
        assert judge_piece(size, answering.standing, answering.outgoing) is fits
        assert answering.outgoing.missing == missing


@pytest.mark.parametrize("events", [(), (LENGTH_5, HELLO, END), (CHUNKED, END)])
def test_no_piece_is_due(events: tuple[Event, ...]) -> None:
    answering = begun(GET, *events)
    assert not judge_piece(1, answering.standing, answering.outgoing)


def test_a_piece_is_judged_as_data_would_be() -> None:
    judged = 0
    beginnings = [(), *((head,) for head in EVENTS[:4]), (CHUNKED, END), (Response(status=304),)]
    for raw, events in itertools.product([GET, LAST_GET, OLD_GET, HEAD], beginnings):
        for size in (4, 5, 6):
            piece, data = begun(raw, *events), begun(raw, *events)
            alone = judge_piece(size, piece.standing, piece.outgoing)
            assert alone is data.write(Data(data=bytes(size)))
            assert piece._all() == data._all()
            judged += alone
    # A chunk of any size, one of four or five bytes where that is the length, to whom is plain.
    assert judged == 2 * (3 + 2 + 2)
