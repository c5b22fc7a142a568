"""A request's body, taken from its exchange piece by piece.

What the pieces mean, a form or JSON, is not known here.
"""

from collections.abc import AsyncIterator
from typing import Self

from anyio import fail_after

from tremolo_core import ConnectionClosed, Data, EndOfMessage
from tremolo_transport.exchange import ClientDisconnected, Exchange

__all__ = ("RequestBody",)


class RequestBody:
    """One position in one body: what has been read by whichever method is not read again.

    Every method raises ClientDisconnected if the body will not be complete: the
    client has left, or what it sent was refused. A cancelled call has lost
    nothing that an earlier one did not return.
    """

    __slots__ = (
        "_begun",
        "_ended",
        "_exchange",
        "_limit",
        "_offset",
        "_received",
        "_taken",
        "piece_size",
    )

    def __init__(self, exchange: Exchange, *, limit: int | None, piece_size: int) -> None:
        self._exchange = exchange
        self._limit = limit
        self.piece_size = piece_size
        """The most bytes that a piece has."""
        self._begun = False
        self._ended = False
        self._received = b""
        self._offset = 0
        self._taken = 0

    @property
    def ended(self) -> bool:
        """Whether all of the body has been read."""
        return self._ended and self._offset == len(self._received)

    @property
    def size(self) -> int:
        """How many bytes of the body have been read by now."""
        return self._taken

    def pieces(self, timeout: float | None = None) -> AsyncIterator[bytes]:
        """Iterate over what is left, in pieces of at most the piece size, none of them empty.

        Raises TimeoutError if one takes longer than `timeout` seconds.
        """
        return _Pieces(self, timeout)

    async def next_piece(self, most: int | None = None) -> bytes:
        """Return what has arrived, `most` bytes at most, by default the piece size.

        Nothing is returned only at the end.
        """
        if self._offset == len(self._received) and not await self._await_more():
            return b""
        return self._take(self.piece_size if most is None else most)

    async def read(self, size: int) -> bytes:
        """Return `size` bytes, or all that is left if that is less."""
        parts: list[bytes] = []
        try:
            while size > 0 and await self._await_more():
                part = self._take(size)
                parts.append(part)
                size -= len(part)
        except BaseException:
            self._put_back(parts)
            raise
        return b"".join(parts)

    async def read_all(self) -> bytes:
        """Return all that is left."""
        parts: list[bytes] = []
        try:
            while await self._await_more():
                parts.append(self._take(len(self._received)))
        except BaseException:
            self._put_back(parts)
            raise
        return b"".join(parts)

    async def _await_more(self) -> bool:
        """Wait until there is something to take; false at the end of the body."""
        while self._offset == len(self._received) and not self._ended:
            await self._receive()
        return self._offset < len(self._received)

    async def _receive(self) -> None:
        if not self._begun:
            self._exchange.limit_body(self._limit)
            self._begun = True
        event = await self._exchange.receive()
        match event:
            case Data():
                self._received = event.data
                self._offset = 0
            case EndOfMessage():
                self._ended = True
            case ConnectionClosed():
                raise ClientDisconnected("the request's body ended before it was complete")
            case _:
                # Whatever other events there are: a request's body has none of them.
                raise RuntimeError(f"{type(event).__name__} is no part of a request's body")

    def _take(self, size: int) -> bytes:
        if self._offset == 0 and size >= len(self._received):
            part = self._received
        else:
            part = self._received[self._offset : self._offset + size]
        self._offset += len(part)
        self._taken += len(part)
        return part

    def _put_back(self, parts: list[bytes]) -> None:
        self._taken -= sum(map(len, parts))
        parts.append(self._received[self._offset :])
        self._received = b"".join(parts)
        self._offset = 0


class _Pieces:
    """A plain iterator, as an abandoned generator would have to be closed."""

    __slots__ = ("_body", "_timeout")

    def __init__(self, body: RequestBody, timeout: float | None) -> None:
        self._body = body
        self._timeout = timeout

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._timeout is None:
            piece = await self._body.next_piece()
        else:
            with fail_after(self._timeout):
                piece = await self._body.next_piece()
        if piece:
            return piece
        raise StopAsyncIteration
