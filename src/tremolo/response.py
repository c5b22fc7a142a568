"""The answer to a request, with all that a handler can do with it.

Its head is in `response_head`, the body that follows, piece by piece, in
`response_body`; which bytes a handler's result stands for, in `results`.
"""

import functools
import os
from typing import Any, BinaryIO

import anyio

from tremolo_core import ConnectionClosed, Headers, InformationalResponse
from tremolo_transport.exchange import KEEP, Keep, Rate

from .content_disposition import content_disposition
from .file_answer import FileFacts, answer_file
from .file_response import OpenFile, boundary, open_file, run_in, send_body, slice_of
from .media_types import OCTETS
from .response_body import ResponseBody
from .response_head import Text, encoded
from .results import Chunk, chunk_bytes

__all__ = ("Response",)

_MOST_WAITING = 1_048_576
"""Bytes that `send_nowait` lets wait: as many as an asyncio program may write before it is told
to wait, times sixteen.
"""


class Response(ResponseBody):
    """One answer. Names and values may be str or bytes; what is read back is bytes.

    `write` and `end` raise ClientDisconnected when the client is gone, or when
    the server has refused its request, which a handler need not catch; and
    LocalProtocolError for a head that may not be sent, such as a value with a
    line break, or a body that is not as long as its Content-Length says:
    nothing of that call is sent then.
    """

    __slots__ = ()

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

    def close(self, keepalive: bool = False) -> None:
        """Have the answer ended when the handler returns, and the connection closed.

        With `keepalive` the connection is kept for other requests.
        """
        if not keepalive:
            self._make_last()
