"""The parts of a form, one after the other, as the body arrives.

Each is read, or skipped, before the next is known, so nothing is held but what
has just arrived. `multipart_files` has the same as dictionaries.
"""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Protocol, Self

import anyio
from anyio import CancelScope, to_thread

from .exceptions import PayloadTooLarge
from .form_heads import PartHead
from .multipart_decoder import Mark, MultipartDecoder
from .request_body import RequestBody

__all__ = ("Part", "Parts", "Pieces")

_PARSED = 65_536
"""Bytes of the body that are taken apart at a time, however few of them a handler is given."""

_WRITE = 262_144
"""Bytes that are written to a file at once: a write takes a thread, which costs 0.1 ms."""


class _Source(Protocol):
    async def next_piece(self) -> bytes: ...


class Pieces:
    """Iterates over the pieces of something. No generator, which would have to be closed."""

    __slots__ = ("_source",)

    def __init__(self, source: _Source) -> None:
        self._source = source

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if piece := await self._source.next_piece():
            return piece
        raise StopAsyncIteration


class Part:
    """One part: a field of the form, or a file.

    To be read before the next part is asked for; then the rest is dropped, and
    reading it raises RuntimeError. Reading raises BadRequest if the body turns
    out malformed, and what `Request.read` raises. A cancelled call has lost
    nothing, unless it says so.
    """

    __slots__ = ("_ended", "_left_behind", "_parts", "_pending", "delivered", "head")

    def __init__(self, head: PartHead, parts: "Parts") -> None:
        self.head = head
        self._parts = parts
        self._pending = b""
        self._ended = False
        self._left_behind = False
        self.delivered = False
        """Whether somebody was given it; a call that was to give it may be cancelled."""

    @property
    def name(self) -> str:
        """Of the form's field."""
        return self.head.name

    @property
    def filename(self) -> str | None:
        """As the client sent it, so never to be used as a path; None if this is no file."""
        return self.head.filename

    @property
    def content_type(self) -> str | None:
        """What the client says the data is; None if it does not say."""
        return self.head.content_type

    async def next_piece(self) -> bytes:
        """Return what has arrived, at most the piece size; nothing only at the end."""
        if not await self.has_more():
            return b""
        return self._take(self._parts.piece_size)

    def stream(self) -> AsyncIterator[bytes]:
        """Iterate over the data, or what is left of it, as it arrives."""
        return Pieces(self)

    async def read(self, size: int) -> bytes:
        """Return `size` bytes, or all that is left if that is less."""
        parts: list[bytes] = []
        try:
            while size > 0 and await self.has_more():
                piece = self._take(size)
                parts.append(piece)
                size -= len(piece)
        except BaseException:
            self.put_back(b"".join(parts))
            raise
        return b"".join(parts)

    async def save(self, path: str | os.PathLike[str], *, max_size: int | None = None) -> int:
        """Write the data, or what is left of it, to a file; return how many bytes that were.

        They go to a file beside it, which takes the place of `path` when it is
        complete, and is removed if it will not be. Raises PayloadTooLarge beyond
        `max_size` bytes, OSError if it cannot be written. A cancelled call has
        lost what it wrote.
        """
        path = os.fspath(path)
        temporary = f"{path}.{secrets.token_hex(8)}.part"
        size = 0
        try:
            async with await anyio.open_file(temporary, "xb") as file:
                while data := await self.read(_WRITE):
                    size += len(data)
                    if max_size is not None and size > max_size:
                        raise PayloadTooLarge
                    await file.write(data)
            await to_thread.run_sync(os.replace, temporary, path)
        except BaseException:
            with CancelScope(shield=True), suppress(FileNotFoundError):
                await to_thread.run_sync(os.remove, temporary)
            raise
        return size

    async def has_more(self) -> bool:
        """Wait until there is data that is not read yet; false at the end of the part."""
        if self._left_behind:
            raise RuntimeError(f"the part {self.name!r} was left behind: a later one was asked for")
        while not self._pending and not self._ended:
            event = await self._parts.next_event()
            if isinstance(event, bytes):
                self._pending = event
            else:
                self._ended = True
        return bool(self._pending)

    def put_back(self, data: bytes) -> None:
        """Have what was read last read again."""
        self._pending = data + self._pending

    async def leave_behind(self) -> None:
        """Drop what is left of it."""
        while await self.has_more():
            self._pending = b""
        self._left_behind = True

    def _take(self, most: int) -> bytes:
        pending = self._pending
        self._pending = pending[most:]
        return pending[:most]


class Parts:
    """The parts of one body, in its order."""

    __slots__ = ("_body", "_current", "_decoder", "_ended", "_left")

    def __init__(self, body: RequestBody, boundary: bytes) -> None:
        self._body = body
        self._decoder = MultipartDecoder(boundary)
        self._current: Part | None = None
        self._ended = False
        self._left: int | None = None

    @property
    def current(self) -> Part | None:
        """The part that was asked for last."""
        return self._current

    @property
    def piece_size(self) -> int:
        """The most bytes that are given of a part without being asked for by their number."""
        return self._body.piece_size

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Part:
        part = await self.next_part()
        if part is None:
            raise StopAsyncIteration
        part.delivered = True
        return part

    def limit(self, size: int) -> None:
        """Raise PayloadTooLarge once `size` more bytes of the body have been read."""
        self._left = size

    async def next_part(self) -> Part | None:
        """Return the part behind the current, or None if there is none."""
        if self._current is not None:
            await self._current.leave_behind()
        if self._ended:
            return None
        event = await self.next_event()
        if isinstance(event, PartHead):
            self._current = Part(event, self)
            return self._current
        self._current = None
        self._ended = True
        return None

    async def next_event(self) -> PartHead | bytes | Mark:
        """Return what the body says next. For parts."""
        while (event := self._decoder.next_event()) is Mark.NEED_DATA:
            if piece := await self._body.next_piece(_PARSED):
                self._decoder.receive_data(piece)
                if self._left is not None:
                    self._left -= len(piece)
            else:
                self._decoder.receive_eof()
            if self._left is not None and self._left < 0:
                raise PayloadTooLarge
        return event
