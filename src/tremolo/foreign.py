"""What is mounted and is no application of the framework, as a handler of requests.

It is a handler of exchanges, or an application that speaks ASGI 3. Where
applications of the framework are mounted is kept in `mounting`.
"""

import inspect
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context, copy_context
from typing import Any, Literal, TypeAlias

from tremolo_asgi import ASGIApplication, AsgiHandler
from tremolo_transport.exchange import Handler, ManagedHandler

from .request import Request
from .response import Response

__all__ = ("BELOW", "Foreign", "Mountable", "handler_of", "lives")

Mountable: TypeAlias = Handler | ASGIApplication
"""What can be mounted besides applications of the framework."""

BELOW = "^(?P<below>[^?]*)"
"""The path of its route below the prefix: any, and what it is told of it."""


def handler_of(app: Any) -> Handler:
    """The handler of exchanges that `app` is, or that runs it. Raises ValueError if it is none."""
    if _takes(app, 1):
        handler: Handler = app
        return handler
    if _takes(app, 3):
        return AsgiHandler(app)
    raise ValueError(
        "what is mounted is a Tremolo application, one that speaks ASGI 3, or an `async def`"
        f" that is called with an exchange, not {app!r}"
    )


class Foreign:
    """Gives a request and its whole answer to a handler of exchanges. Picklable if that is."""

    __slots__ = ("handler",)

    def __init__(self, handler: Handler) -> None:
        self.handler = handler

    async def __call__(self, request: Request, response: Response, below: bytes) -> Literal[True]:
        """Have the request answered. `below` is its raw path without the prefix."""
        if isinstance(self.handler, AsgiHandler):
            await self.handler(request.exchange, below=below)
        else:
            await self.handler(request.exchange)
        response.leave_to_others()
        return True


@asynccontextmanager
async def lives(handlers: Iterable[Handler]) -> AsyncIterator[None]:
    """Run the lives of those handlers that have one, of each once, around what is mounted.

    The context variables that their start-up sets are set for the caller.
    Raises what start-up and shutdown raise.
    """
    async with AsyncExitStack() as stack:
        for handler in dict.fromkeys(handlers):
            if isinstance(handler, ManagedHandler):
                _adopt(await stack.enter_async_context(handler.lifespan()))
        yield


def _adopt(context: Context) -> None:
    ours = copy_context()
    for variable, content in context.items():
        if variable not in ours or ours[variable] is not content:
            variable.set(content)


def _takes(app: Any, count: int) -> bool:
    try:
        inspect.signature(app).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True
