"""The part of an application where middlewares and hooks are registered.

Which run when is decided in `middlewares` and `hooks`.
"""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from .hooks import HookName, Hooks
from .injection import INJECTED
from .middlewares import MiddlewareKind, Middlewares
from .paths import Prefix

__all__ = ("HookRegistry",)

F = TypeVar("F", bound=Callable[..., Any])

_GIVEN_BY_WORKERS = ("app", "context", "globals", "logger", "loop")
_GIVEN_BY_CONNECTIONS = (*_GIVEN_BY_WORKERS, "fileno", "request")
_OF_CONNECTIONS = ("close", "connect")


class HookRegistry:
    """Middlewares and hooks. Every decorator leaves the function as it is."""

    def __init__(self) -> None:
        self._middlewares = Middlewares()
        self._hooks = Hooks()

    @overload
    def on_request(self, func: F) -> F: ...

    @overload
    def on_request(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_request(self, func: F | None = None, *, priority: int = 999) -> F | Callable[[F], F]:
        """Register a middleware for requests, as `@app.on_request` or with a priority."""
        return self._middleware("request", func, priority)

    @overload
    def on_response(self, func: F) -> F: ...

    @overload
    def on_response(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_response(self, func: F | None = None, *, priority: int = 999) -> F | Callable[[F], F]:
        """Register a middleware for responses, as `@app.on_response` or with a priority."""
        return self._middleware("response", func, priority)

    @overload
    def middleware(self, name: MiddlewareKind, func: F, *, priority: int = 999) -> F: ...

    @overload
    def middleware(self, name: MiddlewareKind, *, priority: int = 999) -> Callable[[F], F]: ...

    def middleware(
        self, name: MiddlewareKind, func: F | None = None, *, priority: int = 999
    ) -> F | Callable[[F], F]:
        """Register a middleware by the name of its kind, as a decorator or with `func`."""
        return self._middleware(name, func, priority)

    def add_middleware(
        self,
        func: Callable[..., Any],
        name: MiddlewareKind = "request",
        priority: int = 999,
        *,
        prefix: Prefix = (),
    ) -> None:
        """Call `func` for each request before its route is looked for, or before it is answered.

        Small priorities run first; of the same priority a request's run in the
        order of their registration, and a response's in the opposite order. A
        request's path has the middlewares of the longest `prefix`, a tuple of
        its segments, that has any, and no others.

        `func` is given what a handler is given. If it returns something, that
        is the answer: a request's keeps the handler from being called, and a
        response's takes the place of the body that was to be sent; the options
        `status` and `content_type` hold for it. A response's middlewares run
        once, before anything is sent, for every answer: an error's, a
        redirection's, one that is written piece by piece.

        Raises ValueError for another name, TypeError for a function that cannot
        be called so.
        """
        self._middlewares.add(func, name, priority=priority, prefix=prefix, provided=INJECTED)

    @overload
    def on_worker_start(self, func: F) -> F: ...

    @overload
    def on_worker_start(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_worker_start(
        self, func: F | None = None, *, priority: int = 999
    ) -> F | Callable[[F], F]:
        """Register a hook for the start, as `@app.on_worker_start` or with a priority."""
        return self._hook("worker_start", func, priority)

    @overload
    def on_worker_stop(self, func: F) -> F: ...

    @overload
    def on_worker_stop(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_worker_stop(self, func: F | None = None, *, priority: int = 999) -> F | Callable[[F], F]:
        """Register a hook for the end, as `@app.on_worker_stop` or with a priority."""
        return self._hook("worker_stop", func, priority)

    @overload
    def on_connect(self, func: F) -> F: ...

    @overload
    def on_connect(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_connect(self, func: F | None = None, *, priority: int = 999) -> F | Callable[[F], F]:
        """Register a hook for a connection's begin, as `@app.on_connect` or with a priority."""
        return self._hook("connect", func, priority)

    @overload
    def on_close(self, func: F) -> F: ...

    @overload
    def on_close(self, *, priority: int = 999) -> Callable[[F], F]: ...

    def on_close(self, func: F | None = None, *, priority: int = 999) -> F | Callable[[F], F]:
        """Register a hook for a connection's end, as `@app.on_close` or with a priority."""
        return self._hook("close", func, priority)

    @overload
    def hook(self, name: HookName, func: F, *, priority: int = 999) -> F: ...

    @overload
    def hook(self, name: HookName, *, priority: int = 999) -> Callable[[F], F]: ...

    def hook(
        self, name: HookName, func: F | None = None, *, priority: int = 999
    ) -> F | Callable[[F], F]:
        """Register a hook by its name, as a decorator or with `func`."""
        return self._hook(name, func, priority)

    def add_hook(
        self, func: Callable[..., Any], name: HookName = "worker_start", priority: int = 999
    ) -> None:
        """Call `func` when a worker, or a connection, begins or ends.

        `worker_start` is before the worker's first request, `worker_stop` after
        its last and after its tasks; `connect` is before a connection's first
        request, which waits for it, `close` when the connection has ended.

        Small priorities run first; of the same priority those for a beginning
        in the order of their registration, those for an end in the opposite
        order. `func` is given those of app, context, globals, logger, loop that
        it names, for a connection also fileno and request, which is None;
        `context` is the worker's, which is also `globals`, or the connection's.

        What a hook for a worker's start raises keeps the application from being
        served; what one for a connection raises is the answer to its request,
        and the hooks run again for the next. If a hook for a beginning returns
        something true, no further one runs. Every hook for an end runs.

        Raises ValueError for another name, TypeError for a function that cannot
        be called so.
        """
        provided = _GIVEN_BY_CONNECTIONS if name in _OF_CONNECTIONS else _GIVEN_BY_WORKERS
        self._hooks.add(func, name, priority=priority, provided=provided)

    def _middleware(
        self, name: MiddlewareKind, func: F | None, priority: int
    ) -> F | Callable[[F], F]:
        def register(func: F) -> F:
            self.add_middleware(func, name, priority)
            return func

        return register if func is None else register(func)

    def _hook(self, name: HookName, func: F | None, priority: int) -> F | Callable[[F], F]:
        def register(func: F) -> F:
            self.add_hook(func, name, priority)
            return func

        return register if func is None else register(func)
