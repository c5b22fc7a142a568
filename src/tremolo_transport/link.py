"""Moves bytes between one stream and one core connection: who reads, and who writes.

At any moment at most one task is inside `stream.receive`, and one inside
`stream.send`. What is done with the events is the business of `driver` and
`served_exchange`; whether the peer is still there is kept in `line`.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError, EndOfStream
from anyio.lowlevel import checkpoint

from tremolo_core import Request, State

from .errors import ClientDisconnected
from .file_sending import until_written
from .line import Line
from .native_stream import NativeStream
from .read_size import READ_SIZE
from .streams import is_tls

__all__ = ("Link",)

_MOST_UNCOPIED = 262_144
"""Bytes of one write where none of them is copied."""


class Link(Line):
    """One stream, the core connection that speaks on it, and the turns of their users."""

    __slots__ = ()

    # Reading.

    async def read(self) -> None:
        """Move what the stream has next into the core; `reading` must be false.

        The end of the stream, and its failure, are noted and not raised. A
        cancelled call has moved nothing and lost nothing. On the native stream
        `interrupt` ends this, too.
        """
        self.reading = self.stirred = True
        self._called_off = False
        self.reads += 1
        try:
            if self.framed:
                most = self._size.of_frames()
                if self._size.crowded:
                    # The stream may have the next already, and return it at once.
                    await checkpoint()
            else:
                most = self._size.of_body()
            quick = self.quick
            data: bytes | memoryview
            if quick is None:
                data = await self.stream.receive(min(most, READ_SIZE) if self.framed else most)
            else:
                data = b""
                while not data and not self._called_off:
                    if (wait := quick.readiness()) is not None:
                        await wait
                    if most > READ_SIZE and self.framed:
                        # It is put behind what has come of a message, so one copy will do.
                        data = quick.take_view(most)
                    else:
                        data = quick.take(most)
            # No await from here to the core: that is what makes it lossless.
            if data:
                if isinstance(data, memoryview):
                    self.connection.receive_view(data)
                else:
                    self.connection.receive_data(data)
                self.moved += 1
                self._size.in_bulk = len(data) >= READ_SIZE
        except Exception as error:
            self._note_end(error)
        finally:
            self.reading = False
            if self._news is not None:
                self.tell()

    async def read_request(self, serve_at_once: Callable[[bytes], bool]) -> Request | None:
        """As `read`, for whoever waits for a request and for nothing else.

        Return it, if what was read tells it at once; else the core is to be asked.

        If the stream can do so, it calls `serve_at_once` with what has come, and this
        waits on where that returns true. Else None is returned, after `leave_to_task`.
        """
        self.reading = True
        self.reads += 1
        try:
            quick = self.quick
            if quick is None:
                data = await self.stream.receive(READ_SIZE)
            else:
                data = b""
                while not data:
                    wait = quick.readiness()
                    if wait is not None:
                        if quick.serves_meanwhile:
                            quick.serve_meanwhile(serve_at_once)
                        await wait
                        if self.left_to_task:
                            return None
                    data = quick.take(READ_SIZE)
            return self.connection.receive_request(data)
        except Exception as error:
            self._note_end(error)
            return None
        finally:
            if self.left_to_task:
                # Somebody else may read by now.
                self.left_to_task = False
            else:
                self.reading = False
                if self._news is not None:
                    self.tell()

    def leave_to_task(self) -> bool:
        """Have `read_request` return, as what has come is taken; false, for its `serve_at_once`."""
        self.left_to_task = True
        return False

    def _note_end(self, error: Exception) -> None:
        """Note that the stream has ended, or has failed; whatever else went wrong is raised."""
        if isinstance(error, EndOfStream):
            self.eof = True
            self._end_of_input()
            return
        lost = isinstance(error, BrokenResourceError | ClosedResourceError | OSError)
        if lost:
            self.connection.receive_eof()
        self.break_off()
        if not lost:
            raise error

    def _end_of_input(self) -> None:
        connection = self.connection
        idle = connection.client_state is State.IDLE and not connection.buffered
        connection.receive_eof()
        unread = connection.unread_body
        incomplete = unread is not None and unread > connection.buffered
        if incomplete or connection.left_without_close or (is_tls(self.stream) and not idle):
            # The request can never be complete, so nobody waits for its answer; or the WebSocket
            # has no other side; or nobody half-closes, as on TLS. There a goodbye between requests
            # is answered by ours.
            self.break_off()
        else:
            self._departure.tell()

    def was_read(self) -> bool:
        """Whether somebody reads since the last call, or has, and so notices what the peer does.

        Who polls enters a read and is cancelled again and again, and notices nothing.
        """
        lasting = self.reading and self.reads == self._reads_seen
        moved = self.moved != self._moved_seen
        self._reads_seen, self._moved_seen = self.reads, self.moved
        return lasting or moved

    def read_interruptibly(self) -> Coroutine[Any, Any, None]:
        """As `read`, but `interrupt` ends it early."""
        return self.read() if self.quick is not None else self._read_in_scope()

    async def _read_in_scope(self) -> None:
        with CancelScope() as scope:
            self._read_scope = scope
            try:
                await self.read()
            finally:
                self._read_scope = None

    def note_lone_message(self) -> None:
        """Note that the last read brought one whole message of a WebSocket, and nothing else."""
        self._size.after_lone_message = True

    def read_little(self) -> None:
        """Have the next read bring no more than usual: it is of what nobody waits for."""
        self._size.in_bulk = False

    def interrupt(self) -> None:
        """End a wait in `read_interruptibly`, and wake all who wait for news."""
        if self.reading:
            self._called_off = True
            if self.quick is not None:
                self.quick.call_reader_off()
            elif self._read_scope is not None:
                self._read_scope.cancel()
        if self._news is not None:
            self.tell()

    # Writing.

    def flush_at_once(self) -> bool:
        """As `flush`, if nobody need wait for that; false if `flush` is to be called all the same.

        Raises nothing: if something fails, the next to read or write hears of it.
        """
        stream = self.quick
        if stream is None or self.writing or self.pace.download is not None:
            return False
        while stream.takes_at_once and not stream.turn_is_over and (data := self._next_to_write()):
            self.write_at_once(stream, data)
            if not self.connection.has_data_to_send:
                return True
        return False

    def write_at_once(self, stream: NativeStream, data: bytes | memoryview) -> None:
        """Write to the `quick` stream while it takes that at once and nobody else writes."""
        stream.send_at_once(data)
        self.writes += 1
        self.sent += len(data)

    def write_parts_at_once(self, stream: NativeStream, parts: Sequence[bytes]) -> None:
        """As `write_at_once` of all `parts` behind one another."""
        self.writes += 1
        self.sent += stream.send_parts_at_once(parts)

    async def flush(self) -> None:
        """Write what the core wants written, and return when it is out.

        If another task is writing already, it takes our bytes along and we wait
        for it. Raises ClientDisconnected if the peer cannot be reached; also if
        the other task was cancelled, as nobody knows then how much was taken.
        """
        if self.writing:
            await self._writer_left()
        elif data := self._next_to_write():
            self.writing = True
            try:
                await self._write(data)
            finally:
                self.writing = False
                if self._written is not None:
                    self._stop_waiting()
        else:
            # The body of an answer to HEAD: whoever sends without end must let others run.
            await checkpoint()
        if self.broken:
            raise ClientDisconnected("the client has left")

    def note_progress(self) -> None:
        """Note that a part of what is written past the stream is out."""
        self.writes += 1

    async def flush_unasked(self) -> None:
        """As `flush`, for bytes that nobody waits for: nobody is told if it fails."""
        with suppress(ClientDisconnected):
            await self.flush()

    async def write_past(self, count: int, write: Callable[[], Awaitable[None]]) -> None:
        """Have `write` put `count` bytes of the body on the wire, past the stream.

        They come behind all that was sent before, and before all that is sent
        from now on. If `write` fails or is cancelled, the connection cannot be
        saved; only while this waits for its turn, nothing has happened yet.

        Raises ClientDisconnected as `flush` does, LocalProtocolError as
        `Connection.send_elsewhere`, and what `write` raises.
        """
        while self.writing:
            await self._writer_left()
        self.writing = True
        try:
            if data := self._next_to_write():
                await self._write(data)
            await self._until_written()
            if not self.broken and self.connection.send_elsewhere(count):
                await self._write_past(write)
                self.sent += count
                if data := self._next_to_write():
                    await self._write(data)
        finally:
            self.writing = False
            self._stop_waiting()
        if self.broken:
            raise ClientDisconnected("the client has left")

    def _next_to_write(self) -> bytes | memoryview:
        """Return what to write next; nothing if there is nothing."""
        if self.quick is None or self.pace.download is not None:
            return self.connection.data_to_send(self.pace.write_size)
        return self.connection.views_to_send(self.pace.write_size, _MOST_UNCOPIED)

    async def _write(self, data: bytes | memoryview) -> None:
        try:
            while data:
                if self.pace.download is not None:
                    await self.allowance(len(data))
                    if self.broken:
                        break
                self.writes += 1
                if self.quick is not None:
                    await self.quick.send(data)
                else:
                    await self.stream.send(bytes(data))
                self.sent += len(data)
                data = self._next_to_write()
        except (BrokenResourceError, ClosedResourceError, OSError):
            self.break_off()
        except BaseException:
            # Cancelled: nobody knows how much of `data` is on the wire.
            self.break_off()
            raise

    async def allowance(self, most: int) -> int:
        """Wait until some bytes may be written by the rate, and return how many.

        They are `most` at most, and one at least. To be asked again for the next.
        """
        throttle = self.pace.download
        if throttle is None:
            return most
        size = min(most, throttle.piece)
        seconds = throttle.take(size)
        while seconds > 0 and await self.pause(seconds) and not self.broken:
            # The news may be another rate.
            seconds = throttle.take(0)
        return size

    async def _until_written(self) -> None:
        try:
            await until_written(self.stream)
        except (BrokenResourceError, ClosedResourceError, OSError):
            self.break_off()

    async def _write_past(self, write: Callable[[], Awaitable[None]]) -> None:
        with CancelScope() as scope:
            self._past_scope = scope
            try:
                await write()
            except (BrokenResourceError, ClosedResourceError):
                self.break_off()
            except BaseException:
                # The core takes all of it for sent.
                self.break_off()
                raise
            finally:
                self._past_scope = None

    async def _writer_left(self) -> None:
        """Wait until the task that writes has written everything, or failed."""
        if self._written is None:
            self._written = anyio.Event()
        await self._written.wait()

    def _stop_waiting(self) -> None:
        if self._written is not None:
            self._written.set()
            self._written = None
