"""Answers a request with what its handler gave: a value, or a generator of chunks.

What a value's bytes are is said in `results`, how they are sent in `response`;
an exception is no result, `dispatcher` catches it.
"""

import contextlib
import logging
from collections.abc import AsyncGenerator, Generator
from types import AsyncGeneratorType
from typing import Any, TypeAlias

import anyio

from tremolo_core import LocalProtocolError
from tremolo_transport.exchange import ClientDisconnected

from .gathering import Begun
from .response import Response
from .results import chunk_bytes, encode_result
from .threads import CLEAN_UP_SECONDS, ThreadedGenerator, Threads

__all__ = ("Producer", "answer")

Producer: TypeAlias = AsyncGenerator[Any, Any] | ThreadedGenerator

_MOST_QUEUED = 16_384
"""Bytes of chunks that are written together: for more of them one write costs no less."""

_logger = logging.getLogger("tremolo.handlers")


async def answer(result: object, response: Response, *, threads: Threads, collect: int = 0) -> None:
    """Complete `response` with `result`, whatever of it the handler has sent already.

    Chunks that a generator yields are sent one by one; or, with `collect`, once
    that many bytes have come together. The head waits for the first of them. What
    an asynchronous generator yields without waiting in between is one write. A
    generator is always closed.

    Raises TypeError and ValueError for what cannot be sent, RuntimeError for a
    handler that says it has answered and has not, and what `Response.end`
    raises.
    """
    if isinstance(result, (bytes, str)):
        await response.end(result)
    elif result is None:
        await _complete(response)
    elif type(result) is AsyncGeneratorType and not (collect or response.takes_no_more):
        await _gather(result, response)
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


async def _gather(generator: AsyncGenerator[Any, Any], response: Response) -> None:
    """Send what `generator` yields in as few writes as there can be while nothing is held up.

    What it yields before it waits for the first time is written together. One
    that has waited once waits for most of its chunks, so then each is a write.
    """
    queued = 0
    waited = exhausted = False
    try:
        while not waited:
            step = generator.__anext__()
            try:
                trap = step.send(None)
            except StopIteration as yielded:
                data = chunk_bytes(yielded.value)
            else:
                waited = True
                if queued:
                    response.write_queued()
                data = chunk_bytes(await Begun(step, trap))
            if data:
                queued += len(data)
                if waited or queued > _MOST_QUEUED or not response.queue(data):
                    queued = 0
                    await response.write(data)
                    if response.takes_no_more:
                        break
    except StopAsyncIteration:
        exhausted = True
    except BaseException as error:
        if queued and isinstance(error, (Exception, SystemExit)):
            await _write_out(response)
        await _close(generator)
        raise
    if waited and not (exhausted or response.takes_no_more):
        await _stream(generator, response, 0)
        return
    if not exhausted:
        await _close(generator)
    try:
        await response.end()
    except LocalProtocolError:
        # It is longer or shorter than it said.
        await _write_out(response)
        raise


async def _write_out(response: Response) -> None:
    """Write what is queued, as an error ends the answer: what came before it counts as sent."""
    with contextlib.suppress(ClientDisconnected):
        await response.flush()


async def _close(producer: Producer) -> None:
    """Let the handler clean up, for a while, also while it is cancelled or its client is gone."""
    with anyio.move_on_after(CLEAN_UP_SECONDS, shield=True) as scope:
        try:
            await producer.aclose()
        except Exception:
            _logger.exception("a handler failed to clean up")
    if scope.cancelled_caught:
        _logger.error("a handler was still cleaning up after %s seconds", CLEAN_UP_SECONDS)
