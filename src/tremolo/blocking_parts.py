"""The parts of a form as plain functions read them; made by `blocking`."""

import os
from collections.abc import Iterator
from typing import Any

from anyio import from_thread

from .form_heads import PartHead
from .multipart_files import MultipartFile
from .parts import Part

__all__ = ("BlockingMultipartFile", "BlockingPart")


class BlockingPart:
    """A `Part` for plain functions."""

    __slots__ = ("_part",)

    def __init__(self, part: Part) -> None:
        self._part = part

    @property
    def head(self) -> PartHead:
        """As `Part.head`."""
        return self._part.head

    @property
    def name(self) -> str:
        """As `Part.name`."""
        return self._part.name

    @property
    def filename(self) -> str | None:
        """As `Part.filename`."""
        return self._part.filename

    @property
    def content_type(self) -> str | None:
        """As `Part.content_type`."""
        return self._part.content_type

    def stream(self) -> Iterator[bytes]:
        """As `Part.stream`, for a `for` loop."""
        while piece := from_thread.run(self._part.next_piece):
            yield piece

    def read(self, size: int) -> bytes:
        """As `Part.read`."""
        return from_thread.run(self._part.read, size)

    def save(self, path: str | os.PathLike[str], *, max_size: int | None = None) -> int:
        """As `Part.save`."""

        async def save() -> int:
            return await self._part.save(path, max_size=max_size)

        return from_thread.run(save)


class BlockingMultipartFile(dict[str, Any]):
    """A `MultipartFile` for plain functions, with the same keys."""

    __slots__ = ("_file",)

    def __init__(self, file: MultipartFile) -> None:
        super().__init__(file)
        self._file = file

    def stream(self) -> Iterator[bytes]:
        """As `MultipartFile.stream`, for a `for` loop."""
        if self["data"]:
            yield self["data"]
        while not self["eof"]:
            self.update(from_thread.run(self._file.load))
            yield self["data"]
