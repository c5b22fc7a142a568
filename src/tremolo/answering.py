"""Answers a request with what its handler gave: a value, or a generator of chunks.

What a value's bytes are is said in `results`, how they are sent in `response`;
an exception is no result, `dispatcher` catches it.
"""

import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Generator
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

_MOST_HELD = 65_536
"""Bytes of chunks that are written together: as many as the transport writes at a time."""

_logger = logging.getLogger("tremolo.handlers")


def answer(
    result: object, response: Response, *, threads: Threads, collect: int = 0
) -> Awaitable[None]:
    """Complete `response` with `result`, whatever of it the handler has sent already.

    Chunks that a generator yields are sent one by one; or, with `collect`, once
    that many bytes have come together. The head waits for the first of them. What
    an asynchronous generator yields without waiting in between is one write. A
    generator is always closed. To be awaited at once.

    Raises TypeError and ValueError for what cannot be sent, RuntimeError for a
    handler that says it has answered and has not, and what `Response.end`
    raises.
    """
    # The first of them are told by their types, as one that is there to be inherited from
    # takes longer to be asked than all the rest. Each is another coroutine, and this is none.
    if type(result) is AsyncGeneratorType and not (collect or response.takes_no_more):
        return _gather(result, response)
    if isinstance(result, (bytes, str)):
        return response.end(result)
    if result is None:
        if not (response.headers_sent() or response.status_is_set or response.has_unsent):
            response.set_status(204)
        return response.end()
    if result is True:
        if not response.headers_sent():
            raise RuntimeError("the handler returned True, as if it had answered, but it has not")
        return response.end()
    if isinstance(result, (dict, list, tuple)):
        return _end_encoded(result, response)
    if isinstance(result, AsyncGenerator):
        return _stream(result, response, collect)
    if isinstance(result, Generator):
        return _stream(threads.iterate(result), response, collect)
    return _end_encoded(result, response)


async def _end_encoded(result: object, response: Response) -> None:
    body = encode_result(result)
    if not response.headers_sent():
        if body.content_type is not None:
            response.set_content_type(body.content_type)
        elif body.natural_type is not None:
            response.headers.setdefault(b"content-type", [body.natural_type])
    if not response.end_at_once(body.data):
        await response.end(body.data)


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


class _Gathered:
    """How far a generator has come."""

    # Slots, all filled: until Python 3.12 it takes longer to find one of the class's own.
    __slots__ = ("exhausted", "held", "piece", "waited")

    def __init__(self) -> None:
        self.held = 0
        """Bytes that it has yielded and that nobody has written."""
        self.piece = b""
        """Some more, with which they are to be written."""
        self.waited = False
        """Whether it has waited for anything yet."""
        self.exhausted = False


async def _gather(generator: AsyncGenerator[Any, Any], response: Response) -> None:
    """Send what `generator` yields in as few writes as there can be while nothing is held up.

    What it yields before it waits for the first time is written together. One
    that has waited once waits for most of its chunks, so then each is a write.
    """
    gathered = _Gathered()
    try:
        while not (gathered.exhausted or gathered.waited or response.ended):
            pulling = _pull(generator, response, gathered)
            # A loop, as the end of one is no exception that would have to be caught.
            for trap in pulling.__await__():
                gathered.waited = True
                if gathered.held:
                    gathered.held = 0
                    response.write_held()
                await Begun(pulling, trap)
                break
            if gathered.piece:
                piece, gathered.piece = gathered.piece, b""
                gathered.held = 0
                await response.write(piece)
    except BaseException as error:
        if gathered.held and isinstance(error, (Exception, SystemExit)):
            await _write_out(response)
        await _close(generator)
        raise
    if not gathered.exhausted:
        if not response.ended:
            await _stream(generator, response, 0)
            return
        await _close(generator)
    elif gathered.held and response.end_held():
        return
    try:
        await response.end()
    except LocalProtocolError:
        # It is longer or shorter than it said.
        await _write_out(response)
        raise


async def _pull(
    generator: AsyncGenerator[Any, Any], response: Response, gathered: _Gathered
) -> None:
    """Have what `generator` yields held, until it ends, or a piece is to be written."""
    async for chunk in generator:
        data = chunk if type(chunk) is bytes else chunk_bytes(chunk)
        if gathered.waited:
            gathered.piece = data
            return
        if data:
            gathered.held += len(data)
            if gathered.held >= _MOST_HELD or not response.hold(data):
                gathered.piece = data
                return
    gathered.exhausted = True


async def _write_out(response: Response) -> None:
    """Write what is held, as an error ends the answer: what came before it counts as sent."""
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
