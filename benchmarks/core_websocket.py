"""The WebSocket rows of the core's speed table: an echo of binary messages, against bare wsproto.

Both sides read the same masked frames, one message each, and write each message
back; nothing waits and nothing is sent. Payloads and masks vary.
"""

import itertools
import random
from collections.abc import Callable, Sequence

import wsproto.connection
import wsproto.events
from core_row import Row

import tremolo_core

__all__ = ("ROWS",)

MANY = 64
"""So many different messages follow each other before the first comes again."""

HANDSHAKE = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


def frames(size: int) -> list[bytes]:
    """Messages as a client sends them, each of `size` bytes, at most 65535."""
    source = random.Random(size)
    return [frame(source.randbytes(size), source.randbytes(4)) for _ in range(MANY)]


def frame(payload: bytes, mask: bytes) -> bytes:
    """A binary message in one frame (RFC 6455 5.2)."""
    size = len(payload)
    head = b"\x82" + (bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big"))
    masks = itertools.cycle(mask)
    return head + mask + bytes([byte ^ key for byte, key in zip(payload, masks, strict=False)])


def on_core(messages: Sequence[bytes], *, fast_path: bool = True) -> Callable[[int], None]:
    """The echo on one `tremolo_core.Connection`."""

    def work(times: int) -> None:
        connection = tremolo_core.Connection(fast_path=fast_path)
        connection.receive_data(HANDSHAKE)
        assert isinstance(connection.next_event(), tremolo_core.Request)
        assert isinstance(connection.next_event(), tremolo_core.EndOfMessage)
        connection.send(tremolo_core.AcceptWebSocket())
        assert connection.data_to_send()
        for message in itertools.islice(itertools.cycle(messages), times):
            connection.receive_data(message)
            event = connection.next_event()
            assert isinstance(event, tremolo_core.BytesMessage)
            connection.send(tremolo_core.BytesMessage(data=event.data))
            assert connection.data_to_send()

    return work


def on_wsproto(messages: Sequence[bytes]) -> Callable[[int], None]:
    """The same on one `wsproto.connection.Connection`."""

    def work(times: int) -> None:
        connection = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
        for message in itertools.islice(itertools.cycle(messages), times):
            connection.receive_data(message)
            for event in connection.events():
                assert isinstance(event, wsproto.events.BytesMessage)
                assert connection.send(wsproto.events.BytesMessage(data=event.data))

    return work


def row(
    name: str,
    size: int,
    *,
    times: int,
    floor: float,
    goal: float,
    fast_path: bool = True,
) -> Row:
    """A row in which both sides echo messages of `size` bytes."""
    messages = frames(size)
    return Row(
        name=name if fast_path else f"{name}, fast_path=False",
        against="wsproto",
        core=on_core(messages, fast_path=fast_path),
        other=on_wsproto(messages),
        times=times,
        floor=floor,
        goal=goal,
    )


ROWS = (
    row("echo of 64 bytes", 64, times=1_000, floor=5, goal=7),
    row("echo of 16 KiB", 16_384, times=100, floor=1.4, goal=2),
    row("echo of 64 bytes", 64, times=500, floor=0.75, goal=0.85, fast_path=False),
    row("echo of 16 KiB", 16_384, times=100, floor=0.75, goal=0.85, fast_path=False),
)
