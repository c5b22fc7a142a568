"""Sends a request's body beside the test, so that the answer is read meanwhile."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator

from anyio import BrokenResourceError, CancelScope, ClosedResourceError

from .request_writer import chunk
from .wire import Wire

__all__ = ("Upload", "pieces_of")

_PIECE = 65_536


class Upload:
    """One body on its way."""

    def __init__(
        self, wire: Wire, head: bytes, body: AsyncIterable[bytes], *, chunked: bool
    ) -> None:
        self._wire = wire
        self._head = head
        self._body = body
        self._chunked = chunked
        self._scope = CancelScope()
        self.done = False
        """Whether there is nothing more to send, or nobody to send it to."""
        self.error: Exception | None = None
        """What iterating over the body has raised; then the server is told no more."""

    async def run(self) -> None:
        """Send it to its end. Raises nothing."""
        with self._scope:
            try:
                await self._send()
            except (BrokenResourceError, ClosedResourceError):
                # The server wants no more: what it answers will tell why.
                pass
            except Exception as error:
                self.error = error
                await self._wire.abort()
            self.done = True

    def cancel(self) -> None:
        """Send no more."""
        self._scope.cancel()

    async def _send(self) -> None:
        await self._wire.send(self._head)
        pieces = aiter(self._body)
        try:
            async for piece in pieces:
                if piece:
                    await self._wire.send(chunk(piece) if self._chunked else piece)
        finally:
            if isinstance(pieces, AsyncGenerator):
                with CancelScope(shield=True):
                    await pieces.aclose()
        if self._chunked:
            await self._wire.send(chunk(b""))


async def pieces_of(body: bytes) -> AsyncIterator[bytes]:
    """A body that is there as a whole, in pieces."""
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]
