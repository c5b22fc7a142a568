"""Answers each request of an application: finds its route, calls it, and sees to what goes wrong.

Made by `Application.build`, when nothing is registered any more.
"""

import functools
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context, copy_context
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

from tremolo_transport.exchange import KEEP, ClientDisconnected, Exchange

from .answering import answer
from .background import room_for_tasks
from .calling import begin, call
from .connection_server import descriptor_of
from .connections import Connections
from .error_handlers import ErrorHandlers
from .exceptions import MethodNotAllowed, NotFound
from .failures import culprit, is_expected
from .foreign import Foreign, lives
from .given import Given, given_by
from .hooks import Hooks
from .injection import CallPlan, Kind
from .interception import Interception
from .lock_file import lock_file
from .locks import Lock, Locks
from .middlewares import Middlewares
from .mounting import mounted_below
from .recovery import Recovery
from .request import Request
from .response import Response
from .routes import Refusal, Route, RouteTable
from .settings import AppSettings
from .streaming import accompany
from .threads import Threads

if TYPE_CHECKING:
    from .application import Application

__all__ = ("Dispatcher",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_ASYNC: Final = Kind.ASYNC


class Dispatcher:
    """A `ManagedHandler` for one application, as it was when this was made."""

    def __init__(
        self,
        app: "Application",
        *,
        routes: RouteTable,
        middlewares: Middlewares,
        hooks: Hooks,
        foreign: tuple[Foreign, ...],
        error_handlers: ErrorHandlers,
        settings: AppSettings,
    ) -> None:
        self._app = app
        self._routes = routes
        self._middlewares = middlewares
        self._has_middlewares = bool(middlewares.by_prefix())
        self._hooks = hooks
        self._foreign = foreign
        self._settings = settings
        self._seconds = settings.app_handler_timeout
        self._body_limit = settings.client_max_body_size
        self._buffer_size = settings.buffer_size
        self._threads = Threads(settings.thread_pool_size)
        self._recovery = Recovery(
            error_handlers, threads=self._threads, logger=app.logger, debug=settings.debug
        )
        locks = Locks(lock_file(settings.lock_file))
        self._given = given_by(
            {
                "app": lambda _: app,
                "context": lambda given: self._connections.context_of(given["request"].exchange),
                "fileno": lambda given: descriptor_of(given["request"].exchange.connection),
                "globals": lambda _: app.context,
                "lock": lambda _: Lock(locks),
                "logger": lambda _: app.logger,
                "loop": lambda _: app.loop,
                "prefix": lambda _: (),
            }
        )
        self._connections = Connections(
            hooks,
            given=self._given,
            locks=locks,
            threads=self._threads,
            tasks=app.tasks,
            settings=settings,
        )
        self._has_connection_hooks = self._connections.have_hooks

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Context]:
        """Run the hooks around all requests, and the lives of what is mounted inside of them.

        Requests are given the context that the first leave.
        """
        available = self._given(context=self._app.context)
        owners = [app.tasks for app in mounted_below(self._app)]
        room = room_for_tasks(owners, self._settings.shutdown_timeout)
        async with AsyncExitStack() as stack, room:
            stack.callback(self._app.context.shut_down)
            for plan in self._hooks.starting():
                if await call(plan, available, self._threads):
                    break
            for plan in reversed(self._hooks.stopping()):
                stack.push_async_callback(call, plan, available, self._threads)
            async with lives(one.handler for one in self._foreign):
                yield copy_context()

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request.

        Raises only what must reach the server: that the client has left, and
        what goes wrong once the head is sent, so that the answer breaks off.
        """
        exchange.limit_time(self._seconds)
        request = Request(exchange, self._body_limit, self._buffer_size)
        response = Response(exchange)
        available = self._given()
        available["request"] = request
        available["response"] = response
        try:
            if self._has_connection_hooks:
                await self._connections.greet(exchange)
            if self._has_middlewares and await self._is_intercepted(request, response, available):
                return
            found = self._routes.find(request.path, request.query_string, exchange.request.method)
            if isinstance(found, Refusal):
                await self._refuse(found, request, response)
                return
            route = found.route
            plan = route.plan
            request.matched(plan.options, found.found)
            if route.has_options:
                self._take_options(route, request, response)
            if found.arguments:
                available.update(found.arguments)
            if plan.asked:
                handle = functools.partial(self._handle, route, available)
                await accompany(handle, route, available)
                return
            # As `_handle` does, without another coroutine for it.
            result = self._begin(plan, available)
            if type(result) is CoroutineType:
                result = await result
            if not response.end_at_once(result):
                await self._answer(result, route, response)
        except (Exception, SystemExit) as error:
            reason = culprit(error)
            if isinstance(reason, ClientDisconnected):
                raise
            if response.headers_sent():
                if exchange.disconnected and is_expected(reason):
                    # It was to be shown to a client that has left, and is no failure.
                    raise ClientDisconnected("the client has left") from error
                raise
            await self._recovery.answer(error, request, response, available)

    async def _is_intercepted(self, request: Request, response: Response, available: Given) -> bool:
        """Run the middlewares for the request; true if one of them has answered."""
        selection = self._middlewares.select(request.path)
        if not (selection.request or selection.response):
            return False
        available["prefix"] = selection.prefix
        interception = Interception(selection, response, available, self._threads)
        if selection.response:
            response.call_before_head(interception.before_head)
        return await interception.before_handler()

    def _take_options(self, route: Route, request: Request, response: Response) -> None:
        options = route.options
        if options.status is not None:
            response.set_status(*options.status)
        if options.content_type is not None:
            response.set_content_type(options.content_type)
        if not options.chunked:
            response.set_chunked(False)
        if options.buffer_size is not None:
            request.set_buffer_size(options.buffer_size)
        if options.max_body_size is not None or options.any_body_size:
            request.set_body_limit(options.max_body_size)
        if options.rate is not KEEP or options.upload_rate is not KEEP:
            response.pace(download=options.rate, upload=options.upload_rate)

    async def _handle(self, route: Route, available: Given) -> None:
        """Call the handler, and answer with its result."""
        result = self._begin(route.plan, available)
        if type(result) is CoroutineType:
            result = await result
        response: Response = available["response"]
        if not (response.upgraded or response.end_at_once(result)):
            await self._answer(result, route, response)

    def _begin(self, plan: CallPlan, available: Given) -> Any:
        """Call the handler; return its result, or a coroutine that gives it."""
        arguments: dict[str, Any] = available
        if plan.takes_all:
            self._connections.complete(available)
        else:
            arguments = plan.arguments(available)
        if plan.kind is _ASYNC:
            # As `begin` does.
            return plan.func(**arguments)
        return begin(plan, arguments, self._threads)

    def _answer(self, result: object, route: Route, response: Response) -> Awaitable[None]:
        """Answer with what a handler gave, for whoever awaits it."""
        options = route.options
        collect = 0
        if not options.stream:
            collect = max(1, (options.buffer_size or self._buffer_size) // 2)
        return answer(result, response, threads=self._threads, collect=collect)

    async def _refuse(self, refusal: Refusal, request: Request, response: Response) -> None:
        if not refusal.allow:
            raise NotFound
        allow = b", ".join(refusal.allow)
        if request.method != b"OPTIONS":
            raise MethodNotAllowed(allow=allow)
        response.set_status(204)
        response.set_header(b"allow", allow)
        await response.end()
