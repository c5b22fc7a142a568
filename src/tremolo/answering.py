"""Answers a request with what its handler gave: a value, or a generator of chunks.

What a value's bytes are is said in `results`, how they are sent in `response`;
an exception is no result, `dispatcher` catches it.
"""

import logging
from collections.abc import AsyncGenerator, Generator
from typing import Any, TypeAlias

import anyio

from .response import Response
from .results import chunk_bytes, encode_result
from .threads import CLEAN_UP_SECONDS, ThreadedGenerator, Threads

__all__ = ("Producer", "answer")

Producer: TypeAlias = AsyncGenerator[Any, Any] | ThreadedGenerator

_logger = logging.getLogger("tremolo.handlers")


async def answer(result: object, response: Response, *, threads: Threads, collect: int = 0) -> None:
    """Complete `response` with `result`, whatever of it the handler has sent already.

    Chunks that a generator yields are sent one by one; or, with `collect`, once
    that many bytes have come together. The head waits for the first of them. A
    generator is always closed.

    Raises TypeError and ValueError for what cannot be sent, RuntimeError for a
    handler that says it has answered and has not, and what `Response.end`
    raises.
    """
    if isinstance(result, (bytes, str)):
        await response.end(result)
    elif result is None:
        await _complete(response)
    elif isinstance(result, AsyncGenerator):
        await _stream(result, response, collect)
    elif isinstance(result, Generator):
        await _stream(threads.iterate(result), response, collect)
    elif result is True:
        if not response.headers_sent():
            raise RuntimeError("the handler returned True, as if it had answered, but it has not")
        await response.end()
    else:
        body = encode_result(result)
        if not response.headers_sent():
            if body.content_type is not None:
                response.set_content_type(body.content_type)
            elif body.natural_type is not None:
                response.headers.setdefault(b"content-type", [body.natural_type])
        await response.end(body.data)


async def _complete(response: Response) -> None:
    if not (response.headers_sent() or response.status_is_set or response.has_unsent):
        response.set_status(204)
    await response.end()


async def _stream(producer: Producer, response: Response, collect: int) -> None:
    pending = bytearray()
    exhausted = False
    try:
        async for chunk in producer:
            data = chunk_bytes(chunk)
            if collect:
                pending += data
                if len(pending) < collect:
                    continue
                data = bytes(pending)
                pending.clear()
            if data:
                await response.write(data)
                if response.takes_no_more:
                    break
        else:
            exhausted = True
    finally:
        if not exhausted:
            await _close(producer)
    await response.end(pending)


async def _close(producer: Producer) -> None:
    """Let the handler clean up, for a while, also while it is cancelled or its client is gone."""
    with anyio.move_on_after(CLEAN_UP_SECONDS, shield=True) as scope:
        try:
            await producer.aclose()
        except Exception:
            _logger.exception("a handler failed to clean up")
    if scope.cancelled_caught:
        _logger.error("a handler was still cleaning up after %s seconds", CLEAN_UP_SECONDS)
