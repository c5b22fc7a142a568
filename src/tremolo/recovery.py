"""Answers a request whose handler raised something before it had answered.

What an exception is as an answer is said in `failures`; which handler of the
application may give another, in `error_handlers`.
"""

import logging
from typing import Any

from .answering import answer
from .calling import call
from .error_handlers import ErrorHandlers
from .exceptions import ClientDisconnected, HTTPException, InternalServerError
from .failures import culprit, default_body, is_expected, traceback_page
from .injection import CallPlan
from .request import Request
from .response import Response
from .response_head import DEFAULT_CONTENT_TYPE
from .threads import Threads

__all__ = ("Recovery",)


class Recovery:
    """How one application answers errors."""

    __slots__ = ("_debug", "_handlers", "_logger", "_threads")

    def __init__(
        self,
        handlers: ErrorHandlers,
        *,
        threads: Threads,
        logger: logging.Logger,
        debug: bool,
    ) -> None:
        self._handlers = handlers
        self._threads = threads
        self._logger = logger
        self._debug = debug

    async def answer(
        self, error: BaseException, request: Request, response: Response, available: dict[str, Any]
    ) -> None:
        """Answer with the status of `error`, and log it if somebody should look into it.

        What goes wrong here is answered in its turn: what a handler for errors
        raises as if there were no such handler, what cannot be sent by a plain
        500. Raises only once the head is sent, and when the client has left.
        """
        for attempt in (self._by_handler, self._by_default, self._plainly):
            self._note(error, request)
            try:
                return await attempt(error, request, response, available)
            except (Exception, SystemExit) as another:
                if response.headers_sent() or isinstance(culprit(another), ClientDisconnected):
                    raise
                error = another
        raise error

    async def _by_handler(
        self, error: BaseException, request: Request, response: Response, available: dict[str, Any]
    ) -> None:
        reason = culprit(error)
        failure = HTTPException(cause=reason)
        plan: CallPlan | None = None
        shown: BaseException = reason
        for handlers in self._handlers.nearest(request.path):
            if (plan := handlers.find_for_exception(reason)) is not None:
                break
            if (plan := handlers.find_for_status(failure)) is not None:
                shown = failure
                break
        if plan is None:
            return await self._by_default(error, request, response, available)
        _prepare(response, failure)
        message, content_type = failure.message, failure.content_type
        available["exc"] = shown
        result = await call(plan, available, self._threads)
        if response.headers_sent():
            return await response.end()
        if result is not None:
            if response.headers.get(b"content-type") == [DEFAULT_CONTENT_TYPE]:
                # Nobody has chosen it: a dict is JSON here as everywhere.
                del response.headers[b"content-type"]
            return await answer(result, response, threads=self._threads)
        if failure.message != message:
            _set_status(response, failure)
        if failure.content_type != content_type:
            response.set_content_type(failure.content_type)
        return await self._end(error, failure, response)

    async def _by_default(
        self, error: BaseException, request: Request, response: Response, available: dict[str, Any]
    ) -> None:
        failure = HTTPException(cause=culprit(error))
        _prepare(response, failure)
        await self._end(error, failure, response)

    async def _plainly(
        self, error: BaseException, request: Request, response: Response, available: dict[str, Any]
    ) -> None:
        _prepare(response, InternalServerError())
        await response.end(InternalServerError.message)

    async def _end(self, error: BaseException, failure: HTTPException, response: Response) -> None:
        if self._debug and not is_expected(culprit(error)):
            response.set_content_type(DEFAULT_CONTENT_TYPE)
            await response.end(traceback_page(error))
        else:
            await response.end(default_body(failure))

    def _note(self, error: BaseException, request: Request) -> None:
        if not is_expected(culprit(error)):
            # The target was received, so it is visible ASCII.
            method, path = request.method.decode("ascii"), request.path.decode("ascii")
            self._logger.error("%s %s failed", method, path, exc_info=error)


def _prepare(response: Response, failure: HTTPException) -> None:
    """Give `response` the head of `failure`; a redirection keeps the fields that are there."""
    if failure.code >= 400:
        response.headers.clear()
    _set_status(response, failure)
    response.set_content_type(failure.content_type)
    for name in {name for name, _ in failure.fields} - {b"set-cookie"}:
        response.headers.pop(name, None)
    for name, value in failure.fields:
        response.append_header(name, value)


def _set_status(response: Response, failure: HTTPException) -> None:
    response.set_status(failure.code, failure.message.encode("latin-1", "replace"))
