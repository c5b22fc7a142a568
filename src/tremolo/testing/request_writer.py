"""Writes requests as bytes: the head, and the body as the head announces it (RFC 9112).

Nothing is corrected here: a test may want to send what is wrong. How the bytes
get to the server is the business of `http_connection`.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from tremolo_core import LocalProtocolError

__all__ = ("chunk", "head", "is_chunked", "kept_head")

_MOST_HEADS: Final = 256
"""Heads that are remembered: a test often asks for the same again."""


def head(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A request's head, up to and including the empty line.

    Raises LocalProtocolError if a line of it would be more than one: to send
    that, there is `Client.connection`.
    """
    lines = [method.encode("ascii") + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in headers]
    data = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if data.count(b"\n") != breaks or data.count(b"\r") != breaks:
        raise LocalProtocolError(f"there is a line break inside a line of the head: {lines}")
    return data + b"\r\n\r\n"


def is_chunked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the head announces a body in chunks."""
    return any(
        name.lower() == b"transfer-encoding" and value.lower().endswith(b"chunked")
        for name, value in headers
    )


@lru_cache(_MOST_HEADS)
def kept_head(
    method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...]
) -> tuple[bytes, bool]:
    """The `head`, and whether it announces a body in chunks."""
    return head(method, target, headers), is_chunked(headers)


def chunk(data: bytes) -> bytes:
    """One chunk of such a body; the last one if `data` is empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)
