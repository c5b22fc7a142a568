"""Finds the file in a folder that a path asks for, or what to do instead. Blocks.

Who asks and how it is answered is said in `static_files`.
"""

import os

from tremolo_core import value

from .accept_encoding import choose_coding
from .exceptions import NotFound
from .file_response import OpenFile, open_file
from .media_types import media_type_of

__all__ = ("Folder", "IsFolder", "StaticFile", "find_static")

_CODINGS = {b"br": ".br", b"zstd": ".zst", b"gzip": ".gz"}
"""What a precompressed variant of a file is called; the smallest first."""


@value
class Folder:
    """A folder whose files anybody may have."""

    root: str
    """Its path, without symbolic links."""
    index: tuple[str, ...]
    """The files that stand for a folder, the first that there is."""
    dot_files: bool
    """Whether names that begin with a dot are found."""
    precompressed: bool
    """Whether `style.css.br` may be sent for `style.css`."""


@value
class StaticFile:
    """A file to be sent."""

    found: OpenFile
    content_type: bytes
    coding: bytes | None
    """How its content is compressed."""
    varies: bool
    """Whether other clients are sent another file."""


@value
class IsFolder:
    """There is a folder, and its path ends with a slash."""


def find_static(
    folder: Folder, path: str, accepted: tuple[bytes, ...], *, is_folder: bool
) -> StaticFile | IsFolder:
    """Open what `path`, relative to the folder, asks for; `is_folder` is whether it says so.

    `accepted` is what Accept-Encoding says. Raises NotFound if there is no such
    file, or none that may be seen; OSError if it cannot be read.
    """
    names = [name for name in path.split("/") if name]
    if not all(_may_be_seen(name, folder) for name in names):
        raise NotFound
    place = _inside(folder.root, os.path.join(folder.root, *names))
    if os.path.isdir(place):
        indexes = (_inside_or_none(folder.root, os.path.join(place, name)) for name in folder.index)
        index = next((found for found in indexes if found and os.path.isfile(found)), None)
        if index is None:
            raise NotFound
        if not is_folder:
            return IsFolder()
        return _open(folder, index, accepted)
    if is_folder and names:
        raise NotFound
    # The name that was asked for has the type, whatever a link leads to.
    return _open(folder, place, accepted, name=names[-1] if names else "")


def _open(
    folder: Folder, place: str, accepted: tuple[bytes, ...], *, name: str | None = None
) -> StaticFile:
    content_type = media_type_of(os.path.basename(place) if name is None else name)
    variants: dict[bytes, str] = {}
    if folder.precompressed:
        for coding, suffix in _CODINGS.items():
            variant = _inside_or_none(folder.root, place + suffix)
            if variant is not None and os.path.isfile(variant):
                variants[coding] = variant
    chosen = choose_coding(accepted, tuple(variants))
    found = open_file(place if chosen is None else variants[chosen])
    return StaticFile(found=found, content_type=content_type, coding=chosen, varies=bool(variants))


def _may_be_seen(name: str, folder: Folder) -> bool:
    if name in (os.curdir, os.pardir) or "\\" in name or "\x00" in name:
        return False
    return folder.dot_files or not name.startswith(".")


def _inside(root: str, path: str) -> str:
    """Where `path` really is; raises NotFound if that is outside, or nowhere."""
    real = _inside_or_none(root, path)
    if real is None:
        raise NotFound
    return real


def _inside_or_none(root: str, path: str) -> str | None:
    try:
        real = os.path.realpath(path, strict=True)
    except OSError:
        return None
    return real if real == root or real.startswith(root.rstrip(os.sep) + os.sep) else None
