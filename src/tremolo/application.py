"""The application: what is registered on it, and the handler that is built of that.

Requests are answered by the handler; what runs it is in `serving` and `program`.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from tremolo_asgi import AsgiGuest
from tremolo_transport.endpoints import Bind

from .background import BackgroundTask, WorkerTasks
from .contexts import WorkerContext
from .dispatcher import Dispatcher
from .error_handlers import ErrorHandlers
from .foreign import Foreign, Mountable, handler_of
from .hook_registry import HookRegistry
from .hooks import Hooks
from .injection import INJECTED, Registered
from .middlewares import MiddlewareKind, Middlewares
from .mounting import Mount, mounted_below
from .paths import Prefix, read_prefix
from .port_registry import Place, PortRegistry
from .route_registry import RouteRegistry
from .routes import RouteTable
from .settings import AppSettings

__all__ = ("Application", "Tremolo")

F = TypeVar("F", bound=Callable[..., Any])


class Application(RouteRegistry, HookRegistry, PortRegistry):
    """Routes, middlewares, hooks and error handlers under one name. Picklable if these are.

    Everything is registered before `build`, or `run`: a handler that is built
    already does not change any more.
    """

    def __init__(self, name: str | None = None) -> None:
        RouteRegistry.__init__(self)
        HookRegistry.__init__(self)
        PortRegistry.__init__(self)
        self.logger = logging.getLogger("tremolo" if name is None else name)
        """The logger of that name; by default `tremolo`. Handlers are given it as `logger`."""
        self.tasks = WorkerTasks()
        """What `create_task` starts."""
        self.context = WorkerContext(AppSettings().by_name(), self.tasks)
        """What the application keeps in this process. Handlers are given it as `globals`."""
        self._error_handlers = ErrorHandlers()
        self._foreign: list[Foreign] = []
        self._guest: AsgiGuest | None = None
        self._own_options: dict[str, Any] = {}
        """What `run` was told, for handlers to find in `globals.options`."""

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

    def mount(self, prefix: str, app: "Application | Mountable", *, isolate: bool = True) -> None:
        """Have `app` answer requests for paths below `prefix`, a literal path such as `/admin`.

        `app` stays as it is: it can be mounted several times, run alone, and be
        given further routes. Its routes are as if they were registered here, now.
        Its error handlers are asked first, this application's after them; its
        hooks run once, with this application's, which listens where `app` was
        told to, too, with all that it has. Handlers are given this
        application as `app`, and paths are whole in requests.

        If `app` has middlewares, these run and no others; unless `isolate` is
        false: then they run inside of this application's.

        `app` may also be an application that speaks ASGI 3, or a handler of
        exchanges, which is an `async def` with one argument: it answers whatever
        is asked for below the prefix. The prefix is at the end of an ASGI
        application's `root_path`; it is started up after this application's
        hooks, and shut down before them.

        Raises ValueError for another prefix, for another `app`, and for one that
        this application is mounted in.
        """
        read_prefix(prefix)
        if not isinstance(app, Application):
            foreign = Foreign(handler_of(app))
            self._add_below(prefix, foreign)
            self._foreign.append(foreign)
            return
        if self in mounted_below(app):
            raise ValueError("an application cannot be mounted below itself")
        self._entries.append(Mount(prefix=prefix, app=app, isolate=isolate))

    def create_task(self, coroutine: Awaitable[object]) -> BackgroundTask:
        """Run a coroutine in a task of the worker, which is not cancelled with any connection.

        When the application is not served any more, it has `shutdown_timeout`
        to end. What it raises is logged. Raises RuntimeError while the
        application is not served.
        """
        return self.tasks.start(coroutine)

    def add_task(self, task: Awaitable[object]) -> BackgroundTask:
        """Wait for `task`, as for one that `create_task` made, before the worker ends."""
        return self.tasks.start(task)

    @property
    def ports(self) -> Mapping[Place, Mapping[str, Any]]:
        """The options of each place to listen at, also of those of what is mounted.

        By host and port, or by path and None. What two applications have in
        common, is as the outer one has it.
        """
        found: dict[Place, Mapping[str, Any]] = {}
        for app in mounted_below(self):
            for place, options in app._ports.items():
                found.setdefault(place, options)
        return MappingProxyType(found)

    @property
    def hooks(self) -> Mapping[str, Sequence[Registered]]:
        """By name the priorities and functions of the hooks, as they run; also of what is mounted.

        `app.hooks["connect"][0][1]` is the function that runs first.
        """
        return self._all_hooks().by_name()

    @property
    def middlewares(self) -> Mapping[Prefix, Mapping[MiddlewareKind, Sequence[Registered]]]:
        """By prefix and kind the priorities and functions of the middlewares, as they run.

        Also those of what is mounted. A prefix that has none is not there.
        """
        return self._guards()[0].by_prefix()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop that runs right now; None for trio's, and where none does."""
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            return None

    def build(self, settings: AppSettings = AppSettings()) -> Dispatcher:
        """Make the handler that answers requests with what is registered by now."""
        self.context.use({**self._own_options, **settings.by_name()})
        foreign = [one for app in mounted_below(self) for one in app._foreign]
        middlewares, error_handlers = self._guards()
        return Dispatcher(
            self,
            routes=RouteTable(self.routes),
            middlewares=middlewares,
            hooks=self._all_hooks(),
            foreign=tuple(foreign),
            error_handlers=error_handlers,
            settings=settings,
        )

    @property
    def asgi(self) -> AsgiGuest:
        """The application as one that speaks ASGI 3, for any other server.

        It is built, with the default settings, when this is first asked for.
        """
        if self._guest is None:
            self._guest = AsgiGuest(self.build())
        return self._guest

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Be called by another ASGI server: as `asgi`."""
        await self.asgi(scope, receive, send)

    def _all_hooks(self) -> Hooks:
        """Its hooks, and those of mounted applications."""
        hooks = Hooks()
        for app in mounted_below(self):
            hooks.include(app._hooks)
        return hooks

    def _guards(self) -> tuple[Middlewares, ErrorHandlers]:
        """What stands around the handlers, those of mounted applications included."""
        middlewares = self._middlewares.copy()
        error_handlers = self._error_handlers.copy()
        for mount in self.mounts:
            prefix = read_prefix(mount.prefix)
            inner, handlers = mount.app._guards()
            middlewares.include(inner, prefix, isolate=mount.isolate)
            error_handlers.include(handlers, prefix)
        return middlewares, error_handlers

    @property
    def manager(self) -> NoReturn:
        """Not here. Raises AttributeError, which says what there is in its place."""
        raise AttributeError(
            "there is no app.manager: the processes of a program are those of worker_num, and"
            " others can be started with multiprocessing"
        )

    def create_sock(self, host: str, port: int | None, reuse_port: bool = True) -> socket.socket:
        """Open a socket for `serve`, at an address, or without a port at the path `host`.

        Port 0 is one of the system's choice. Raises OSError if it cannot be had.
        """
        from . import own_sockets

        return own_sockets.open_socket(host, port, reuse_port=reuse_port)

    def close_sock(self, sock: socket.socket) -> None:
        """Close a socket that `create_sock` has opened, and remove the path it listens at."""
        from . import own_sockets

        own_sockets.close_socket(sock)

    async def serve(
        self,
        host: str,
        port: int | None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 100,
        **options: Any,
    ) -> None:
        """Serve inside a running event loop, as one worker does, until cancelled.

        On `sock`, which stays open, or else on a socket of its own. `options`
        are those of `run` that are not for programs. To stop in good order, or
        to learn the port, there is `tremolo.serve`. Raises as that does.
        """
        from . import own_sockets

        await own_sockets.serve_on(self, (host, port), sock, {"backlog": backlog, **options})

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

        It listens where `listen` says and, if `host` is given, there besides;
        `bind` takes the place of all that. Port 0 is one of the system's choice,
        `loop` is asyncio, uvloop or trio, and `debug` shows tracebacks to
        clients. `options` are those of the command line, with underscores, and
        those of nggit/tremolo as the page on migration says. What is none of
        these is the application's own: handlers find it in `globals.options`.
        With workers it must be picklable.

        Raises TypeError for an option that is almost called as one that there
        is, ValueError for a value that cannot be, SystemExit with the exit code
        if serving fails.
        """
        # They import this module, for applications that are told by name.
        from . import serving
        from .config import configure

        options = self._options_of_ours(options)
        if log_level is not None:
            options["log_level"] = log_level
        if "bind" not in options:
            if host is None and not self.ports:
                raise ValueError(
                    "run() must be told where to listen: a host and a port, or bind, or by listen()"
                )
            own = []
            if host is not None:
                # Raises for a port that is none.
                told = configure({"host": host, "port": port})
                own.append(Bind(host=told.host, port=told.port))
            options["bind"] = [*own, *self._listeners(host, options)]
        serving.run(self, debug=debug, loop=loop, worker_num=worker_num, **options)

    def _options_of_ours(self, told: dict[str, Any]) -> dict[str, Any]:
        """Those of `told` that are in the tables; the application is shown the others too."""
        from . import config
        from .predecessor_options import split_unknown, translated

        known = {name for option in config.OPTIONS for name in option.names}
        options, own = split_unknown(translated(told), known)
        # Passwords are for the server alone.
        shown = {name: each for name, each in options.items() if not name.startswith("ssl_")}
        self._own_options = {**shown, **own}
        return options


Tremolo = Application
