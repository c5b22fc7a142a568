"""Runs the middlewares of a request, and lets them answer in the handler's place.

Which they are, and in which order, is decided in `middlewares`.
"""

from typing import Any

from .answering import answer
from .calling import call
from .middlewares import Middleware, Selection
from .response import Response
from .results import encode_result
from .threads import Threads

__all__ = ("Interception",)


class Interception:
    """The middlewares of one request."""

    __slots__ = ("_available", "_response", "_selection", "_threads")

    def __init__(
        self,
        selection: Selection,
        response: Response,
        available: dict[str, Any],
        threads: Threads,
    ) -> None:
        self._selection = selection
        self._response = response
        self._available = available
        self._threads = threads

    async def before_handler(self) -> bool:
        """Run those for the request; true if one of them has answered, and no other is to.

        A result that is not None is the answer, as if a handler had given it.
        Raises what they raise, and what `answer` does.
        """
        for middleware in self._selection.request:
            result = await call(middleware.plan, self._available, self._threads)
            if result is None:
                continue
            if self._response.headers_sent():
                await self._response.end()
            else:
                self._apply(middleware)
                await answer(result, self._response, threads=self._threads)
            return True
        return False

    async def before_head(self) -> bytes | None:
        """Run those for the response; the first result that is not None is its body instead.

        Raises what they raise, TypeError and ValueError for what cannot be sent.
        """
        for middleware in self._selection.response:
            result = await call(middleware.plan, self._available, self._threads)
            if self._response.headers_sent():
                # It has answered itself, and whatever it says of that is no body.
                return None
            if result is None:
                continue
            self._apply(middleware)
            body = encode_result(result)
            if (content_type := body.content_type or body.natural_type) is not None:
                self._response.set_content_type(content_type)
            return body.data
        return None

    def _apply(self, middleware: Middleware) -> None:
        options = middleware.options
        if options.status is not None:
            self._response.set_status(*options.status)
        if options.content_type is not None:
            self._response.set_content_type(options.content_type)
