"""Request and response as plain functions see them: what is awaited elsewhere, blocks here.

For worker threads that were started for a handler, by `threads`; anywhere else
the blocking methods raise RuntimeError.
"""

import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, TypeVar

from anyio import from_thread

from tremolo_transport.exchange import KEEP, Keep, Rate

from .blocking_parts import BlockingMultipartFile, BlockingPart
from .contexts import RequestContext
from .exceptions import HTTPRedirect
from .request import Request
from .request_head import RequestHead
from .response import Response
from .response_head import DEFAULT_CONTENT_TYPE, Text
from .results import Chunk

__all__ = ("BlockingRequest", "BlockingResponse")

T = TypeVar("T")


class BlockingRequest(RequestHead):
    """A `Request` for plain functions; it shares its context and its body with the original."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        super().__init__(request.exchange)
        self._request = request

    @property
    def context(self) -> RequestContext:
        """What the application keeps for this request."""
        return self._request.context

    @property
    def timeout(self) -> float | None:
        """As `Request.timeout`, and the same one."""
        return self._request.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._request.timeout = seconds

    def stream(self, timeout: float | None = None, *, raw: bool = False) -> Iterator[bytes]:
        """As `Request.stream`, for a `for` loop."""
        while piece := self.read(timeout=timeout):
            yield piece

    def read(self, size: int = -1, *, timeout: float | None = None) -> bytes:
        """As `Request.read`."""
        return from_thread.run(partial(self._request.read, size, timeout=timeout))

    def recv(self, size: int = -1, *, timeout: float | None = None, raw: bool = True) -> bytes:
        """As `Request.recv`."""
        return self.read(size, timeout=timeout)

    def body(self, *, timeout: float | None = None, raw: bool = False) -> bytes:
        """As `Request.body`."""
        return from_thread.run(partial(self._request.body, timeout=timeout))

    def json(self) -> Any:
        """As `Request.json`."""
        return from_thread.run(self._request.json)

    def form(self, max_fields: int = 100, *, max_size: int = 8_388_608) -> dict[str, list[str]]:
        """As `Request.form`."""
        return from_thread.run(partial(self._request.form, max_fields, max_size=max_size))

    def files(
        self, max_files: int = 1_024, *, max_file_size: int = 104_857_600
    ) -> Iterator[BlockingMultipartFile]:
        """As `Request.files`, for a `for` loop."""
        files = self._request.files(max_files, max_file_size=max_file_size)
        return map(BlockingMultipartFile, _blocking(files))

    def parts(self) -> Iterator[BlockingPart]:
        """As `Request.parts`, for a `for` loop."""
        return map(BlockingPart, _blocking(self._request.parts()))

    def eof(self) -> bool:
        """As `Request.eof`."""
        return self._request.eof()


class BlockingResponse:
    """A `Response` for plain functions; it changes and sends the original."""

    __slots__ = ("_response",)

    def __init__(self, response: Response) -> None:
        self._response = response

    def set_status(self, status: int = 200, message: Text = b"") -> None:
        """As `Response.set_status`."""
        self._response.set_status(status, message)

    def get_status(self) -> tuple[int, bytes]:
        """As `Response.get_status`."""
        return self._response.get_status()

    def set_header(self, name: Text, value: Text = b"") -> None:
        """As `Response.set_header`."""
        self._response.set_header(name, value)

    def append_header(self, name: Text, value: Text) -> None:
        """As `Response.append_header`."""
        self._response.append_header(name, value)

    def set_content_type(self, content_type: Text = DEFAULT_CONTENT_TYPE) -> None:
        """As `Response.set_content_type`."""
        self._response.set_content_type(content_type)

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        expires: int | None = None,
        max_age: int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = "Lax",
        partitioned: bool = False,
    ) -> None:
        """As `Response.set_cookie`."""
        self._response.set_cookie(
            name,
            value,
            expires=expires,
            max_age=max_age,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    def redirect(self, url: str, code: int = 302) -> HTTPRedirect:
        """As `Response.redirect`."""
        return self._response.redirect(url, code)

    @property
    def content_type(self) -> bytes:
        """As `Response.content_type`."""
        return self._response.content_type

    @property
    def headers(self) -> dict[bytes, list[bytes]]:
        """As `Response.headers`."""
        return self._response.headers

    def headers_sent(self) -> bool:
        """As `Response.headers_sent`."""
        return self._response.headers_sent()

    @property
    def ended(self) -> bool:
        """As `Response.ended`."""
        return self._response.ended

    def pace(
        self,
        *,
        download: Rate | Keep = KEEP,
        upload: Rate | Keep = KEEP,
        lasting: bool = False,
    ) -> None:
        """As `Response.pace`."""
        from_thread.run_sync(
            partial(self._response.pace, download=download, upload=upload, lasting=lasting)
        )

    def write(
        self,
        data: Chunk | None = None,
        *,
        chunked: bool | None = None,
        buffer_size: int | None = None,
        rate: Rate | Keep = KEEP,
    ) -> None:
        """As `Response.write`."""
        write = partial(self._response.write, chunked=chunked, buffer_size=buffer_size, rate=rate)
        from_thread.run(write, data)

    def sendfile(
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
        """As `Response.sendfile`."""
        from_thread.run(
            partial(
                self._response.sendfile,
                path,
                offset,
                count,
                buffer_size,
                content_type,
                executor,
                rate,
                filename=filename,
            )
        )

    def end(self, data: Chunk = b"", *, keepalive: bool = True) -> None:
        """As `Response.end`."""
        from_thread.run(partial(self._response.end, data, keepalive=keepalive))

    def send(
        self, data: Chunk | None, rate: Rate | Keep = KEEP, buffer_size: int | None = None
    ) -> None:
        """As `Response.send`."""
        from_thread.run(self._response.send, data, rate, buffer_size)

    def send_nowait(self, data: Chunk) -> None:
        """As `Response.send_nowait`."""
        from_thread.run_sync(self._response.send_nowait, data)

    def close(self, keepalive: bool = False) -> None:
        """As `Response.close`."""
        self._response.close(keepalive)

    def early_hints(self, *links: Text) -> None:
        """As `Response.early_hints`."""
        from_thread.run(self._response.early_hints, *links)

    def set_trailer(self, name: Text, value: Text) -> None:
        """As `Response.set_trailer`."""
        self._response.set_trailer(name, value)

    @property
    def line(self) -> list[bytes] | None:
        """As `Response.line`."""
        return self._response.line

    def set_chunked(self, chunked: bool) -> None:
        """As `Response.set_chunked`."""
        self._response.set_chunked(chunked)

    @property
    def http_chunked(self) -> bool:
        """As `Response.http_chunked`."""
        return self._response.http_chunked


def _blocking(iterator: AsyncIterator[T]) -> Iterator[T]:
    async def following() -> T | None:
        return await anext(iterator, None)

    while (one := from_thread.run(following)) is not None:
        yield one
