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
from tremolo_core import frames as core_frames
from tremolo_core.masking import Unmask, choose, in_c

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
    # As numbers, which is a thousand times as fast as byte by byte.
    keys = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(keys, "big")
    return head + mask + masked.to_bytes(size, "big")


def on_core(messages: Sequence[bytes], *, unmask: Unmask, fast_path: bool) -> Callable[[int], None]:
    """The echo on one `tremolo_core.Connection`, which takes masks off by `unmask`."""
    vars(core_frames)["fastest"] = lambda: unmask
    connection = tremolo_core.Connection(fast_path=fast_path)
    connection.receive_data(HANDSHAKE)
    assert isinstance(connection.next_event(), tremolo_core.Request)
    assert isinstance(connection.next_event(), tremolo_core.EndOfMessage)
    connection.send(tremolo_core.AcceptWebSocket())
    assert connection.data_to_send()
    incoming = itertools.cycle(messages)

    def work(times: int) -> None:
        for message in itertools.islice(incoming, times):
            connection.receive_data(message)
            event = connection.next_event()
            assert isinstance(event, tremolo_core.BytesMessage)
            connection.send(tremolo_core.BytesMessage(data=event.data))
            assert connection.data_to_send()

    return work


def on_wsproto(messages: Sequence[bytes]) -> Callable[[int], None]:
    """The same on one `wsproto.connection.Connection`."""
    connection = wsproto.connection.Connection(wsproto.connection.ConnectionType.SERVER)
    incoming = itertools.cycle(messages)

    def work(times: int) -> None:
        for message in itertools.islice(incoming, times):
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
    unmask: Unmask,
    fast_path: bool = True,
) -> Row:
    """A row in which both sides echo messages of `size` bytes."""
    messages = frames(size)
    return Row(
        name=name,
        against="wsproto",
        core=on_core(messages, unmask=unmask, fast_path=fast_path),
        other=on_wsproto(messages),
        times=times,
        floor=floor,
        goal=goal,
    )


PYTHON = choose(None)
C = in_c()
"""None without the extra `speed`."""

ROWS = (
    row("echo of 64 bytes", 64, times=1_000, floor=5, goal=7, unmask=PYTHON),
    row("echo of 16 KiB", 16_384, times=100, floor=1.4, goal=2, unmask=PYTHON),
    *(
        ()
        if C is None
        else (
            row("echo of 64 bytes, C mask", 64, times=1_000, floor=6, goal=9, unmask=C),
            row("echo of 16 KiB, C mask", 16_384, times=200, floor=10, goal=14, unmask=C),
        )
    ),
    row(
        "echo of 64 bytes, fast_path=False",
        64,
        times=500,
        floor=0.75,
        goal=0.85,
        unmask=PYTHON,
        fast_path=False,
    ),
    row(
        "echo of 16 KiB, fast_path=False",
        16_384,
        times=100,
        floor=0.75,
        goal=0.85,
        unmask=PYTHON,
        fast_path=False,
    ),
)
