"""A request as handlers on the event loop see it: its head, and its body by `await`.

A plain function runs in a worker thread and is given a `BlockingRequest`.
"""

from collections.abc import AsyncIterator

from tremolo_transport.exchange import Exchange

from .request_body import RequestBody
from .request_head import RequestHead

__all__ = ("Request",)


class Request(RequestHead):
    """One request. Its body can be read once, by whichever method, from wherever the last stopped.

    Reading raises ClientDisconnected if the client leaves, or if its body is
    refused because it is larger than `client_max_body_size`: it has been
    answered 413 then. A handler need not catch it.
    """

    __slots__ = ("_body", "_body_limit", "_buffer_size", "_whole")

    def __init__(self, exchange: Exchange, *, body_limit: int | None, buffer_size: int) -> None:
        super().__init__(exchange)
        self._body_limit = body_limit
        self._buffer_size = buffer_size
        self._body: RequestBody | None = None
        self._whole: bytes | None = None

    def stream(self) -> AsyncIterator[bytes]:
        """Iterate over the body as it arrives, in pieces of at most `buffer_size` bytes."""
        return self._reader.pieces()

    async def read(self, size: int = -1) -> bytes:
        """Return `size` bytes of the body, or what is left if that is less.

        A negative size asks for the next piece. Nothing is returned only at the end.
        """
        return await (self._reader.next_piece() if size < 0 else self._reader.read(size))

    async def body(self) -> bytes:
        """Return the body, or what other methods have left of it. Later calls return the same."""
        if self._whole is None:
            self._whole = await self._reader.read_all()
        return self._whole

    def eof(self) -> bool:
        """Whether all of the body has been read."""
        return self._reader.ended

    def set_buffer_size(self, size: int) -> None:
        """From now on, `stream` and `read` give pieces of at most `size` bytes."""
        self._buffer_size = size
        if self._body is not None:
            self._body.piece_size = size

    @property
    def _reader(self) -> RequestBody:
        # Made when it is asked for, which most handlers never do.
        if self._body is None:
            self._body = RequestBody(
                self.exchange, limit=self._body_limit, piece_size=self._buffer_size
            )
        return self._body
