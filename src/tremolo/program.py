"""Runs a server as a program: logging, the processes it consists of, and the exit code.

To serve inside a program of one's own, there is `serving`; what a program can
be told stands in `config`; one serving process is run by `process`.
"""

import importlib.util
import logging
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING

from tremolo_core import value
from tremolo_transport.listeners import Listenable
from tremolo_transport.seat import Seat
from tremolo_transport.supervisor import Supervised, Supervisor
from tremolo_transport.worker_queues import open_queues
from tremolo_transport.worker_settings import WorkerSettings

from . import loader
from .config import Config
from .env_file import load_env_file
from .exit_codes import ExitCode, complain
from .last_threads import end_soon
from .log_setup import set_up_logging
from .reloading import can_watch, watching

if TYPE_CHECKING:
    from tremolo_transport.exchange import Handler

__all__ = ("run",)

_logger = logging.getLogger("tremolo.program")

_NO_GUARD = (
    "a worker process imports the file that run() is called in, and would call it again:"
    ' put the call below `if __name__ == "__main__":`, or serve with worker_num=0'
)

_MARGIN_SECONDS = 15.0
"""What a worker that stops may take beyond its bounds; long before, it ends itself."""


def run(build: "Callable[[], Handler]", config: Config, *, may_fork: bool = False) -> int:
    """Serve what `build` returns until a signal comes, and return the exit code.

    The first SIGINT or SIGTERM stops the server, within its bound; a second
    one, or one before it listens, ends it at once. Whatever goes wrong is said
    on standard error. With workers, `build` is called in each of them and must
    be picklable. In a worker that imports the program's file, it only says that
    the call must not be reached there. `may_fork` says that the process is the
    program's alone, with no application in it, so that a worker may be a copy of it.
    """
    # As multiprocessing asks itself, which has no public name for it.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        complain(_NO_GUARD)
        return ExitCode.FAILED
    if config.env_file is not None:
        try:
            load_env_file(config.env_file)
        except (OSError, ValueError) as error:
            complain(f"cannot read the variables in {config.env_file!r}: {error}")
            return ExitCode.FAILED
    try:
        set_up_logging(config)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        complain(f"cannot set up logging as {config.log_config!r} says: {error}")
        return ExitCode.FAILED
    missing = _missing_extra(config)
    if missing is not None:
        package = "watchfiles" if missing == "reload" else missing
        complain(f"{package} is not installed: pip install 'tremolo-anyio[{missing}]'")
        return ExitCode.FAILED
    for place in config.reload_dir:
        if not os.path.isdir(place):
            complain(f"cannot watch {place!r}: it is no directory")
            return ExitCode.FAILED
    try:
        if config.workers.number and _can_be_sent(build, config):
            return _supervise(build, config, may_fork=may_fork)
        if config.reload or config.workers not in (
            WorkerSettings(),
            WorkerSettings(number=0),
        ):
            return ExitCode.FAILED
        return _serve(build, config, config.listeners)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _can_be_sent(build: "Callable[[], Handler]", config: Config) -> bool:
    """Whether a worker process can be told what to serve; if not, say so."""
    obstacle = _obstacle(build)
    if obstacle is None:
        return True
    reason = f"the application cannot be sent to a worker process ({obstacle})"
    if config.workers == WorkerSettings() and not config.reload:
        # Nobody has asked for one.
        _logger.info("%s: serving in this process", reason)
    else:
        complain(f"{reason}: name it as 'module:app', or serve with worker_num=0")
    return False


def _obstacle(build: "Callable[[], Handler]") -> str | None:
    """Why a worker process cannot be told what to serve; None if it can."""
    try:
        told = bytes(ForkingPickler.dumps(build))
    except Exception as error:
        return str(error)
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is None:
        # What multiprocessing has the worker import, whether that is needed or not.
        path = getattr(main, "__file__", None)
        if (b"__main__" in told) if path is None else not os.path.exists(path):
            return "it is run by no file, which could be imported there"
    return None


def _serve(
    build: "Callable[[], Handler]",
    config: Config,
    listeners: Sequence[Listenable],
    seat: Seat | None = None,
) -> int:
    """Serve in this process, in which an event loop is needed; no supervisor has one."""
    from .process import Process

    handler = _build(build)
    if isinstance(handler, ExitCode):
        return handler
    return Process(handler, config, listeners=listeners, seat=seat).run()


def _build(build: "Callable[[], Handler]") -> "Handler | ExitCode":
    """The handler; or an exit code, and whoever reads standard error knows why."""
    try:
        return build()
    except loader.ModuleFailed as error:
        traceback.print_exception(error.__cause__)
        complain(str(error))
        return ExitCode.APPLICATION
    except loader.LoadError as error:
        if isinstance(error.__cause__, SyntaxError):
            traceback.print_exception(error.__cause__.with_traceback(None))
        complain(str(error))
        return ExitCode.FAILED


@value
class _Worker:
    """What runs in a worker process."""

    build: "Callable[[], Handler]"
    config: Config

    def __call__(self, seat: Seat) -> int:
        set_up_logging(self.config)
        code = _serve(self.build, self.config, seat.sockets, seat)
        # As it ends, Python gives a signal that is not ignored back to the system, which would
        # have whoever signals all processes of a service change the exit code.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_soon(code)
        return code


def _supervise(build: "Callable[[], Handler]", config: Config, *, may_fork: bool) -> int:
    worker = _Worker(build=build, config=config)
    try:
        queues = open_queues(config.listeners, config.workers)
    except OSError as error:
        complain(error.strerror or str(error))
        return ExitCode.FAILED
    with ExitStack() as opened:
        for listening in {id(each): each for queue in queues for each in queue}.values():
            opened.callback(listening.close)
        supervised = Supervised(
            target=worker,
            settings=config.workers,
            seconds=_bound(config),
            watched=config.reload,
            # Code that is watched is to be read anew by each worker, and so is the first.
            may_fork=may_fork and not config.reload,
        )
        supervisor = Supervisor(supervised, queues)
        if config.reload:
            places = config.reload_dir or (".", *filter(None, [config.app_dir]))
            opened.enter_context(watching(places, supervisor.note_change))
        code = supervisor.run(_announce)
    if code == ExitCode.OK:
        _logger.info("stopped")
    return code


def _announce(urls: Sequence[str]) -> None:
    for url in urls:
        _logger.info("listening on %s", url)


def _bound(config: Config) -> float | None:
    """How long a worker that stops may take: its requests, then its application."""
    seconds = config.server.shutdown
    return None if seconds is None else config.server.shutdown_delay + 2 * seconds + _MARGIN_SECONDS


def _missing_extra(config: Config) -> str | None:
    loop = config.loop
    if loop != "asyncio" and importlib.util.find_spec(loop) is None:
        return loop
    return "reload" if config.reload and not can_watch() else None
