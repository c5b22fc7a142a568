"""The handler that `Application.static` registers: sends the files of a folder.

Which file a path asks for is found in `static_paths`.
"""

import os
from collections.abc import Iterable
from functools import partial

import anyio.to_thread

from tremolo_core import value

from .request import Request
from .response import Response
from .static_paths import Folder, IsFolder, find_static

__all__ = ("StaticFiles", "static_files")


@value
class StaticFiles:
    """Answers each request with the file that it asks for."""

    folder: Folder
    cache_control: bytes | None
    """What is said about keeping copies; None is nothing."""

    async def __call__(self, request: Request, response: Response, rest: str = "") -> None:
        """Send the file; raises NotFound if there is none."""
        accepted = request.exchange.request.headers.get_all(b"accept-encoding")
        find = partial(
            find_static, self.folder, rest, accepted, is_folder=request.path.endswith(b"/")
        )
        found = await anyio.to_thread.run_sync(find)
        if isinstance(found, IsFolder):
            await self._redirect(request, response)
            return
        try:
            if self.cache_control is not None:
                response.set_header(b"cache-control", self.cache_control)
            if found.coding is not None:
                response.set_header(b"content-encoding", found.coding)
            if found.varies:
                response.append_header(b"vary", b"Accept-Encoding")
            response.set_header(b"x-content-type-options", b"nosniff")
            await response.send_open_file(found.found, content_type=found.content_type)
        finally:
            found.found.file.close()

    async def _redirect(self, request: Request, response: Response) -> None:
        # Two slashes in front would name another host.
        location = b"/" + request.path.lstrip(b"/") + b"/"
        if request.query_string:
            location += b"?" + request.query_string
        response.set_status(301)
        response.set_header(b"location", location)
        await response.end()


def static_files(
    folder: str | os.PathLike[str],
    *,
    index: str | Iterable[str],
    dot_files: bool,
    precompressed: bool,
    cache_control: str | None,
) -> StaticFiles:
    """The handler for the files of `folder`. Raises ValueError if that is no folder."""
    root = os.path.realpath(folder)
    if not os.path.isdir(root):
        raise ValueError(f"{os.fspath(folder)!r} is no folder whose files could be sent")
    return StaticFiles(
        folder=Folder(
            root=root,
            index=(index,) if isinstance(index, str) else tuple(index),
            dot_files=dot_files,
            precompressed=precompressed,
        ),
        cache_control=None if cache_control is None else cache_control.encode("latin-1"),
    )
