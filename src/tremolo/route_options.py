"""The options of a route that the framework itself understands, read at registration.

They are given to `Application.route`, or are defaults of the handler's
parameters; all others are the application's own.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any

from tremolo_core import value
from tremolo_transport.exchange import KEEP, Keep, Rate

from .event_stream import KEEPALIVE_SECONDS
from .response_head import Text

__all__ = ("RouteOptions", "read_route_options")


@value
class RouteOptions:
    """What a route wants done for its handler."""

    status: tuple[int, Text] | None = None
    """The answer's status and phrase, unless the handler sets others."""
    content_type: Text | None = None
    """The answer's type, unless the handler sets another."""
    buffer_size: int | None = None
    """In place of the application's."""
    chunked: bool = True
    """Whether a body whose length is not known is chunked, and does not end with the connection."""
    stream: bool = True
    """Whether what is yielded is sent at once, and not collected into larger pieces first."""
    max_body_size: int | None = None
    """Bytes of a request's body that are read; beyond them 413. None is the application's limit."""
    any_body_size: bool = False
    """Whether there is no such limit: `max_body_size=None`."""
    rate: Rate | Keep = KEEP
    """Bytes of its answers per second, in place of `download_rate`; None or 0 is any number."""
    upload_rate: Rate | Keep = KEEP
    """The same for what it is sent."""
    keepalive: float | None = None
    """Seconds of silence after which server-sent events get a comment between them; None is never.

    For handlers that ask for `sse`, `KEEPALIVE_SECONDS` by default; of others, an
    option of that name is their own.
    """


def read_route_options(
    options: Mapping[str, Any], *, name: str, asked: Collection[str] = ()
) -> RouteOptions:
    """Find them in `options`. Raises TypeError or ValueError, naming the handler `name`.

    `asked` is what the handler is given only because it names it, such as `sse`.
    """
    content_type = options.get("content_type")
    if not isinstance(content_type, str | bytes | None):
        raise TypeError(f"{name}: content_type must be str or bytes, not {content_type!r}")
    buffer_size = options.get("buffer_size")
    if buffer_size is not None and (not isinstance(buffer_size, int) or buffer_size < 1):
        raise ValueError(f"{name}: buffer_size must be a number of bytes, not {buffer_size!r}")
    max_body_size = options.get("max_body_size")
    if max_body_size is not None and (not isinstance(max_body_size, int) or max_body_size < 0):
        raise ValueError(
            f"{name}: max_body_size must be a number of bytes, or None for any,"
            f" not {max_body_size!r}"
        )
    return RouteOptions(
        status=_read_status(options.get("status"), name),
        content_type=content_type,
        buffer_size=buffer_size,
        chunked=bool(options.get("chunked", True)),
        stream=bool(options.get("stream", True)),
        max_body_size=max_body_size,
        any_body_size="max_body_size" in options and max_body_size is None,
        rate=_read_rate(options, "rate", name),
        upload_rate=_read_rate(options, "upload_rate", name),
        keepalive=_read_keepalive(options, name) if "sse" in asked else None,
    )


def _read_status(status: object, name: str) -> tuple[int, Text] | None:
    match status:
        case None:
            return None
        case int(code) | (int(code),) if 200 <= code <= 599:
            return code, b""
        case (int(code), str() | bytes() as phrase) if 200 <= code <= 599:
            return code, phrase
        case _:
            raise ValueError(
                f"{name}: status must be a number from 200 to 599, or a tuple of it and a"
                f" phrase, not {status!r}"
            )


def _read_rate(options: Mapping[str, Any], option: str, name: str) -> Rate | Keep:
    rate = options.get(option, KEEP)
    if rate is None or rate is KEEP:
        return rate
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < math.inf:
        raise ValueError(f"{name}: {option} must be a number of bytes per second, not {rate!r}")
    return rate


def _read_keepalive(options: Mapping[str, Any], name: str) -> float | None:
    keepalive = options.get("keepalive", KEEPALIVE_SECONDS)
    if keepalive is None:
        return None
    if isinstance(keepalive, bool) or not isinstance(keepalive, int | float) or keepalive <= 0:
        raise ValueError(f"{name}: keepalive must be a number of seconds, not {keepalive!r}")
    return float(keepalive)
