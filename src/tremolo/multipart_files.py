"""The parts of a form as dictionaries with their data: `request.files`.

For what is too large to be held, `parts` has them without.
"""

from collections.abc import AsyncIterator
from typing import Any, Self

from .parts import Part, Parts, Pieces

__all__ = ("Files", "MultipartFile")


class MultipartFile(dict[str, Any]):
    """A part, or some of one that is larger than the `max_file_size` of `Request.files`.

    Its keys are `name`; `filename` and `type`, if the client sent them; `data`,
    as bytes; and `eof`, whether this is all of the part, or the last of it.
    """

    __slots__ = ("_part", "_size")

    def __init__(self, part: Part, *, size: int) -> None:
        super().__init__(name=part.name)
        if part.filename is not None:
            self["filename"] = part.filename
        if part.content_type is not None:
            self["type"] = part.content_type
        self["data"] = b""
        self["eof"] = False
        self._part = part
        self._size = size

    async def load(self) -> Self:
        """Read the next data of the part, and return this."""
        part = self._part
        data = await part.read(self._size)
        try:
            more = await part.has_more()
        except BaseException:
            part.put_back(data)
            raise
        part.delivered = True
        self["data"] = data
        self["eof"] = not more
        return self

    def stream(self) -> AsyncIterator[bytes]:
        """Iterate over all data of the part, beginning with what `data` holds.

        Each step loads the next `max_file_size` bytes. Raises as `Request.files`
        does, RuntimeError if a later part was asked for meanwhile.
        """
        return Pieces(_Rest(self))


class _Rest:
    """What `MultipartFile.stream` iterates over."""

    __slots__ = ("_begun", "_file")

    def __init__(self, file: MultipartFile) -> None:
        self._file = file
        self._begun = False

    async def next_piece(self) -> bytes:
        if self._begun:
            if self._file["eof"]:
                return b""
            await self._file.load()
        self._begun = True
        data: bytes = self._file["data"]
        return data


class Files:
    """Iterates over dictionaries; the work of `Request.files`."""

    __slots__ = ("_left", "_parts", "_size")

    def __init__(self, parts: Parts, *, count: int, size: int) -> None:
        self._parts = parts
        self._left = count
        self._size = size

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> MultipartFile:
        part = self._parts.current
        if part is None or (part.delivered and not await part.has_more()):
            if not self._left:
                raise StopAsyncIteration
            part = await self._parts.next_part()
            if part is None:
                raise StopAsyncIteration
            self._left -= 1
        return await MultipartFile(part, size=self._size).load()
