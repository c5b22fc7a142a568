"""The answer to a request: its head as long as it can be changed, then its body, piece by piece.

How a body is framed, and whether what is said may be sent, is judged in the
core; which bytes a handler's result stands for, in `results`.
"""

import functools
import os
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, TypeAlias

import anyio

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    LocalProtocolError,
)
from tremolo_core._values import maker
from tremolo_transport.exchange import KEEP, ClientDisconnected, Exchange, Keep, Rate

from .content_disposition import content_disposition
from .file_answer import FileFacts, answer_file
from .file_response import OpenFile, boundary, open_file, run_in, send_body, slice_of
from .media_types import OCTETS
from .response_head import ResponseHead, Text, encoded
from .results import Chunk, chunk_bytes, pieces_of

__all__ = ("BeforeHead", "Response")

BeforeHead: TypeAlias = Callable[[], Awaitable[bytes | None]]

_END = EndOfMessage()

_data = maker(Data)

_MOST_WAITING = 1_048_576
"""Bytes that `send_nowait` lets wait: as many as an asyncio program may write before it is told
to wait, times sixteen.
"""


class Response(ResponseHead):
    """One answer. Names and values may be str or bytes; what is read back is bytes.

    `write` and `end` raise ClientDisconnected when the client is gone, or when
    the server has refused its request, which a handler need not catch; and
    LocalProtocolError for a head that may not be sent, such as a value with a
    line break, or a body that is not as long as its Content-Length says:
    nothing of that call is sent then.
    """

    __slots__ = (
        "_before_head",
        "_begun",
        "_ended",
        "_last",
        "_replaced",
        "_waiting",
        "upgraded",
    )

    def __init__(self, exchange: Exchange) -> None:
        # Not by `super()`, which makes an object for that until Python 3.12.
        ResponseHead.__init__(self, exchange)
        self._begun = False
        """Whether the head was sent from here, and not by a server that refused the request."""
        self._ended = False
        self._before_head: BeforeHead | None = None
        self._replaced = False
        """Whether another answer was given in the place of what is written."""
        self._last = False
        """Whether the connection is to be closed though the head did not say so."""
        self._waiting: list[bytes] | None = None
        """What `send_nowait` was given and nobody has written yet."""
        self.upgraded = False
        """Whether the answer is a WebSocket, so that there will be no other."""

    def call_before_head(self, func: BeforeHead) -> None:
        """Await `func` once, before the head is made; a body that it returns is the answer."""
        self._before_head = func

    def leave_to_others(self) -> None:
        """Take it that the answer was given through the exchange, and do nothing more about it."""
        self._begun = self._ended = self._exchange.response_started

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self._ended

    @property
    def has_unsent(self) -> bool:
        """Whether there is something that `send_nowait` was given and nobody has written yet."""
        return bool(self._waiting)

    @property
    def takes_no_more(self) -> bool:
        """Whether more of a body would not be sent: the answer is complete, or one to HEAD."""
        return self._ended or self._answers_head

    async def early_hints(self, *links: Text) -> None:
        """Tell the client at once, with status 103, what it will need (RFC 8297).

        Each of `links` is the value of a Link field, such as
        `</style.css>; rel=preload; as=style`. Not sent to a client of HTTP/1.0.
        Raises InternalServerError if the head is sent.
        """
        self._refuse_if_sent()
        fields = Headers([(b"link", encoded(link)) for link in links])
        await self._exchange.send(InformationalResponse(status=103, headers=fields))

    def pace(
        self,
        *,
        download: Rate | Keep = KEEP,
        upload: Rate | Keep = KEEP,
        lasting: bool = False,
    ) -> None:
        """Hold the rest of the answer, or of the request's body, to a rate in bytes per second.

        None or 0 lifts it. It is for this request, in place of what the options
        `download_rate` and `upload_rate` say, or if `lasting` for those that
        follow on its connection too. Raises ValueError for what is no rate.
        """
        self._exchange.pace(download=download, upload=upload, lasting=lasting)

    async def write(
        self,
        data: Chunk | None = None,
        *,
        chunked: bool | None = None,
        buffer_size: int | None = None,
        rate: Rate | Keep = KEEP,
    ) -> None:
        """Send a piece of the body at once; before the first, in the same write, the head.

        From now on at `rate`, if one is given, as `pace` has it, and with a
        `buffer_size` no more bytes than that at a time.

        Empty data, or None, ends the answer. If no Content-Length was set, the
        body is chunked, or ends with the connection: for HTTP/1.0, and if
        `chunked` is false the first time, or the option of that name. With a
        status that allows no body, only the head is sent, and `data` is dropped.
        """
        chunk = b"" if data is None else chunk_bytes(data)
        if chunked is not None:
            self.set_chunked(chunked)
        if rate is not KEEP:
            self.pace(download=rate)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        if not chunk:
            await self._end(b"", declare=False)
            return
        if buffer_size is not None and len(chunk) > buffer_size:
            for piece in pieces_of(chunk, buffer_size):
                await self.write(piece)
            return
        if self._waiting:
            chunk = self._take_waiting() + chunk
        if self._has_begun():
            if not self._is_bodyless:
                await self._exchange.send(_data(chunk))
        elif self._is_bodyless:
            await self._begin(self._head(None), _END)
            self._ended = True
        else:
            await self._begin(self._head(None), _data(chunk))

    def queue(self, data: bytes) -> bool:
        """Have a piece of the body written with what follows, which comes without a wait.

        As `write` does but for that. False, and nothing is done, if that cannot
        be: then `write` is to be called. `flush` is what follows if nothing else does.
        """
        if self._before_head is not None or self._replaced or self._waiting or self._ended:
            return False
        if self._is_bodyless:
            return False
        if self._has_begun():
            return self._exchange.queue(_data(data))
        if not self._exchange.queue(self._head(None), _data(data)):
            return False
        self._begun = True
        return True

    def write_queued(self) -> None:
        """Have what was queued written soon, as there is a wait before what follows."""
        self._exchange.write_queued()

    async def flush(self) -> None:
        """Wait until what was queued is written."""
        await self._exchange.send()

    async def sendfile(
        self,
        path: str | bytes | os.PathLike[str],
        offset: int = 0,
        count: int = -1,
        buffer_size: int | None = None,
        content_type: Text | None = None,
        executor: Any = None,
        rate: Rate | Keep = KEEP,
        *,
        filename: str | None = None,
    ) -> None:
        """Answer with a file, or with `count` bytes of it from `offset` on.

        The client may ask for ranges of that, to resume a download, and under
        conditions: 206, 304, 412 and 416 are answered as RFC 9110 has it, unless
        a status other than 200 was set. The type is `content_type`, or what was
        set, or else `application/octet-stream`. With a `filename` the client is
        told to save it, under that name.

        The kernel sends the file where that can be done, else it is read in
        worker threads; `buffer_size` bytes at a time, by default as many as go.
        It is opened in a thread too, or by `executor.submit`. From now on the
        answer is sent at `rate`, as `pace` has it, and the time-out for handlers
        does not count any more: a client that takes nothing is given up after
        `write_timeout`.

        Raises NotFound, a 404, if there is no such regular file; OSError if it
        cannot be read, EOFError if it shrinks meanwhile, InternalServerError if
        the head is sent already, ValueError for a negative offset.
        """
        self._refuse_if_sent()
        if offset < 0:
            raise ValueError(f"a file has no offset {offset}")
        if rate is not KEEP:
            self.pace(download=rate)
        found = await run_in(executor, functools.partial(open_file, path))
        try:
            if filename is not None:
                self.set_header(b"content-disposition", content_disposition(filename))
            if content_type is None:
                content_type = self._fields.get(b"content-type", (OCTETS,))[0]
            facts = slice_of(found, offset, count, encoded(content_type))
            await self._send_facts(found.file, facts, piece=buffer_size)
        finally:
            found.file.close()

    async def send_open_file(self, found: OpenFile, *, content_type: bytes) -> None:
        """As `sendfile`, for all of a file that is open already, and stays so."""
        await self._send_facts(found.file, slice_of(found, 0, -1, content_type), piece=None)

    async def _send_facts(self, file: BinaryIO, facts: FileFacts, *, piece: int | None) -> None:
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        request = self._exchange.request
        answer = answer_file(
            request.method,
            request.headers,
            facts,
            boundary=boundary(),
            plain=self._status not in (None, 200),
        )
        if answer.status != 200:
            self.set_status(answer.status)
        for name, told in answer.fields:
            self._fields[name] = [told]
        if not answer.body:
            await self._end(b"", declare=True)
            return
        self._exchange.limit_time(None)
        self._has_begun()
        await self._begin(self._head(answer.length))
        await send_body(self._exchange, file, answer, piece=piece)
        self._ended = True
        if self._last:
            await self._exchange.send(ConnectionClosed())

    async def send(
        self, data: Chunk | None, rate: Rate | Keep = KEEP, buffer_size: int | None = None
    ) -> None:
        """Send a piece of the body, as `write` does; None ends it, empty data does nothing."""
        if data is None or data:
            await self.write(data, buffer_size=buffer_size, rate=rate)

    def send_nowait(self, data: Chunk) -> None:
        """Have a piece of the body sent, and do not wait for it; the order of calls is kept.

        Raises anyio.WouldBlock, and takes nothing, if more than a mebibyte waits
        already because the client reads slowly.
        """
        chunk = chunk_bytes(data)
        if self._waiting is None:
            self._waiting = []
        if sum(map(len, self._waiting)) + len(chunk) > _MOST_WAITING:
            raise anyio.WouldBlock
        self._waiting.append(chunk)
        if len(self._waiting) == 1:
            self._exchange.connection.start_soon(self._write_waiting)

    async def end(self, data: Chunk = b"", *, keepalive: bool = True) -> None:
        """Complete the answer with `data`. Ending twice, without data, does nothing more.

        If nothing was sent before, this is the whole answer in one write, with
        its Content-Length. Without `keepalive` the connection is closed then.
        """
        if not keepalive:
            self._make_last()
        body = data if type(data) is bytes else chunk_bytes(data)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        # As `_end` does, without another coroutine for it.
        if events := self._rest(body, declare=True):
            begun, self._begun = self._begun, True
            try:
                await self._exchange.send(*events)
            except LocalProtocolError:
                self._begun = begun
                raise
            self._ended = True
            if self._last:
                await self._exchange.send(ConnectionClosed())

    def close(self, keepalive: bool = False) -> None:
        """Have the answer ended when the handler returns, and the connection closed.

        With `keepalive` the connection is kept for other requests.
        """
        if not keepalive:
            self._make_last()

    async def _end(self, body: bytes, *, declare: bool) -> None:
        """Complete the answer. A whole one has its length, unless it is not to `declare` one."""
        if events := self._rest(body, declare=declare):
            await self._begin(*events)
            self._ended = True
            if self._last:
                await self._exchange.send(ConnectionClosed())

    def _rest(self, body: bytes, *, declare: bool) -> tuple[Event, ...]:
        """What completes the answer: `body`, behind what waits. Nothing if it is complete."""
        if self._waiting:
            body = self._take_waiting() + body
        end = _END
        if self._trailers is not None:
            end = EndOfMessage(trailers=Headers(self._trailers))
        if self._has_begun():
            if self._ended and not body:
                return ()
            return (_data(body), end) if body and not self._is_bodyless else (end,)
        if self._is_bodyless:
            return (self._head(None), _END)
        if declare and self._trailers is None:
            return (self._head(len(body)), _data(body), _END)
        return (self._head(None), _data(body), end) if body else (self._head(None), end)

    def _make_last(self) -> None:
        if self._exchange.response_started:
            self._last = True
        else:
            self._fields[b"connection"] = [b"close"]

    def _take_waiting(self) -> bytes:
        waiting, self._waiting = self._waiting or [], None
        return b"".join(waiting)

    async def _write_waiting(self) -> None:
        if self._waiting and not self._ended:
            await self.write(self._take_waiting())

    async def _is_replaced(self) -> bool:
        """Ask whoever wanted to be asked before the head; true if the answer is given already."""
        func, self._before_head = self._before_head, None
        if func is None or self._has_begun():
            return self._replaced
        body = await func()
        if body is not None or self._begun:
            await self.end(b"" if body is None else body)
            self._replaced = True
        return self._replaced

    def _has_begun(self) -> bool:
        """Whether the head is sent. Raises if another answer was given."""
        if self.upgraded:
            raise RuntimeError("the request was answered with a WebSocket")
        if not self._begun and self._exchange.response_started:
            raise ClientDisconnected("the server has refused the request, and said so")
        return self._begun

    async def _begin(self, *events: Event) -> None:
        # A send that is cancelled counts as sent; one that is illegal does not.
        begun, self._begun = self._begun, True
        try:
            await self._exchange.send(*events)
        except LocalProtocolError:
            self._begun = begun
            raise
