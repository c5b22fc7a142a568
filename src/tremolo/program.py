"""Runs a server as a program: logging, the event loop, signals, and the exit code.

To serve inside a program of one's own, there is `serving`; what a program can
be told stands in `config`.
"""

import contextvars
import enum
import importlib.util
import logging
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, assert_never

import anyio

from tremolo_asgi import LifespanFailed
from tremolo_transport import Server, serve
from tremolo_transport.exchange import Exchange, Handler, ManagedHandler

from .config import Config, Loop

__all__ = ("ExitCode", "complain", "run")

_logger = logging.getLogger("tremolo.program")

_LOG_FORMAT = "[%(asctime)s] %(levelname)s %(name)s: %(message)s"


class ExitCode(enum.IntEnum):
    """What a program's end says. One that was made to stop at once ends with 128 + the signal."""

    OK = 0
    """It was told to stop, and everything was completed or had its time."""
    FAILED = 1
    """It could not run: an option it does not understand, no application, a taken address."""
    APPLICATION = 3
    """The application failed to start up or to shut down, or to be imported."""


def run(build: Callable[[], Handler], config: Config) -> int:
    """Serve what `build` returns until a signal comes, and return the exit code.

    The first SIGINT or SIGTERM stops the server, within its bound; a second
    one, or one before it listens, ends it at once. Whatever goes wrong is said
    on standard error. What `build` raises is left to the caller.
    """
    _set_up_logging(config)
    missing = _missing_extra(config.loop)
    if missing is not None:
        complain(f"{missing} is not installed: pip install 'tremolo-anyio[{missing}]'")
        return ExitCode.FAILED
    backend, options = _backend(config.loop)
    try:
        handler = build()
        return anyio.run(_Program(handler, config).run, backend=backend, backend_options=options)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def complain(line: str) -> None:
    """Say why the program ends, in one line on standard error, whatever the log level is."""
    sys.stderr.write(f"tremolo: {line}\n")


class _Program:
    """One run, from the opening of the sockets to their end."""

    def __init__(self, handler: Handler, config: Config) -> None:
        self._handler = _Watched(handler)
        self._config = config
        self._server: Server | None = None
        self._ended_by: signal.Signals | None = None

    async def run(self) -> int:
        code: int = ExitCode.OK
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with anyio.create_task_group() as group:
                with anyio.CancelScope() as scope:
                    group.start_soon(self._obey, signals, scope)
                    code = await self._serve()
                group.cancel_scope.cancel()
        return code if self._ended_by is None else 128 + self._ended_by

    async def _obey(self, signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope) -> None:
        async for number in signals:
            if self._server is None or self._server.shutdown.begun:
                _logger.warning("%s: ending at once", number.name)
                self._ended_by = number
                scope.cancel()
                return
            _logger.info("%s: stopping", number.name)
            self._server.begin_stop()

    async def _serve(self) -> int:
        try:
            async with serve(
                self._handler, binds=self._config.listeners, settings=self._config.server
            ) as server:
                for url in server.urls:
                    _logger.info("listening on %s", url)
                self._server = server
                await server.wait_stopped()
            _logger.info("stopped")
            return ExitCode.OK
        except LifespanFailed as error:
            if error.__cause__ is not None:
                traceback.print_exception(error.__cause__)
            complain(str(error))
        except Exception as error:
            if isinstance(error, OSError) and not self._handler.reached:
                complain(error.strerror or str(error))
                return ExitCode.FAILED
            traceback.print_exception(error)
            complain("the application failed")
        return ExitCode.APPLICATION


class _Watched:
    """A handler that remembers whether the application's start-up was reached.

    So that an OSError of the application, whose database is not there, is not
    mistaken for one of our own sockets.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.reached = False

    def __call__(self, exchange: Exchange, /) -> Awaitable[None]:
        return self._handler(exchange)

    def lifespan(self) -> AbstractAsyncContextManager[contextvars.Context]:
        self.reached = True
        if isinstance(self._handler, ManagedHandler):
            return self._handler.lifespan()
        return nullcontext(contextvars.copy_context())


def _set_up_logging(config: Config) -> None:
    # It does nothing where the user has set up logging already.
    logging.basicConfig(level=config.threshold, format=_LOG_FORMAT, stream=sys.stderr)
    logging.getLogger("tremolo").setLevel(config.threshold)


def _missing_extra(loop: Loop) -> str | None:
    if loop == "asyncio" or importlib.util.find_spec(loop) is not None:
        return None
    return loop


def _backend(loop: Loop) -> tuple[str, dict[str, Any]]:
    match loop:
        case "asyncio":
            return "asyncio", {}
        case "uvloop":
            return "asyncio", {"use_uvloop": True}
        case "trio":
            return "trio", {}
        case _:
            assert_never(loop)
