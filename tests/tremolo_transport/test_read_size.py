"""How much is read at a time, of whom."""

from tests.tremolo_core.framing import BINARY, PING, frame, handshake
from tremolo_core import AcceptWebSocket, Connection, Signal
from tremolo_transport.pace import ConnectionPace, Pace
from tremolo_transport.read_size import ReadSize


def framed() -> Connection:
    """A WebSocket that was accepted."""
    connection = Connection()
    connection.receive_data(handshake())
    connection.next_event()
    connection.send(AcceptWebSocket())
    return connection


def test_of_a_body_as_much_as_comes() -> None:
    size = ReadSize(Connection(), ConnectionPace(Pace()))
    assert (size.of_body(), size.of_body()) == (65_536, 65_536)


def test_of_a_body_more_while_it_comes_faster_than_it_is_read() -> None:
    size = ReadSize(Connection(), ConnectionPace(Pace()))
    size.in_bulk = True
    assert (size.of_body(), size.of_body()) == (262_144, 262_144)
    size.in_bulk = False
    assert size.of_body() == 65_536


def test_of_frames_more_each_time_until_there_are_many_small_ones() -> None:
    connection = framed()
    size = ReadSize(connection, ConnectionPace(Pace()))
    sizes = [size.of_frames() for _ in range(8)]
    assert sizes == [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 65_536]
    connection.receive_data(frame(PING) * 100)
    assert [size.of_frames() for _ in range(2)] == [1_024, 1_024]
    connection.receive_data(frame(BINARY, bytes(1_000)))
    assert [size.of_frames() for _ in range(2)] == [1_024, 2_048]


def test_behind_one_whole_message_it_is_known_without_a_look() -> None:
    connection = framed()
    size = ReadSize(connection, ConnectionPace(Pace()))
    connection.receive_data(frame(PING) * 100)
    assert (size.of_frames(), size.crowded) == (1_024, True)
    # As after the next read, which brings no crowd.
    sizes = []
    for _ in range(8):
        size.after_lone_message = True
        sizes.append(size.of_frames())
        assert not size.after_lone_message
        assert not size.crowded
    assert sizes == [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 65_536]
    # Of the read behind it there is something to be found out again.
    assert (size.of_frames(), size.crowded) == (1_024, True)


def test_of_who_is_held_to_a_rate_no_more_than_it_allows() -> None:
    pace = ConnectionPace(Pace(upload=16_000))
    size = ReadSize(framed(), pace)
    assert [size.of_frames() for _ in range(3)] == [1_024, 2_000, 2_000]
    assert size.of_body() == 2_000
    size.in_bulk = True
    assert size.of_body() == 2_000
    size.in_bulk = False
    pace.change(download=None, upload=None, lasting=True)
    assert size.of_body() == 65_536


def test_of_a_large_message_as_much_as_is_missing() -> None:
    connection = framed()
    size = ReadSize(connection, ConnectionPace(Pace()))
    # Under a mask that changes nothing.
    raw = b"\x82\xff" + (3_000_000).to_bytes(8) + bytes(4 + 3_000_000)
    connection.receive_data(raw[:1_000])
    assert (size.of_frames(), size.of_frames()) == (1_048_576, 1_048_576)
    connection.receive_data(raw[1_000:-70_000])
    assert size.of_frames() == 70_000
    connection.receive_data(raw[-70_000:-1_000])
    # What could hold other frames, too, is asked for in little pieces first.
    assert size.of_frames() == 1_024
    slow = ReadSize(connection, ConnectionPace(Pace(upload=16_000)))
    connection.receive_data(raw[-1_000:] + raw[:1_000])
    while not isinstance(connection.next_event(), Signal):
        pass
    assert slow.of_frames() == 2_000


def test_it_is_noted_when_others_are_to_have_their_turn() -> None:
    connection = framed()
    size = ReadSize(connection, ConnectionPace(Pace()))
    crowded = []
    for raw in (frame(PING), frame(PING) * 100, frame(BINARY, bytes(1_000))):
        connection.receive_data(raw)
        size.of_frames()
        crowded.append(size.crowded)
    assert crowded == [False, True, False]
