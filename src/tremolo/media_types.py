"""Which type a file has, by its name alone: the same on every machine."""

import mimetypes
import os

__all__ = ("OCTETS", "media_type_of")

OCTETS = b"application/octet-stream"
"""Of which nothing is known."""

_MODERN = {
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""What Python's own table does not have, or not in every version; all of IANA's registry."""

_COMPRESSED = {
    ".br": OCTETS,
    ".bz2": b"application/x-bzip2",
    ".gz": b"application/gzip",
    ".tgz": b"application/gzip",
    ".xz": b"application/x-xz",
    ".zst": b"application/zstd",
}
"""A file that is compressed is sent as it is, and not as what it contains."""

# Made of Python's table, without what the system's files would add.
_types = mimetypes.MimeTypes(filenames=())


def media_type_of(name: str) -> bytes:
    """The media type of a file called `name`; text is said to be UTF-8."""
    _, extension = os.path.splitext(name.lower())
    if extension in _COMPRESSED:
        return _COMPRESSED[extension]
    found = _MODERN.get(extension)
    if found is None:
        # The name alone: what looks like a URL would be read as one.
        found, coding = _types.guess_type("a" + extension)
        if coding is not None:
            return OCTETS
    if found is None:
        return OCTETS
    return f"{found}; charset=utf-8".encode() if found.startswith("text/") else found.encode()
