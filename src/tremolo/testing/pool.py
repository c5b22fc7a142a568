"""Keeps connections for the requests to come, and opens new ones."""

from functools import lru_cache
from typing import Final, Self

from tremolo_core import Data, EndOfMessage, Headers, Response

from .harness import Harness
from .http_connection import HttpConnection, OutgoingRequest, ServerClosed

__all__ = ("Pool", "Reply")

_SAYS_MORE: Final = frozenset((b"content-encoding", b"location", b"set-cookie", b"set-cookie2"))
"""Fields by which an answer wants more of a client than to be read."""

_MOST_HEADERS: Final = 256
"""Those of so many answers are judged once: of one handler they are mostly the same."""


class Pool:
    """The connections of one client."""

    def __init__(self, harness: Harness) -> None:
        self._harness = harness
        self._idle: dict[str, list[HttpConnection]] = {}
        """By the URL's scheme, those on which a request may follow."""

    async def ask(self, request: OutgoingRequest, scheme: str) -> "Reply":
        """Send a request over a connection that is free, or a new one.

        Raises as `HttpConnection.ask` does.
        """
        idle = self._idle.setdefault(scheme, [])
        # A body that is made as it is sent could not be sent again.
        while idle and isinstance(request.body, bytes):
            connection = idle.pop()
            try:
                return Reply(await connection.ask(request), connection, idle)
            except ServerClosed:
                continue
        connection = HttpConnection(await self._harness.connect(scheme=scheme), self._harness)
        return Reply(await connection.ask(request), connection, idle)

    async def aclose(self) -> None:
        """Close what is free."""
        for idle in self._idle.values():
            while idle:
                await idle.pop().aclose()


class Reply:
    """An answer whose body is to be read. Iterating over it gives the body's pieces."""

    def __init__(
        self, head: Response, connection: HttpConnection, idle: list[HttpConnection]
    ) -> None:
        self._connection = connection
        self._idle = idle
        self._open = True
        self.status = head.status
        self.headers = head.headers
        self.reason = head.reason
        self.trailers = Headers()
        """Fields behind the body, once that is read."""

    async def whole_body(self) -> bytes | None:
        """Return the body as `read` would, if all has come and that is all there is to do.

        None if not, and nothing has happened.
        """
        if _says_more(self.headers):
            return None
        body = self._connection.take_body()
        if body is not None:
            await self._end()
        return body

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._open:
            raise StopAsyncIteration
        match await self._connection.receive_body():
            case Data(data=data):
                return data
            case EndOfMessage(trailers=trailers):
                self.trailers = trailers
                await self._end()
                raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave, unless the body was read to its end."""
        if self._open:
            self._open = False
            await self._connection.aclose()

    async def _end(self) -> None:
        """The body was read."""
        self._open = False
        if await self._connection.finish():
            self._idle.append(self._connection)


@lru_cache(_MOST_HEADERS)
def _says_more(headers: Headers) -> bool:
    return any(name in _SAYS_MORE for name, _ in headers)
