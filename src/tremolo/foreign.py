"""What is mounted and is no application of the framework, as a handler of requests.

Where applications of the framework are mounted is kept in `mounting`.
"""

import inspect
from typing import Literal, TypeGuard

from tremolo_transport.exchange import Handler

from .request import Request
from .response import Response

__all__ = ("Foreign", "handler_of")


def handler_of(app: object) -> Handler:
    """The handler of exchanges that `app` is. Raises ValueError if it is none."""
    if _is_handler(app):
        return app
    raise ValueError(
        "what is mounted is a Tremolo application, or an `async def` that is called with an"
        f" exchange, not {app!r}"
    )


class Foreign:
    """Gives a request and its whole answer to a handler of exchanges. Picklable if that is."""

    __slots__ = ("_handler",)

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, request: Request, response: Response) -> Literal[True]:
        """Have the request answered."""
        await self._handler(request.exchange)
        response.leave_to_others()
        return True


def _is_handler(app: object) -> TypeGuard[Handler]:
    try:
        inspect.signature(app).bind(None)  # type: ignore[arg-type] # a TypeError if it cannot be
    except (TypeError, ValueError):
        return False
    return True
