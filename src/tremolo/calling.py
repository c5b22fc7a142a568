"""Calls a function as its plan says, on the event loop or in a worker thread.

What a function is called with is found out in `injection`; what becomes of its
result is decided in `answering`.
"""

import functools
import inspect
from types import CoroutineType
from typing import Any

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

__all__ = ("call",)


async def call(plan: CallPlan, available: dict[str, Any], threads: Threads) -> Any:
    """Call with what the plan picks from `available`; return the result, awaited if need be.

    Whatever runs in a thread is given request, response and the like in their
    blocking forms.
    """
    arguments = plan.arguments(available)
    if plan.kind is Kind.ASYNC:
        result = plan.func(**arguments)
        return await result if isinstance(result, CoroutineType) else result
    bound = functools.partial(plan.func, **{key: _blocking(one) for key, one in arguments.items()})
    if plan.kind is Kind.GENERATOR:
        return bound()
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
