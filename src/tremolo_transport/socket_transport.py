"""What an event loop of asyncio's kind reads and writes a socket with, for `asyncio_stream`.

asyncio's transport begins with a future and three turns of the loop, and takes
another turn to end: for a connection with one request that is nearly half of
what it costs without a server's work. This one begins and ends at once, holds
less than half of the memory, is called by `asyncio_arrivals`, and is otherwise the
same. uvloop's own, though in C, costs more than that saves.
"""

import asyncio
import itertools
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from .asyncio_arrivals import watch_of

__all__ = ("SocketTransport",)

_MOST_UNSENT = 65_536
"""Bytes that wait to be sent before whoever writes is asked to wait; as in asyncio."""

_READ_SIZE = 65_536
"""The most that is read at once."""

_MOST_PARTS = 64
"""That are sent at once; Linux takes 1,024, others fewer."""

_NO_EXTRA: dict[str, Any] = {}

_NOT_NOW = (BlockingIOError, InterruptedError)


class SocketTransport(asyncio.Transport):
    """A connected, non-blocking socket on an event loop that can watch descriptors.

    It tells the protocol of its end as soon as it has ended, and not in the
    loop's next turn.
    """

    __slots__ = (
        "_closing",
        "_descriptor",
        "_ending",
        "_high",
        "_loop",
        "_low",
        "_paused",
        "_protocol",
        "_reading",
        "_socket",
        "_unsent",
        "_unsent_size",
        "_watch",
    )

    def __init__(
        self,
        sock: socket.socket,
        protocol: asyncio.Protocol,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Take over `sock`; nothing is read until `begin`."""
        super().__init__(_NO_EXTRA)
        self._socket = sock
        self._descriptor = sock.fileno()
        self._protocol: asyncio.Protocol | None = protocol
        """None once it knows of the end."""
        self._loop = loop
        self._watch = watch_of(loop)
        self._reading = False
        self._unsent: deque[memoryview] | None = None
        """What the kernel has not taken; mostly it takes everything."""
        self._unsent_size = 0
        self._high = _MOST_UNSENT
        self._low = _MOST_UNSENT // 4
        self._paused = False
        """Whether whoever writes was asked to wait."""
        self._ending = False
        """Whether nothing may be written behind what was."""
        self._closing = False

    def begin(self) -> bool:
        """Read what has come already; if that is nothing, from when it comes.

        Return whether it goes on reading: else `resume_reading` has it do so.
        A request that comes together with its connection needs no watch of the loop.
        """
        if not self._read():
            self.resume_reading()
        return self._reading

    # What asyncio's protocols ask for.

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The `socket`, and its `sockname` and `peername` while it is open."""
        match name:
            case "socket":
                return self._socket
            case "sockname" | "peername":
                asked = self._socket.getsockname if name == "sockname" else self._socket.getpeername
                try:
                    return asked()
                except OSError:
                    return default
            case _:
                return default

    def is_closing(self) -> bool:
        """Whether it is closed, or will be when all is written."""
        return self._closing

    def is_reading(self) -> bool:
        """Whether the loop reads."""
        return self._reading

    def pause_reading(self) -> None:
        """Leave to the kernel what comes."""
        if self._reading:
            self._reading = False
            self._watch.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        """Have the loop read what comes."""
        if not (self._reading or self._closing):
            self._reading = True
            self._watch.add_reader(self._descriptor, self._read)

    def get_write_buffer_size(self) -> int:
        """How many bytes the kernel has not taken."""
        return self._unsent_size

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The `low` and the `high` that were set."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """As in asyncio: above `high` whoever writes waits until no more than `low` are left."""
        self._high = _MOST_UNSENT if high is None else high
        self._low = self._high // 4 if low is None else low
        self._ask_to_wait()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send what the kernel takes now, and the rest when it takes more.

        The rest is not copied: nothing may change in `data`.
        """
        if self._ending:
            raise RuntimeError("nothing can be written behind the end")
        if self._closing:
            return
        if self._unsent is None:
            try:
                sent = self._socket.send(data)
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
        self._keep((data,))

    def writelines(self, parts: Iterable[bytes | bytearray | memoryview]) -> None:
        """As `write` of one after the other, in one system call."""
        if self._ending:
            raise RuntimeError("nothing can be written behind the end")
        if self._closing:
            return
        parts = list(parts)
        if self._unsent is None:
            try:
                sent = self._socket.sendmsg(parts[:_MOST_PARTS])
            except _NOT_NOW:
                sent = 0
            except OSError as error:
                self._end(error)
                return
            parts = _without(parts, sent)
        if parts:
            self._keep(parts)

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def write_eof(self) -> None:
        """Half-close behind what was written. Raises OSError if the peer has gone."""
        if not (self._ending or self._closing):
            self._ending = True
            if self._unsent is None:
                self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Read nothing more, send what was written, and end."""
        if not self._closing:
            self.pause_reading()
            self._closing = True
            if self._unsent is None:
                self._end(None)

    def abort(self) -> None:
        """End now."""
        self._end(None)

    # How it works.

    def _read(self) -> bool:
        """Read once; whether there was anything, be it an end."""
        protocol = self._protocol
        assert protocol is not None
        try:
            data = self._socket.recv(_READ_SIZE)
        except _NOT_NOW:
            return False
        except OSError as error:
            self._end(error)
            return True
        if data:
            protocol.data_received(data)
        else:
            # The loop would tell of it again and again.
            self.pause_reading()
            if not protocol.eof_received():
                self.close()
        return True

    def _keep(self, parts: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send `parts` when the kernel takes more."""
        if self._unsent is None:
            self._unsent = deque()
            self._loop.add_writer(self._descriptor, self._write_unsent)
        for part in parts:
            self._unsent.append(memoryview(part))
            self._unsent_size += len(part)
        self._ask_to_wait()

    def _write_unsent(self) -> None:
        unsent = self._unsent
        assert unsent is not None
        try:
            sent = self._socket.sendmsg(itertools.islice(unsent, _MOST_PARTS))
        except _NOT_NOW:
            return
        except OSError as error:
            self._end(error)
            return
        self._unsent_size -= sent
        while unsent and sent >= len(unsent[0]):
            sent -= len(unsent.popleft())
        if unsent:
            unsent[0] = unsent[0][sent:]
        else:
            self._unsent = None
            self._loop.remove_writer(self._descriptor)
        if self._paused and self._unsent_size <= self._low and self._protocol is not None:
            self._paused = False
            self._protocol.resume_writing()
        if not unsent:
            self._end_writing()

    def _end_writing(self) -> None:
        """Do what was to be done when all is written."""
        if self._closing:
            self._end(None)
        elif self._ending:
            # A peer that has gone hears of nothing.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)

    def _ask_to_wait(self) -> None:
        if not self._paused and self._unsent_size > self._high:
            self._paused = True
            if self._protocol is not None:
                self._protocol.pause_writing()

    def _end(self, error: OSError | None) -> None:
        """Drop what is left, close the socket, and let the protocol know; `error` is why."""
        protocol, self._protocol = self._protocol, None
        if protocol is None:
            return
        self.pause_reading()
        self._closing = True
        if self._unsent is not None:
            self._unsent = None
            self._unsent_size = 0
            self._loop.remove_writer(self._descriptor)
        self._socket.close()
        protocol.connection_lost(error)


def _without(
    parts: list[bytes | bytearray | memoryview], count: int
) -> list[bytes | bytearray | memoryview]:
    """What is left of `parts` behind the first `count` bytes."""
    for index, part in enumerate(parts):
        if count < len(part):
            return [memoryview(part)[count:], *parts[index + 1 :]]
        count -= len(part)
    return []
