"""What is read of wsproto's own client, and what that reads of us; and wsproto's traps."""

import random
import tracemalloc
import zlib

import pytest
import wsproto.connection
import wsproto.events
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import ConnectionType
from wsproto.extensions import PerMessageDeflate as TheirDeflate

from tremolo_core.deflate import PerMessageDeflate
from tremolo_core.engine import IncomingFrame
from tremolo_core.errors import RemoteProtocolError
from tremolo_core.events import (
    BytesMessage,
    CloseWebSocket,
    FrameEvent,
    Ping,
    Pong,
    TextMessage,
)
from tremolo_core.wsproto_engine import WsprotoEngine

from .framing import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_frame, frame

COMPRESSED = 0b100
TAIL = b"\x00\x00\xff\xff"

FRAMES = st.one_of(
    st.builds(TextMessage, text=st.text(st.characters(codec="utf-8")), final=st.just(True)),
    st.builds(BytesMessage, data=st.binary()),
    st.builds(Ping, payload=st.binary(max_size=125)),
    st.builds(Pong, payload=st.binary(max_size=125)),
)
AGREED = st.none() | st.builds(
    PerMessageDeflate,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    threshold=st.sampled_from([0, 64]),
)


def engine(deflate: PerMessageDeflate | None = None, limit: int | None = None) -> WsprotoEngine:
    return WsprotoEngine(deflate=deflate, limit=limit)


def client(deflate: PerMessageDeflate | None = None) -> wsproto.connection.Connection:
    """wsproto's client, for which the handshake is over."""
    if deflate is None:
        return wsproto.connection.Connection(ConnectionType.CLIENT)
    extension = TheirDeflate(
        client_no_context_takeover=deflate.client_no_context_takeover,
        client_max_window_bits=deflate.client_max_window_bits,
        server_no_context_takeover=deflate.server_no_context_takeover,
        server_max_window_bits=deflate.server_max_window_bits,
    )
    extension.finalize("permessage-deflate")
    return wsproto.connection.Connection(ConnectionType.CLIENT, [extension])


def read(engine: WsprotoEngine, *frames: bytes) -> list[IncomingFrame]:
    """What is read of one frame after the other, or of parts of one."""
    return [event for raw in frames if (event := engine.read(raw)) is not None]


def joined(events: list[IncomingFrame]) -> list[IncomingFrame]:
    """The same events with the parts of each message joined."""
    whole: list[IncomingFrame] = []
    text: list[str] = []
    data: list[bytes] = []
    for event in events:
        match event:
            case TextMessage():
                text.append(event.text)
                if event.final:
                    whole.append(TextMessage(text="".join(text)))
                    text.clear()
            case BytesMessage():
                data.append(event.data)
                if event.final:
                    whole.append(BytesMessage(data=b"".join(data)))
                    data.clear()
            case _:
                whole.append(event)
    assert not text
    assert not data
    return whole


def theirs(event: FrameEvent) -> wsproto.events.Event:
    match event:
        case TextMessage():
            return wsproto.events.TextMessage(event.text, message_finished=event.final)
        case BytesMessage():
            return wsproto.events.BytesMessage(event.data, message_finished=event.final)
        case Ping():
            return wsproto.events.Ping(event.payload)
        case Pong():
            return wsproto.events.Pong(event.payload)
        case CloseWebSocket():
            return wsproto.events.CloseConnection(event.code or 1005, event.reason or None)


@given(st.lists(FRAMES, max_size=6), AGREED, st.integers(1, 40))
def test_what_their_client_writes_is_read(
    events: list[FrameEvent], deflate: PerMessageDeflate | None, step: int
) -> None:
    peer, ours = client(deflate), engine(deflate, limit=100_000)
    # It is never given more than one frame.
    frames = [peer.send(theirs(event)) for event in events]
    got = [
        event
        for raw in frames
        for start in range(0, len(raw), step)
        for event in read(ours, raw[start : start + step])
    ]
    assert joined(got) == events


@given(st.lists(FRAMES, max_size=6), AGREED)
def test_what_we_write_is_read_by_their_client(
    events: list[FrameEvent], deflate: PerMessageDeflate | None
) -> None:
    peer, ours = client(deflate), engine(deflate)
    for event in events:
        peer.receive_data(ours.send(event))
        assert list(peer.events()) == [theirs(event)]


@pytest.mark.parametrize("deflate", [None, PerMessageDeflate()])
def test_fragments_are_written_and_read(deflate: PerMessageDeflate | None) -> None:
    peer, ours = client(deflate), engine(deflate)
    parts: list[FrameEvent] = [
        TextMessage(text="", final=False),
        TextMessage(text="a" * 100, final=False),
        TextMessage(text="b"),
        Ping(),
        BytesMessage(data=b"c", final=False),
        BytesMessage(data=b""),
        TextMessage(text="d"),
    ]
    for part in parts:
        peer.receive_data(ours.send(part))
        assert list(peer.events()) == [theirs(part)]


@pytest.mark.parametrize("deflate", [None, PerMessageDeflate()])
def test_bytes_are_read_as_bytes(deflate: PerMessageDeflate | None) -> None:
    raw = client(deflate).send(wsproto.events.BytesMessage(data=b"hello" * 100))
    events = read(engine(deflate), raw)
    assert joined(events) == [BytesMessage(data=b"hello" * 100)]
    assert {type(event.data) for event in events if isinstance(event, BytesMessage)} == {bytes}


def test_a_control_frame_between_fragments_is_not_compressed() -> None:
    # wsproto's client, which takes it for the end of a compressed message, cannot testify.
    ours = engine(PerMessageDeflate())
    ours.send(TextMessage(text="a" * 100, final=False))
    assert ours.send(Ping(payload=b"p")) == b"\x89\x01p"
    assert ours.send(TextMessage(text="b"))[:1] == b"\x80"


@pytest.mark.parametrize(
    ("raw", "event"),
    [
        (close_frame(), CloseWebSocket(code=None)),
        (close_frame(1000), CloseWebSocket(code=1000)),
        (close_frame(1001, "zu spät".encode()), CloseWebSocket(code=1001, reason="zu spät")),
        (close_frame(4999), CloseWebSocket(code=4999)),
    ],
)
def test_a_close_is_read_and_written(raw: bytes, event: CloseWebSocket) -> None:
    assert engine().read_close(raw) == event
    peer = client()
    peer.receive_data(engine().send(event))
    assert list(peer.events()) == [wsproto.events.CloseConnection(event.code or 1005, event.reason)]


def test_a_close_can_be_answered_and_can_be_the_answer() -> None:
    first = engine()
    first.read_close(close_frame(1000))
    assert first.send(CloseWebSocket(code=1000)) == b"\x88\x02\x03\xe8"
    second = engine()
    assert second.send(CloseWebSocket(code=None)) == b"\x88\x00"
    assert second.read_close(close_frame(1000)) == CloseWebSocket(code=1000)


# wsproto's traps.


@pytest.mark.parametrize("closing", [False, True])
@pytest.mark.parametrize(
    ("frames", "close_code"),
    [
        ((frame(TEXT, b"\xff"),), 1007),
        ((frame(TEXT, b"\xed\xa0\x80"),), 1007),
        ((frame(TEXT, b"\xe2\x82"),), 1007),
        ((frame(TEXT, b"\xe2", fin=False), frame(CONTINUATION, b"a")), 1007),
        # The gate lets none of these through.
        ((frame(3),), 1002),
        ((frame(TEXT, mask=None),), 1002),
        ((frame(CLOSE, b"\x03"),), 1002),
    ],
)
def test_a_failure_is_not_taken_for_a_polite_close(
    frames: tuple[bytes, ...], close_code: int, closing: bool
) -> None:
    ours = engine()
    if closing:
        ours.send(CloseWebSocket())
    with pytest.raises(RemoteProtocolError) as caught:
        read(ours, *frames)
    assert caught.value.close_code == close_code
    assert caught.value.status is None
    assert caught.value.reason in ("text that is not UTF-8", "a frame that wsproto refuses")


@pytest.mark.parametrize("closing", [False, True])
def test_a_close_that_cannot_be_read_is_none(closing: bool) -> None:
    ours = engine()
    if closing:
        ours.send(CloseWebSocket())
    with pytest.raises(RemoteProtocolError, match="not UTF-8") as caught:
        ours.read_close(close_frame(1000, b"\xff"))
    assert caught.value.close_code == 1007


def test_text_is_judged_as_it_comes() -> None:
    ours = engine()
    start = frame(TEXT, b"a\xe2\x82" + b"\xac" + b"\xff" + bytes(100))
    assert read(ours, start[:8]) == [TextMessage(text="a", final=False)]
    assert read(ours, start[8:9]) == [TextMessage(text="", final=False)]
    assert read(ours, start[9:10]) == [TextMessage(text="€", final=False)]
    with pytest.raises(RemoteProtocolError) as caught:
        read(ours, start[10:11])
    assert caught.value.close_code == 1007


@pytest.mark.parametrize("data", [b"\xff", b"\x05" * 9])
def test_what_cannot_be_expanded_is_a_failure(data: bytes) -> None:
    ours = engine(PerMessageDeflate())
    with pytest.raises(RemoteProtocolError, match="cannot be expanded") as caught:
        read(ours, frame(TEXT, data, reserved=COMPRESSED))
    assert caught.value.close_code == 1007


def test_the_rest_of_a_message_may_be_what_cannot_be_expanded() -> None:
    ours = engine(PerMessageDeflate())
    # A stored block without its length: what is left out at the end becomes its length.
    with pytest.raises(RemoteProtocolError, match="cannot be expanded"):
        read(ours, frame(TEXT, b"\x00\x05\x00", reserved=COMPRESSED))


def test_wsproto_does_not_expand_a_bomb() -> None:
    limit = 1 << 20
    deflater = zlib.compressobj(wbits=-12)
    bomb = (deflater.compress(bytes(40 * limit)) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    ours = engine(PerMessageDeflate(), limit=limit)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(RemoteProtocolError, match="more than 1048576 bytes") as caught:
            read(ours, frame(BINARY, bomb, reserved=COMPRESSED))
        held = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert caught.value.close_code == 1009
    assert held < 4 * limit


def test_control_frames_within_a_compressed_message_are_as_they_are() -> None:
    deflater = zlib.compressobj(wbits=-12)
    wire = (deflater.compress(b"hello" * 20) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
    got = read(
        engine(PerMessageDeflate(), limit=100),
        frame(BINARY, wire[:4], reserved=COMPRESSED, fin=False),
        frame(PING, b"p"),
        frame(CONTINUATION, wire[4:]),
    )
    assert got[1:2] == [Ping(payload=b"p")]
    assert joined(got[:1] + got[2:]) == [BytesMessage(data=b"hello" * 20)]


def test_an_uncompressed_message_is_read_where_compression_was_agreed_on() -> None:
    assert read(engine(PerMessageDeflate()), frame(TEXT, b"hi")) == [TextMessage(text="hi")]


def test_we_compress_what_is_worth_it() -> None:
    ours = engine(PerMessageDeflate())
    assert ours.send(TextMessage(text="a" * 63)) == b"\x81\x3f" + b"a" * 63
    assert ours.send(TextMessage(text="a" * 64))[:1] == b"\xc1"
    noise = random.Random(1).randbytes(100)
    assert ours.send(BytesMessage(data=noise)) == b"\x82\x64" + noise
    assert ours.send(Ping(payload=b"p" * 100)) == b"\x89\x64" + b"p" * 100


def test_what_is_released_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        ours = engine(PerMessageDeflate())
        ours.send(TextMessage(text="a" * 1_000))
        read(ours, frame(TEXT, b"\xcaH\xcd\xc9\xc9\x07\x00", reserved=COMPRESSED))
        held = tracemalloc.get_traced_memory()[0] - before
        ours.release()
        assert held > 40_000
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


def test_wsproto_has_nothing_to_negotiate() -> None:
    # What is agreed on is written into the acceptance by ourselves.
    extension = engine(PerMessageDeflate())._deflate
    assert extension is not None
    assert extension.enabled()
    assert not extension.offer()
