"""Server-sent events as bytes: the wire format of `text/event-stream` (WHATWG HTML 9.2.6).

Pure. How they are sent is the business of `event_stream`.
"""

import re

__all__ = ("encode_comment", "encode_event")

_LINE_END = re.compile(rb"\r\n|\r|\n")

_LINE_ENDS = b"\r\n"


def encode_event(
    data: str | bytes,
    event: str | bytes | None = None,
    event_id: str | bytes | None = None,
    retry: int = 0,
    *,
    strip: bool = True,
) -> bytes:
    """Encode one event with its fields in the order data, event, id, retry.

    Each line of `data` is a field, whether lines end with CR, LF or both. With
    `strip`, line ends before and behind all of it are left out. `retry` is in
    milliseconds, and 0 is none.

    Raises ValueError for a line end in `event` or `event_id`, a NUL in
    `event_id`, which clients ignore, or a negative `retry`.
    """
    text = _encoded(data)
    if strip:
        text = text.strip(_LINE_ENDS)
    lines = [b"data: " + line for line in _LINE_END.split(text)]
    if event is not None:
        lines.append(b"event: " + _one_line(event, "event"))
    if event_id is not None:
        name = _one_line(event_id, "event_id")
        if b"\0" in name:
            raise ValueError("event_id cannot hold a NUL")
        lines.append(b"id: " + name)
    if retry < 0:
        raise ValueError(f"retry is a number of milliseconds, not {retry}")
    if retry:
        lines.append(b"retry: %d" % retry)
    return b"\n".join(lines) + b"\n\n"


def encode_comment(text: str | bytes = b"") -> bytes:
    """Encode what clients pass over; each line of `text` is one comment."""
    lines = [b": " + line if line else b":" for line in _LINE_END.split(_encoded(text))]
    return b"\n".join(lines) + b"\n\n"


def _one_line(text: str | bytes, what: str) -> bytes:
    encoded = _encoded(text)
    if _LINE_END.search(encoded):
        raise ValueError(f"{what} cannot hold a line end")
    return encoded


def _encoded(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")
