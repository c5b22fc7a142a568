"""The application: what is registered on it, and the handler that is built of that.

Requests are answered by the handler; what runs it is in `serving` and `program`.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from .contexts import WorkerContext
from .dispatcher import Dispatcher
from .error_handlers import ErrorHandlers
from .hook_registry import HookRegistry
from .injection import INJECTED
from .route_registry import RouteRegistry
from .routes import RouteTable
from .settings import AppSettings

__all__ = ("Application",)

F = TypeVar("F", bound=Callable[..., Any])


class Application(RouteRegistry, HookRegistry):
    """Routes, middlewares, hooks and error handlers under one name. Picklable if these are.

    Everything is registered before `build`, or `run`: a handler that is built
    already does not change any more.
    """

    def __init__(self, name: str | None = None) -> None:
        RouteRegistry.__init__(self)
        HookRegistry.__init__(self)
        self.logger = logging.getLogger("tremolo" if name is None else name)
        """The logger of that name; by default `tremolo`. Handlers are given it as `logger`."""
        self.context = WorkerContext(AppSettings().by_name())
        """What the application keeps in this process. Handlers are given it as `globals`."""
        self._error_handlers = ErrorHandlers()

    def error(
        self, code: int | type[Exception], func: Callable[..., Any] | None = None
    ) -> Callable[[F], F]:
        """Answer errors of a status from 400 to 511, or exceptions of a class, by a function.

        As a decorator, or with `func`. It is given what a handler is given, and
        the exception as `exc`; the answer has the status and the type already. What
        it returns is the body; None stands for the usual one. A handler for 500
        is asked for every status that has none of its own, but for 400, 404, 405.

        Raises ValueError for another status, TypeError as `add_route` does.
        """

        def register(func: F) -> F:
            self._error_handlers.add(code, func, (*INJECTED, "exc"))
            return func

        if func is not None:
            register(func)
        return register

    def build(self, settings: AppSettings = AppSettings()) -> Dispatcher:
        """Make the handler that answers requests with what is registered by now."""
        self.context.use(settings.by_name())
        return Dispatcher(
            self,
            routes=RouteTable(self._routes),
            middlewares=self._middlewares.copy(),
            hooks=self._hooks.copy(),
            error_handlers=self._error_handlers.copy(),
            settings=settings,
        )

    def run(
        self,
        host: str | None = None,
        port: int = 0,
        *,
        debug: bool = False,
        worker_num: int = 1,
        loop: str = "asyncio",
        log_level: str | None = None,
        **options: Any,
    ) -> None:
        """Serve as a program, until a signal comes.

        Port 0 is one of the system's choice, `loop` is asyncio, uvloop or trio,
        and `debug` shows tracebacks to clients. `options` are those of the
        command line, with underscores.

        Raises TypeError for an option that there is not, ValueError for a value
        that cannot be, SystemExit with the exit code if serving fails.
        """
        # They import this module, for applications that are told by name.
        from . import config, serving

        known = {name for option in config.OPTIONS for name in option.names}
        if unknown := sorted(options.keys() - known):
            raise TypeError(
                f"run() has no option {', '.join(unknown)}; there are {', '.join(sorted(known))}"
            )
        if worker_num != 1:
            raise ValueError(
                f"worker_num must be 1, not {worker_num!r}: this version of Tremolo serves from"
                " one process"
            )
        if log_level is not None:
            options["log_level"] = log_level
        if "bind" not in options:
            if host is None:
                raise ValueError("run() must be told where to listen: a host and a port, or bind")
            options.update(host=host, port=port)
        serving.run(self, debug=debug, loop=loop, **options)
