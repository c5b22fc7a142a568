"""Sends a request where httpx would have nothing to do but to send it, and to keep what comes.

Whatever says more goes httpx's own way: credentials, hooks, cookies that are set,
redirects, codings, answers that come piece by piece.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from time import perf_counter
from typing import Any, Final

from tremolo_core import Headers

from .needs_httpx import httpx
from .pool import Reply

__all__ = ("WholeResponse", "add_to_elapsed", "has_short_way", "whole_response")

_LOGGER: Final = logging.getLogger("httpx")
"""Where httpx tells of each request; then it is to do that."""

_MOST_HEADERS: Final = 256
"""Those of so many answers are kept: of one handler they are mostly the same for a second."""


def has_short_way(
    client: httpx.AsyncClient | httpx.Client, request: httpx.Request, auth: object
) -> bool:
    """Whether httpx would pass `request` on as it is."""
    hooks = client.event_hooks
    return (
        auth is httpx.USE_CLIENT_DEFAULT
        and client.auth is None
        and not hooks["request"]
        and not hooks["response"]
        and not request.url.userinfo
        and "timeout" in request.extensions
        and not client.is_closed
        and not _LOGGER.isEnabledFor(logging.INFO)
    )


class WholeResponse(httpx.Response):
    """A response whose body is there when it is made, and in no coding."""

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """As that of httpx."""
        if self.is_closed:
            return super().iter_bytes(chunk_size)
        self.is_stream_consumed = self.is_closed = True
        assert isinstance(self.stream, httpx.SyncByteStream)
        return iter(self.stream)

    @property
    def num_bytes_downloaded(self) -> int:
        """As that of httpx: bytes of the body."""
        return len(self.content)


def whole_response(
    request: httpx.Request, reply: Reply, body: bytes, *, began: float
) -> httpx.Response:
    """What httpx would make of an answer to `request`, which `began` by `time.perf_counter`."""
    response = WholeResponse(
        reply.status,
        # Copied from what was made of the same once.
        headers=_made(reply.headers),
        stream=httpx.ByteStream(body),
        request=request,
        extensions={"http_version": b"HTTP/1.1", "reason_phrase": reply.reason},
    )
    response.read()
    response.elapsed = timedelta(seconds=perf_counter() - began)
    return response


def add_to_elapsed(response: httpx.Response, seconds: float) -> httpx.Response:
    """Count in what the first of the requests took before httpx was asked to send it."""
    first: Any = response.history[0] if response.history else response
    first.elapsed += timedelta(seconds=seconds)
    return response


@lru_cache(_MOST_HEADERS)
def _made(headers: Headers) -> httpx.Headers:
    return httpx.Headers(headers)
