"""What a handler's result says: the bytes of a body, and of which type they are.

How the bytes are framed and sent is the business of `response`.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from tremolo_core import value

__all__ = ("Body", "Chunk", "chunk_bytes", "encode_result", "pieces_of")

Chunk: TypeAlias = bytes | bytearray | memoryview | str
"""A piece of a body: bytes of some kind, or text, which is sent as UTF-8."""

_JSON = b"application/json"

# RFC 8259 has no Infinity and no NaN, and needs no white space. Made once, as `json.dumps`
# makes another each time that it is told anything.
_json_text = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


@value
class Body:
    """What a result says about the answer's body."""

    data: bytes
    content_type: bytes | None = None
    """The type that the result names itself."""
    natural_type: bytes | None = None
    """The type that it has if nobody names one; None is the answer's default."""


def encode_result(result: object) -> Body:
    """Return the body that `result` stands for.

    Bytes and text are the body. A dict or a list is sent as JSON. In a tuple of
    two the second item is a content type if it has a slash, and else the codec
    that the text is encoded with; the codec changes nothing about the type.

    Raises TypeError for any other type, LookupError for an unknown codec,
    ValueError for what the codec or JSON cannot express.
    """
    # Of tuples of types, as a union is made anew each time.
    if isinstance(result, (dict, list)):
        return _encode_json(result, "utf-8")
    if isinstance(result, tuple):
        return _encode_tuple(result)
    return Body(data=chunk_bytes(result))


def chunk_bytes(chunk: object) -> bytes:
    """Return the bytes of a yielded `chunk`; raises TypeError if it is not a `Chunk`."""
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise TypeError(
        f"{type(chunk).__name__} is nothing that can be sent; return or yield bytes or str"
        " (a handler may also return a dict, a list, None, or a tuple of data and type)"
    )


def pieces_of(data: bytes, size: int) -> Iterator[bytes]:
    """Cut `data` into pieces of so many bytes, the last may have fewer. ValueError below one."""
    if size < 1:
        raise ValueError(f"a piece has one byte at least, not {size}")
    return (data[start : start + size] for start in range(0, len(data), size))


def _encode_tuple(result: tuple[Any, ...]) -> Body:
    match result:
        case (data,) | (data, None):
            return encode_result(data)
        case (data, str() | bytes() as told):
            text = told.decode("latin-1") if isinstance(told, bytes) else told
            if "/" in text:
                return Body(data=encode_result(data).data, content_type=text.encode("latin-1"))
            # Of bytes the codec says nothing, but a wrong one is a mistake all the same.
            codecs.lookup(text)
            if isinstance(data, dict | list):
                return _encode_json(data, text)
            return Body(data=data.encode(text) if isinstance(data, str) else chunk_bytes(data))
        case _:
            raise TypeError(
                "a handler returns a tuple only as (data, encoding) or (data, content type);"
                f" this one has {len(result)} items"
            )


def _encode_json(result: dict[Any, Any] | list[Any], codec: str) -> Body:
    return Body(data=_json_text(result).encode(codec), natural_type=_JSON)
