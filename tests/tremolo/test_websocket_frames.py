"""Frames made by hand, as another reader understands them."""

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, Ping, TextMessage

from tremolo.websocket_frames import Opcode, create_frame

SIZES = (0, 1, 125, 126, 65_535, 65_536)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mask", [False, True])
def test_a_message_of_any_size(size: int, mask: bool) -> None:
    data = bytes(number % 251 for number in range(size))
    reader = Connection(ConnectionType.SERVER if mask else ConnectionType.CLIENT)
    reader.receive_data(create_frame(data, mask=mask))
    events = list(reader.events())
    assert all(isinstance(event, BytesMessage) for event in events)
    assert b"".join(event.data for event in events if isinstance(event, BytesMessage)) == data
    last = events[-1]
    assert isinstance(last, BytesMessage)
    assert last.message_finished


def test_text() -> None:
    reader = Connection(ConnectionType.CLIENT)
    reader.receive_data(create_frame("ü", fin=0) + create_frame("x", opcode=0))
    assert [event.data for event in reader.events() if isinstance(event, TextMessage)] == ["ü", "x"]


def test_control() -> None:
    reader = Connection(ConnectionType.CLIENT)
    reader.receive_data(create_frame(b"hello", opcode=9))
    [event] = reader.events()
    assert isinstance(event, Ping)
    assert event.payload == b"hello"


def test_by_example() -> None:
    # RFC 6455 5.7.
    assert create_frame("Hello") == b"\x81\x05Hello"
    assert create_frame("Hel", fin=False) == b"\x01\x03Hel"
    assert create_frame("lo", opcode=Opcode.CONTINUATION) == b"\x80\x02lo"
    assert create_frame(bytearray(256))[:4] == b"\x82\x7e\x01\x00"


def test_each_mask_is_another() -> None:
    assert create_frame(bytes(100), mask=True) != create_frame(bytes(100), mask=True)


def test_an_opcode_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="3 is not a valid Opcode"):
        create_frame(b"", opcode=3)
