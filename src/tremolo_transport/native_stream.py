"""What a stream of ours can do beyond anyio's contract, which the server makes use of.

There is one for asyncio and uvloop in `asyncio_stream`, one for trio in `trio_stream`.
"""

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from anyio.abc import ByteStream

__all__ = ("BYTES_PER_TURN", "BYTES_SENT_PER_TURN", "CALLS_PER_TURN", "MOST_HELD", "NativeStream")

CALLS_PER_TURN = 32
BYTES_PER_TURN = 1_048_576
"""Calls, and bytes, that need not wait before other tasks get their turn all the same.

So many bytes take half a millisecond, and a turn some hundredths of that.
"""

BYTES_SENT_PER_TURN = 2_097_152
"""The same of bytes that are only sent, in less than a millisecond; nginx sends as much of a file
before others have their turn."""

MOST_HELD = 40_960
"""Bytes that are held to the end of a turn: all that `answers` sends at once, with its head.

For 16 connections whose messages of 16 KiB come back, to write each by itself takes the
server 1.3 times as long, and the client 1.9 times.
"""


class NativeStream(ByteStream):
    """A connected socket, with anyio's `ByteStream` contract but for one deviation.

    `receive` and `send` let other tasks run when they have to wait, and else
    only now and then, after 32 calls, 1 MiB that was received or 2 MiB that were sent.
    """

    takes_at_once: bool
    """Whether `send_at_once` may be called: nobody need wait, as the kernel takes all."""

    _calls = 0
    _bytes = 0
    """How many there were since other tasks had their turn."""
    _on_input: Callable[[], None] | None = None
    """Called in place of a reader."""

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """As `ByteStream.receive`."""
        if max_bytes < 1:
            raise ValueError("max_bytes must be a positive integer")
        while True:
            while (wait := self.readiness()) is not None:
                await wait
            if data := self.take(max_bytes):
                return data

    # The halves of `receive`, for whoever would wait outside: with a coroutine less for each read.

    @abstractmethod
    def readiness(self) -> Awaitable[Any] | None:
        """Return what is to be awaited, now, before the next `take`; None if nothing is.

        To be asked again then, as others may have come first. Raises what `receive` raises.
        """

    @abstractmethod
    def take(self, most: int) -> bytes:
        """Return what has come, `most` bytes of it at most; none if nothing has.

        Raises what `receive` raises.
        """

    def take_view(self, most: int) -> bytes | memoryview:
        """As `take`, but a view may be returned that is good until anything is read or awaited."""
        return self.take(most)

    @abstractmethod
    def call_reader_off(self) -> None:
        """Wake whoever waits for what `readiness` returned, though there is nothing to `take`."""

    serves_meanwhile = False
    """Whether `serve_meanwhile` may be called."""

    def serve_meanwhile(self, serve: Callable[[bytes], bool]) -> None:
        """Have `serve` called with what comes while `readiness`, asked before, is awaited.

        As if by the task that waits: what it asks, or starts, is of that task. While it returns
        true the task waits on, else it goes on at once. It raises nothing.
        """
        raise NotImplementedError

    # More.

    @abstractmethod
    async def send(self, item: bytes | memoryview) -> None:
        """As `ByteStream.send`; of a view nothing may change until it is written."""

    @abstractmethod
    def send_at_once(self, item: bytes | memoryview) -> None:
        """As `send`, without a wait; only while it `takes_at_once`.

        Other tasks get their turn in the next `receive` or `send`.
        """

    def send_parts_at_once(self, parts: Sequence[bytes]) -> int:
        """As `send_at_once` of all behind one another; return how many bytes they are."""
        data = b"".join(parts)
        self.send_at_once(data)
        return len(data)

    @property
    def turn_is_over(self) -> bool:
        """Whether other tasks are to have their turn, by the next that `receive` or `send` does."""
        return self._calls >= CALLS_PER_TURN or self._bytes >= BYTES_SENT_PER_TURN

    @abstractmethod
    def next_turn(self) -> Awaitable[None]:
        """Return what is to be awaited for them to have it now, by whoever does neither."""

    @property
    @abstractmethod
    def unwritten(self) -> int:
        """Bytes that were sent and that the kernel has not taken."""

    @abstractmethod
    async def until_written(self) -> None:
        """Wait until the kernel has all that was sent. Raises as `send` does."""

    @abstractmethod
    def call_on_input(self, callback: Callable[[], None]) -> bool:
        """Call `callback` once when `receive` would not wait; false if it would not wait now.

        Until then nobody may be in `receive`.
        """

    def forget_call(self) -> None:
        """Take back a `call_on_input`."""
        self._on_input = None

    @abstractmethod
    def close_at_once(self) -> bool:
        """Close, if nobody need wait for that, as all that was sent is written; else do nothing."""
