import pytest
from wsproto.extensions import PerMessageDeflate

from tests.cases import for_each
from tremolo_core import (
    BytesMessage,
    CloseWebSocket,
    Ping,
    Pong,
    RemoteProtocolError,
    Signal,
    TextMessage,
)
from tremolo_core.wsproto_client import ClientFrame, WsprotoClient, agreed_extension


def read(data: bytes, *, piece: int | None = None) -> list[ClientFrame]:
    """All events that `data` makes, given at once or in pieces."""
    reader = WsprotoClient()
    events: list[ClientFrame] = []
    size = piece or len(data)
    for start in range(0, len(data), size):
        reader.receive_data(data[start : start + size])
        while (event := reader.next_event()) is not Signal.NEED_DATA:
            events.append(event)
    return events


@for_each("piece", [None, 1])
@for_each(
    ("data", "event"),
    [
        (b"\x81\x02hi", TextMessage(text="hi")),
        (b"\x01\x01\xc3\x80\x01\xa9", TextMessage(text="é")),
        (b"\x82\x02\x00\xff", BytesMessage(data=b"\x00\xff")),
        (b"\x02\x01a\x00\x01b\x80\x00", BytesMessage(data=b"ab")),
        (b"\x81\x00", TextMessage(text="")),
        (b"\x89\x01a", Ping(payload=b"a")),
        (b"\x8a\x01a", Pong(payload=b"a")),
        (b"\x88\x00", CloseWebSocket(code=None)),
        (b"\x88\x05\x03\xe8bye", CloseWebSocket(code=1000, reason="bye")),
        (b"\x88\x02\x0f\xa1", CloseWebSocket(code=4001)),
    ],
)
def test_what_a_server_sends(data: bytes, event: ClientFrame, piece: int | None) -> None:
    assert read(data, piece=piece) == [event]


def test_a_control_frame_between_fragments() -> None:
    assert read(b"\x01\x01a\x89\x00\x80\x01b") == [Ping(), TextMessage(text="ab")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x82\x00\x00\x00\x00hi", 1002),  # a server does not mask
        (b"\x83\x00", 1002),
        (b"\x91\x00", 1002),
        (b"\x81\x01\xff", 1007),
        (b"\x88\x01\x03", 1002),
    ],
)
def test_what_breaks_the_rules(data: bytes, code: int) -> None:
    with pytest.raises(RemoteProtocolError, match="the server sent a frame") as caught:
        read(data)
    assert caught.value.close_code == code


@pytest.mark.parametrize(
    ("event", "first", "payload"),
    [
        (TextMessage(text="hi", final=False), 0x01, b"hi"),
        (TextMessage(text="hi"), 0x81, b"hi"),
        (BytesMessage(data=b"hi"), 0x82, b"hi"),
        (Ping(payload=b"a"), 0x89, b"a"),
        (Pong(payload=b"a"), 0x8A, b"a"),
        (CloseWebSocket(code=None), 0x88, b""),
        (CloseWebSocket(code=4000, reason="x"), 0x88, b"\x0f\xa0x"),
    ],
)
def test_what_a_client_sends_is_masked(event: ClientFrame, first: int, payload: bytes) -> None:
    data = WsprotoClient().write(event)
    assert data[0] == first
    assert data[1] == 0x80 | len(payload)
    mask = data[2:6] * 2
    assert bytes(a ^ b for a, b in zip(data[6:], mask, strict=False)) == payload


def test_no_extension_was_accepted() -> None:
    assert agreed_extension(None) is None


def test_the_offered_one_was() -> None:
    extension = agreed_extension("permessage-deflate; server_no_context_takeover")
    assert isinstance(extension, PerMessageDeflate)
    assert extension.enabled()
    assert extension.server_no_context_takeover
    assert not extension.client_no_context_takeover
    extension = agreed_extension(
        "permessage-deflate;client_no_context_takeover ; client_max_window_bits=9;"
        " server_max_window_bits=15"
    )
    assert isinstance(extension, PerMessageDeflate)
    assert extension.client_no_context_takeover
    assert (extension.client_max_window_bits, extension.server_max_window_bits) == (9, 15)


@pytest.mark.parametrize(
    "answer",
    [
        "x-other",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeovers",
        "permessage-deflate; server_max_window_bits=9; server_max_window_bits=10",
        "permessage-deflate; x",
        "permessage-deflate;",
    ],
)
def test_another_one_was(answer: str) -> None:
    with pytest.raises(RemoteProtocolError, match="the server has accepted"):
        agreed_extension(answer)
