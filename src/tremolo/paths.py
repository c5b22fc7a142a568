"""Paths in one spelling, so that equal paths are equal bytes.

Used for the paths of requests and of routes alike; which route a path leads to
is decided in `routes`.
"""

from urllib.parse import unquote_to_bytes

__all__ = ("canonical_path",)


def canonical_path(path: bytes) -> bytes:
    """Return `path` with one leading slash, no trailing one, and no needless percent-encoding.

    Percent-encoded bytes are decoded, but for the slash and the percent sign:
    an encoded slash belongs to its segment and separates nothing (RFC 3986
    2.2), so `/a%2Fb` never becomes `/a/b`. A percent sign that begins no valid
    encoding stands for itself. Slashes inside, and the segments `.` and `..`,
    stay as they are.
    """
    if b"%" in path:
        path = b"/".join(_canonical_segment(segment) for segment in path.split(b"/"))
    return b"/" + path.strip(b"/")


def _canonical_segment(segment: bytes) -> bytes:
    return unquote_to_bytes(segment).replace(b"%", b"%25").replace(b"/", b"%2F")
