"""Calls a function as its plan says, on the event loop or in a worker thread.

What a function is called with is found out in `injection`; what becomes of its
result is decided in `answering`.
"""

import functools
import inspect
from collections.abc import Callable
from types import CoroutineType
from typing import Any, Final

from .blocking import BlockingRequest, BlockingResponse
from .blocking_locks import BlockingLock
from .blocking_streams import BlockingEventStream
from .blocking_websocket import BlockingWebSocket
from .event_stream import EventStream
from .injection import CallPlan, Kind
from .locks import Lock
from .request import Request
from .response import Response
from .threads import Threads
from .websocket import WebSocket

__all__ = ("begin", "call")

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_ASYNC: Final = Kind.ASYNC


async def call(plan: CallPlan, available: dict[str, Any], threads: Threads) -> Any:
    """Call with what the plan picks from `available`; return the result, awaited if need be."""
    result = begin(plan, plan.arguments(available), threads)
    return await result if isinstance(result, CoroutineType) else result


def begin(plan: CallPlan, arguments: dict[str, Any], threads: Threads) -> Any:
    """Call with `arguments`; return the result, or a coroutine that gives it.

    Whatever runs in a thread is given request, response and the like in their
    blocking forms.
    """
    if plan.kind is _ASYNC:
        return plan.func(**arguments)
    bound = functools.partial(plan.func, **{key: _blocking(one) for key, one in arguments.items()})
    return bound() if plan.kind is Kind.GENERATOR else _in_thread(bound, threads)


async def _in_thread(bound: Callable[[], Any], threads: Threads) -> Any:
    result = await threads.call(bound)
    return await result if inspect.isawaitable(result) else result


def _blocking(argument: object) -> object:
    if isinstance(argument, Request):
        return BlockingRequest(argument)
    if isinstance(argument, Response):
        return BlockingResponse(argument)
    if isinstance(argument, EventStream):
        return BlockingEventStream(argument)
    if isinstance(argument, Lock):
        return BlockingLock(argument)
    if isinstance(argument, WebSocket):
        return BlockingWebSocket(argument)
    return argument
