"""The law of the fast path: with it and without it, everything read and written is the same."""

import itertools
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Limits,
    LocalProtocolError,
    PerMessageDeflate,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    State,
    TextMessage,
    incoming,
    plain_fields,
)
from tremolo_core.engine import Engine
from tremolo_core.fast_engine import FastEngine
from tremolo_core.h11_engine import H11Engine
from tremolo_core.head import Head

from .corpus import BAD, BREAKING_OFF, CHUNKED, FRAGMENTS, GET, GOOD, IN_VALUE, POST
from .frame_corpus import BAD as BAD_FRAMES
from .frame_corpus import CLOSES
from .frame_corpus import GOOD as GOOD_FRAMES
from .framing import BINARY, TEXT, frame, handshake
from .playing import (
    NO_CONTENT,
    Happening,
    Refused,
    converse,
    cut,
    every_byte,
    on_websocket,
)

END = EndOfMessage()


# Reading, and what a server writes that answers everything.


def both(
    pieces: Iterable[bytes], *, limits: Limits | None = None, early: bool = False
) -> tuple[list[Happening], bytes]:
    """What is heard and written, with the short ways and the fast path as without them."""
    pieces = list(pieces)
    fast = converse(pieces, limits=limits, early=early, fast_path=True, at_once=True)
    slow = converse(pieces, limits=limits, early=early, fast_path=False)
    assert fast == slow
    return fast


CORPUS: dict[str, bytes] = {
    **{name: good.raw for name, good in GOOD.items()},
    **{name: bad.raw + GET for name, bad in BAD.items()},
    **BREAKING_OFF,
}
SHORT = {name: raw for name, raw in CORPUS.items() if len(raw) < 1_000}

# Each is a list of positions as fractions of the whole, for want of knowing its length.
CUTS = st.lists(st.floats(min_value=0, max_value=1), max_size=6)


def pieces_of(raw: bytes, cuts: list[float]) -> list[bytes]:
    return cut(raw, *(int(at * len(raw)) for at in cuts))


@for_each("raw", CORPUS.values(), ids=CORPUS)
def test_each_message_of_the_corpus(raw: bytes) -> None:
    for early in (False, True):
        both([raw], early=early)
        both(every_byte(raw), early=early)


@for_each("raw", SHORT.values(), ids=SHORT)
def test_each_message_of_the_corpus_cut_at_every_point(raw: bytes) -> None:
    whole = both([raw])
    for at in range(1, len(raw)):
        assert both(cut(raw, at)) == whole, at


@given(names=st.lists(st.sampled_from(sorted(SHORT)), max_size=5), cuts=CUTS, early=st.booleans())
def test_messages_behind_each_other(names: list[str], cuts: list[float], early: bool) -> None:
    both(pieces_of(b"".join(SHORT[name] for name in names), cuts), early=early)


@given(
    parts=st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=12),
    cuts=CUTS,
    tight=st.booleans(),
)
def test_fragments_of_messages(parts: list[bytes], cuts: list[float], tight: bool) -> None:
    limits = Limits(head=300, request_line=60, fields=5, trailers=64, chunk_line=16, body=100)
    both(pieces_of(b"".join(parts), cuts), limits=limits if tight else None)


# One head behind another: what is kept of the first does not leak into the second.

BLOCKS = (
    b"Host: a\r\n\r\n",
    b"\r\n",
    b"Host: a\r\nX: y \r\n\r\n",
    b"Host: a\r\nContent-Length: 0\r\n\r\n",
    b"Host: a\r\nContent-Length: 5\r\n\r\n",
    b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"Host: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
    b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"Host: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    handshake().partition(b"\r\n")[2],
)

BODIES = {BLOCKS[4]: b"hello", BLOCKS[8]: b"hello", BLOCKS[5]: b"2\r\nab\r\n0\r\nX: y\r\n\r\n"}
BODIES[BLOCKS[6]] = BODIES[BLOCKS[5]]

LINES = (
    *(b"GET / HTTP/1.1\r\n", b"POST /x HTTP/1.1\r\n", b"HEAD / HTTP/1.1\r\n"),
    *(b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.9\r\n", b"GET / HTTP/3.1\r\n"),
    *(b"GET http://b/ HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n", b"GET * HTTP/1.1\r\n"),
)

REQUESTS = [line + block + BODIES.get(block, b"") for line in LINES for block in BLOCKS]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_same_fields_behind_other_request_lines(block: bytes) -> None:
    body = BODIES.get(block, b"")
    for first, second in itertools.product(LINES, repeat=2):
        raw = first + block + body + second + block + body + GET
        happenings, _ = both([raw])
        assert both(every_byte(raw))[0] == happenings
        alone, _ = both([second + block + body + GET])
        if alone[-1] == Refused(status=505) or happenings[-1] == Refused(status=505):
            continue
        if happenings.count(END) > 1 and isinstance(happenings[0], Request):
            # Nothing of the second is other than when it is the first.
            begin = happenings.index(next(e for e in happenings if isinstance(e, EndOfMessage)))
            assert happenings[begin + 1 :] == alone


@for_each("block", BLOCKS)
def test_the_same_request_by_itself_again(block: bytes) -> None:
    for line, early in itertools.product(LINES, (False, True)):
        raw = line + block + BODIES.get(block, b"")
        both([raw, raw, raw, GET], early=early)
        both([line + block, BODIES.get(block, b""), raw, GET], early=early)


@given(raws=st.lists(st.sampled_from(REQUESTS), min_size=2, max_size=6), cuts=CUTS)
def test_requests_behind_each_other(raws: list[bytes], cuts: list[float]) -> None:
    both(pieces_of(b"".join(raws), cuts))
    # With a forgiving server the next request is heard of, whatever the one before was.
    both([raws[0], *raws], early=True)


@given(raws=st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=4), cuts=CUTS)
def test_requests_with_names_that_have_come_often(raws: list[bytes], cuts: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_fields, "_OFTEN", 1)
        patch.setattr(plain_fields, "_names", {})
        both([*raws, *raws], early=True)
        both(pieces_of(b"".join(raws), cuts), early=True)


# Writing.

Outcome: TypeAlias = bytes | str


def state_of(made: Connection) -> list[object]:
    """All that a driver can know of it."""
    return [
        *(made.client_state, made.server_state, made.closing, made.response_started),
        *(made.they_await_continue, made.buffered, made.unread_body, made.refusal is None),
    ]


class Both:
    """Two connections that hear and say the same, of which one has the fast path."""

    def __init__(self) -> None:
        self._fast = Connection(fast_path=True)
        self._slow = Connection(fast_path=False)
        self.said = 0
        """How many batches were sent."""

    def _agree(self) -> None:
        assert state_of(self._fast) == state_of(self._slow)

    @property
    def over(self) -> bool:
        """Whether no other request may follow."""
        done = (State.DONE, State.DONE)
        return (self._fast.client_state, self._fast.server_state) != done

    def receive(self, raw: bytes) -> None:
        for made in (self._fast, self._slow):
            made.receive_data(raw)
        self._agree()

    def next_event(self) -> Event | Signal | Refused:
        fast, slow = (_next_event(made) for made in (self._fast, self._slow))
        assert fast == slow
        self._agree()
        return fast

    def send(self, *events: Event) -> Outcome:
        """The bytes that are written, or why none are."""
        before = state_of(self._fast)
        fast, slow = (_sent(made, events) for made in (self._fast, self._slow))
        assert fast == slow, events
        self._agree()
        if isinstance(fast, str):
            assert state_of(self._fast) == before
        else:
            self.said += 1
        return fast

    def answer_refusal(self) -> None:
        """Write what answers it, if nothing was sent that does."""
        fast, slow = (made.data_to_send() for made in (self._fast, self._slow))
        assert fast == slow
        self._agree()

    def start_next_cycle(self) -> None:
        for made in (self._fast, self._slow):
            made.start_next_cycle()
        self._agree()


def _next_event(made: Connection) -> Event | Signal | Refused:
    try:
        return made.next_event()
    except RemoteProtocolError as error:
        return Refused(status=error.status)


def _sent(made: Connection, events: Sequence[Event]) -> Outcome:
    try:
        made.send(*events)
    except LocalProtocolError as error:
        # What answers a refusal could still be replaced.
        assert made.refusal or made.data_to_send() == b"", "what is not sent leaves no trace"
        return str(error)
    return made.data_to_send()


Fields: TypeAlias = tuple[tuple[bytes, bytes], ...]

LENGTH_5 = (b"Content-Length", b"5")

HEADS: dict[str, Fields] = {
    "nothing": (),
    "a length": (LENGTH_5,),
    "a length with zeros": ((b"content-length", b" 005 "),),
    "a length of nothing": ((b"CONTENT-LENGTH", b"0"),),
    "a coding": ((b"x", b"y"), (b"Transfer-Encoding", b"chunked"), (b"z", b"")),
    "a coding in capitals": ((b"TRANSFER-ENCODING", b" CHUNKED "),),
    "a Host": ((b"x", b"y"), (b"HOST", b"a"), LENGTH_5, (b"host", b"b")),
    "an end": ((b"Connection", b"close"), LENGTH_5),
    "an end of chunks": ((b"x", b"y"), (b"connection", b"CLOSE"), (b"z", b"")),
    "an end among others": (
        *((b"Connection", b"b, Keep-Alive,,"), (b"x", b"y"), (b"connection", b"A,close")),
        LENGTH_5,
    ),
    "no end": ((b"Connection", b"Keep-Alive, Upgrade"), LENGTH_5),
    "no options": ((b"connection", b""), (b"Connection", b" , ")),
    "an upgrade": ((b"Upgrade", b"h2c"), (b"Connection", b"Upgrade")),
    "names in any case": ((b"x-UA'c_D.e1f", b"\t \xff\xe9 \t"), (b"ETag", b'"a"'), LENGTH_5),
}

BAD_HEADS: dict[str, Fields] = {
    "both": (LENGTH_5, (b"transfer-encoding", b"chunked")),
    "two lengths": (LENGTH_5, LENGTH_5),
    "a bad name": ((b"a b", b""),),
    "a bad value": ((b"a", b"b\r\nc: d"),),
}

ASKED: dict[str, bytes] = {
    "GET": GET,
    "HEAD": GET.replace(b"GET", b"HEAD"),
    "a body that has come": POST + b"hello",
    "a body that has not": POST,
    "chunks": CHUNKED + b"1\r\na\r\n",
    "the last": GET.replace(b"Host", b"Connection: close\r\nHost"),
    "HTTP/1.0": GET.replace(b"1.1", b"1.0"),
    "HEAD in HTTP/1.0": b"HEAD / HTTP/1.0\r\n\r\n",
    "HTTP/1.5": GET.replace(b"1.1", b"1.5"),
    "who waits for a 100": POST.replace(b"Host", b"Expect: 100-continue\r\nHost"),
    "an upgrade": GET.replace(b"Host", b"Connection: upgrade\r\nUpgrade: h2c\r\nHost"),
    "a WebSocket": handshake(),
    "what is refused": b"GET /\r\n",
    "a body that is refused": CHUNKED + b"x\r\n",
}


@for_each("raw", ASKED.values(), ids=ASKED)
@for_each("fields", [*HEADS.values(), *BAD_HEADS.values()], ids=[*HEADS, *BAD_HEADS])
def test_every_kind_of_answer_to_every_kind_of_request(raw: bytes, fields: Fields) -> None:
    headers = Headers(fields)
    trailers = EndOfMessage(trailers=Headers(((b"X-Sum", b"1"), (b"x", b" "), (b"Y", b"\xe9"))))
    said = 0
    for status, body, end, whole in itertools.product(
        (200, 204, 304, 404),
        ([Data(data=b"hello")], [Data(data=b"he"), Data(data=b""), Data(data=b"llo")], []),
        (END, trailers),
        (False, True),
    ):
        pair = Both()
        pair.receive(raw)
        pair.next_event()
        if whole:
            while not isinstance(pair.next_event(), Signal | Refused):
                pass
        pair.send(InformationalResponse(status=103, headers=headers))
        pair.send(Response(status=status, headers=headers, reason=b""))
        for part in body:
            pair.send(part)
        pair.send(end)
        pair.send(END)
        pair.answer_refusal()
        said += pair.said
        together = Both()
        together.receive(raw)
        together.next_event()
        together.send(Response(status=status, headers=headers), *body, end)
        said += together.said
    assert (said > 0) is (fields in HEADS.values())


@for_each("raw", ASKED.values(), ids=ASKED)
@for_each("fields", HEADS.values(), ids=HEADS)
@for_each("fast_path", [True, False], ids=["fast", "h11"])
def test_what_is_written_elsewhere_is_as_what_is_sent(
    raw: bytes, fields: Fields, fast_path: bool
) -> None:
    head = Response(status=200, headers=Headers(fields))
    sent, elsewhere = Connection(fast_path=fast_path), Connection(fast_path=fast_path)
    for made in (sent, elsewhere):
        made.receive_data(raw)
        _next_event(made)
        _sent(made, (head,))
    if sent.sends_chunks:
        return
    said = [_sent(sent, (Data(data=b"hello"),)), _sent(sent, (END,))]
    try:
        written = b"hello"[: elsewhere.send_elsewhere(5)]
    except LocalProtocolError as error:
        assert [str(error), _sent(elsewhere, (END,))] == said
    else:
        assert [written, _sent(elsewhere, (END,))] == said
    assert elsewhere.server_state is sent.server_state


NAMES = st.sampled_from(
    [
        *(b"X-Y", b"x", b"HOST", b"host", b"Content-Type", b"Date", b"SERVER", b"Set-Cookie"),
        *(b"Upgrade", b"Trailer", b"keep-alive", b"x'y_z", b"Location"),
    ]
)
VALUES = st.sampled_from([b"", b"a", b" a\tb ", b"close", b"a, b"]) | st.binary(max_size=5).map(
    lambda some: bytes(byte for byte in some if byte in IN_VALUE)
)
FIELDS = st.lists(
    st.tuples(NAMES, VALUES)
    | st.tuples(
        st.sampled_from([b"Connection", b"connection"]),
        st.sampled_from([b"close", b"Keep-Alive", b"a, CLOSE", b"upgrade", b"", b",b,,a"]),
    ),
    max_size=4,
)
FRAMINGS = st.sampled_from(
    [
        (),
        (),
        *(((b"content-length", size),) for size in (b"0", b"5", b"05", b"6")),
        *(((name, b"chunked"),) for name in (b"transfer-encoding", b"Transfer-Encoding")),
    ]
)
ILLEGAL_FIELDS = st.sampled_from(
    [(b"a b", b""), (b"", b"a"), (b"a", b"\r\n"), (b"content-length", b"x"), (b"te", b"\0")]
)


def headers_of(parts: tuple[list[tuple[bytes, bytes]], Fields]) -> Headers:
    fields, framing = parts
    at = len(fields) // 2
    return Headers((*fields[:at], *framing, *fields[at:]))


HEADERS = st.tuples(FIELDS, FRAMINGS).map(headers_of) | st.tuples(FIELDS, ILLEGAL_FIELDS).map(
    lambda parts: Headers((*parts[0], parts[1]))
)
REASONS = st.sampled_from([b"", b"", b"Fine", b"Tr\xe8s bien\t", b"a\n"])
INTERIM = st.builds(
    InformationalResponse,
    status=st.sampled_from([100, 102, 103, 199, 101]),
    headers=FIELDS.map(Headers),
    reason=REASONS,
)
FINAL = st.builds(
    Response,
    status=st.sampled_from([200, 200, 201, 204, 299, 304, 404, 500, 599, 600]),
    headers=HEADERS,
    reason=REASONS,
)
DATA = st.builds(
    Data, data=st.sampled_from([b"", b"h", b"hello", b"ello", b"x" * 16, b"\0" * 4_097])
)
LAST = st.just(END) | st.builds(EndOfMessage, trailers=FIELDS.map(Headers))
ANY: st.SearchStrategy[Event] = st.one_of(
    INTERIM, FINAL, DATA, LAST, st.just(ConnectionClosed()), st.just(AcceptWebSocket())
)


def answer(
    parts: tuple[list[InformationalResponse], Response, list[Data], EndOfMessage, list[Event]],
) -> list[Event]:
    before, head, body, end, stray = parts
    return [*before, head, *stray, *body, end, *stray]


def anything(most: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(ANY, max_size=most)


EVENTS = anything(6) | st.tuples(
    st.lists(INTERIM, max_size=2),
    FINAL,
    st.lists(DATA, max_size=3),
    LAST,
    st.just([]) | anything(1),
).map(answer)

EXCHANGES = st.lists(
    st.tuples(st.sampled_from(sorted(ASKED)), EVENTS, st.booleans(), st.booleans()),
    min_size=1,
    max_size=3,
)


@given(exchanges=EXCHANGES)
def test_whatever_is_sent(exchanges: list[tuple[str, list[Event], bool, bool]]) -> None:
    pair = Both()
    for name, events, whole, together in exchanges:
        pair.receive(ASKED[name])
        pair.next_event()
        if whole:
            pair.next_event()
            pair.next_event()
        if together:
            pair.send(*events)
        for event in events:
            pair.send(event)
        pair.send(*NO_CONTENT)
        if name.startswith("a body that has not") or name == "who waits for a 100":
            pair.receive(b"hello")
        while not isinstance(pair.next_event(), Signal | ConnectionClosed | Refused):
            pass
        pair.send(Data(data=b"left over"))
        pair.send(END)
        pair.answer_refusal()
        if pair.over:
            break
        pair.start_next_cycle()


@given(events=EVENTS)
def test_whatever_is_sent_before_any_request(events: list[Event]) -> None:
    pair = Both()
    for event in events:
        pair.send(event)


@given(events=EVENTS)
def test_whatever_is_sent_in_place_of_a_refusal_in_a_later_cycle(events: list[Event]) -> None:
    pair = Both()
    pair.receive(GET)
    pair.next_event()
    pair.next_event()
    # The next answer is framed by itself, whatever frames this one.
    pair.send(Response(status=200), Data(data=b"hello"), END)
    pair.start_next_cycle()
    pair.receive(b"\0\r\n\r\n")
    assert pair.next_event() == Refused(status=400)
    for event in events:
        pair.send(event)


def test_frames_behind_a_handshake_behind_requests() -> None:
    pair = Both()
    pair.receive(GET)
    pair.next_event()
    pair.next_event()
    pair.send(*NO_CONTENT)
    pair.start_next_cycle()
    pair.receive(handshake() + frame(TEXT, b"hello"))
    for _ in range(2):
        pair.next_event()
    assert isinstance(pair.send(AcceptWebSocket()), bytes)
    while not isinstance(pair.next_event(), Signal):
        pass


# That the tests above compare two things.


def test_both_engines_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[type[Engine]] = []

    class NotedFastEngine(FastEngine):
        def read_head(self, head: Head) -> Request:
            read.append(FastEngine)
            return super().read_head(head)

    class NotedH11Engine(H11Engine):
        def read_head(self, head: Head) -> Request:
            read.append(H11Engine)
            return super().read_head(head)

    monkeypatch.setattr(incoming, "FastEngine", NotedFastEngine)
    monkeypatch.setattr(incoming, "_h11", lambda: NotedH11Engine)
    pair = Both()
    pair.receive(GET)
    pair.next_event()
    assert read == [FastEngine, H11Engine]
    both([GET + GET])
    assert read[2:] == [FastEngine, H11Engine, H11Engine], "the short way needs no engine"


# Frames: read and written by themselves, or by wsproto.

FRAMES: dict[str, bytes] = {
    **GOOD_FRAMES,
    **CLOSES,
    **{name: before + bad for name, (before, bad, _) in BAD_FRAMES.items()},
    "text that is none": frame(TEXT, b"ab\xe2\x82c"),
    "bytes beyond the limit": frame(BINARY, bytes(2_001)),
    "bytes at the limit": frame(BINARY, bytes(2_000)),
    "text at the limit": frame(TEXT, bytes(2_000)),
}
SHORT_FRAMES = {name: raw for name, raw in FRAMES.items() if len(raw) < 4_000}


ACCEPTANCES = {
    "whole": AcceptWebSocket(),
    "by fragment": AcceptWebSocket(by_fragment=True),
    "with pings": AcceptWebSocket(with_pings=True),
    "compressed": AcceptWebSocket(extensions=(PerMessageDeflate(threshold=10),)),
}


@pytest.mark.parametrize("accepted", ACCEPTANCES.values(), ids=ACCEPTANCES)
@given(
    names=st.lists(st.sampled_from(sorted(SHORT_FRAMES)), max_size=5),
    garbage=st.binary(max_size=12),
    cuts=CUTS,
)
def test_frames_behind_each_other(
    accepted: AcceptWebSocket, names: list[str], garbage: bytes, cuts: list[float]
) -> None:
    pieces = pieces_of(b"".join(SHORT_FRAMES[name] for name in names) + garbage, cuts)
    pieces = [piece for piece in pieces if piece]
    fast = on_websocket(pieces, fast_path=True, accepted=accepted)
    assert fast == on_websocket(pieces, fast_path=False, accepted=accepted)


@for_each("raw", SHORT_FRAMES.values(), ids=SHORT_FRAMES)
def test_each_frame_of_the_corpus(raw: bytes) -> None:
    for accepted in ACCEPTANCES.values():
        for pieces in ([raw], every_byte(raw) if len(raw) < 400 else [raw[:9], raw[9:]]):
            fast = on_websocket(pieces, fast_path=True, accepted=accepted)
            assert fast == on_websocket(pieces, fast_path=False, accepted=accepted)


PARTS = st.builds(
    TextMessage, text=st.text(st.characters(codec="utf-8"), max_size=200), final=st.booleans()
) | st.builds(BytesMessage, data=st.binary(max_size=200), final=st.booleans())


@pytest.mark.parametrize("accepted", ACCEPTANCES.values(), ids=ACCEPTANCES)
@given(parts=st.lists(PARTS, max_size=6))
def test_messages_that_are_sent(
    accepted: AcceptWebSocket, parts: list[TextMessage | BytesMessage]
) -> None:
    written = []
    for fast_path in (True, False):
        connection = Connection(fast_path=fast_path)
        connection.receive_data(handshake(b"Sec-WebSocket-Extensions: permessage-deflate"))
        connection.next_event()
        connection.send(accepted)
        refused = []
        for number, part in enumerate(parts):
            try:
                connection.send(part)
            except LocalProtocolError as error:
                refused.append((number, str(error)))
        written.append((connection.data_to_send(), refused))
    assert written[0] == written[1]
