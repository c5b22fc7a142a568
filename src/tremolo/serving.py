"""Serves an application, inside a program that has an event loop or as a program by itself.

Which handler an application has is decided in `loader`. What a program does
besides serving, signals and exit codes, is the business of `program`.
"""

import functools
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskStatus

import tremolo_transport
from tremolo_asgi import ASGIApplication
from tremolo_transport import Address, Server

from . import program
from .application import Application
from .config import ConfigError, configure
from .loader import build, handler_for
from .program_options import PROGRAM_OPTIONS
from .shared_locks import share_locks
from .standard_streams import open_standard_streams
from .worker_options import WORKER_OPTIONS

__all__ = ("refuse_those_of_programs", "run", "serve", "serve_forever")

_OF_NAMES = frozenset(("app_dir", "factory"))
_OF_PROGRAMS = frozenset(
    name for option in (*PROGRAM_OPTIONS, *WORKER_OPTIONS) for name in option.names
)


def serve(
    app: Application | ASGIApplication,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    **options: Any,
) -> AbstractAsyncContextManager[Server]:
    """Serve an application, inside a running event loop, for as long as the context is entered.

    `app` is a Tremolo application, or else speaks ASGI 3. Entering opens the
    sockets, starts the application up and returns when connections are
    accepted; `server.addresses` has the ports that the system chose. Leaving
    stops the server in good order, or at once if cancelled. No signal handler
    is installed, and neither logging nor the process is touched.

    `options` are those of the command line with underscores, but for those of
    programs, such as `loop` and `log_level`; `bind` takes the place of `host`
    and `port`. To serve a handler of exchanges there is `tremolo_transport.serve`.

    Raises ConfigError, a ValueError, for an option that cannot be, and
    NotAnApplication, a TypeError, for such an `app`. Entering raises OSError if
    an address cannot be had, and whatever start-up raises, for ASGI
    LifespanFailed; leaving raises what shutdown raises.
    """
    refuse_those_of_programs(options)
    config = configure({**_address(host, port, options), **options})
    return tremolo_transport.serve(
        handler_for(app, config), binds=config.listeners, settings=config.server
    )


async def serve_forever(
    app: Application | ASGIApplication,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    task_status: TaskStatus[tuple[Address, ...]] = TASK_STATUS_IGNORED,
    **options: Any,
) -> None:
    """Serve an application until cancelled: `[address] = await group.start(serve_forever, app)`.

    The group may be a task group of anyio's or a nursery of trio's;
    `functools.partial` holds what else there is to tell, which is what `serve`
    takes. `start` returns the addresses, with the ports that the system chose,
    when connections are accepted; it raises what `serve` and entering it raise.
    When this is cancelled, the server stops at once: to stop one in good order,
    enter and leave `serve`.
    """
    async with serve(app, host=host, port=port, **options) as server:
        task_status.started(server.addresses)
        await server.wait_stopped()


def run(
    app: Application | ASGIApplication | str,
    host: str = "127.0.0.1",
    port: int = 8_000,
    **options: Any,
) -> None:
    """Serve an application as a program, and return when a signal has stopped it.

    `app` may also be what the command line takes, such as `"example:app"`.
    `options` are those of the command line with underscores.

    With workers, `app` must be picklable or be told by its name; by default one
    that is not is served in this process.

    Raises ConfigError, a ValueError, for an option that cannot be, and
    SystemExit with the exit code if serving fails or is ended by force.
    """
    if not isinstance(app, str):
        for name in _OF_NAMES & options.keys():
            raise ConfigError(name, "is for an application that is told by its name")
    open_standard_streams()
    with share_locks(configure({**_address(host, port, options), **options})) as config:
        make = (
            functools.partial(build, app, config)
            if isinstance(app, str)
            else functools.partial(handler_for, app, config)
        )
        code = program.run(make, config)
    if code:
        raise SystemExit(code)


def refuse_those_of_programs(options: Iterable[str]) -> None:
    """Raise ConfigError if one of `options` says how a program is to be run."""
    for name in options:
        if name in _OF_PROGRAMS:
            raise ConfigError(name, "is not ours to say inside a program of yours")


def _address(host: str, port: int, options: dict[str, Any]) -> dict[str, object]:
    return {} if "bind" in options else {"host": host, "port": port}
