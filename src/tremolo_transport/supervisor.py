"""Keeps worker processes running: starts them, replaces them, and stops them all.

It has one thread and no event loop, and knows nothing of applications. What
happens in one worker's place is decided in `slot`.
"""

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import connection

from tremolo_core import value

from .listeners import ListeningSocket
from .orphans import reap_orphans
from .seat import Command
from .signals import Echoes, Wakeup, on_signals
from .slot import Slot
from .worker_process import Target, WorkerProcess
from .worker_settings import WorkerSettings

__all__ = ("Supervised", "Supervisor")

logger = logging.getLogger("tremolo.supervisor")

_TICK_SECONDS = 1.0
_DROP_SECONDS = 2.0
"""How long old code may run when the code has changed: its handlers are cancelled at once."""


@value
class Supervised:
    """What is run by workers, and for how long."""

    target: Target
    settings: WorkerSettings
    seconds: float | None = None
    """How long a worker that was told to end may take, until it is killed."""
    watched: bool = False
    """Whether a worker that cannot start waits for its code to change."""
    may_fork: bool = False
    """Whether nothing in this process keeps the first worker from being a copy of it."""


class Supervisor:
    """The workers of one program. To be run in the main thread, once."""

    def __init__(self, supervised: Supervised, queues: Sequence[Sequence[ListeningSocket]]) -> None:
        """`queues` has, for each worker, the sockets that it is to accept from."""
        self._supervised = supervised
        self._wakeup = Wakeup()
        self._signals: list[signal.Signals] = []
        self._echoes = Echoes()
        self._changed = False
        self._rolling: list[Slot] = []
        """Slots whose worker is still to be replaced, in their order."""
        self._roll_again = False
        self._asked = -math.inf
        """When the last SIGHUP came."""
        self._stopping = False
        self._code = 0
        self._announced = False
        # Others come later, and are to have the code as it is then; and of several each would
        # hold the sockets and pipes of those before it.
        self._may_fork = supervised.may_fork and len(queues) == 1
        self._slots = [
            Slot(self._start, each, number, watched=supervised.watched)
            for number, each in enumerate(queues, 1)
        ]

    def run(self, announce: Callable[[Sequence[str]], None]) -> int:
        """Run the workers until a signal comes, and return the exit code.

        `announce` is called with where they listen, once the first of all
        workers are ready. SIGINT and SIGTERM stop them, a second one at once;
        SIGHUP replaces them one after the other.
        """
        numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
        with on_signals(numbers, self._note):
            try:
                for slot in self._slots:
                    slot.open()
                while not self._over():
                    self._wait()
                    self._step(time.monotonic(), announce)
            finally:
                for slot in self._slots:
                    slot.kill()
                for process in self._processes():
                    process.end()
                self._wakeup.close()
        return self._code

    def note_change(self) -> None:
        """The code has changed: start all workers anew. From any thread."""
        self._changed = True
        self._wakeup.wake()

    def _note(self, number: signal.Signals) -> None:
        # Code may have changed between two SIGHUPs, however soon they come.
        if number != signal.SIGHUP and self._echoes.is_echo(number, time.monotonic()):
            return
        self._signals.append(number)
        self._wakeup.wake()

    def _start(self, sockets: Sequence[ListeningSocket], number: int) -> WorkerProcess:
        forked = self._may_fork and threading.active_count() == 1
        self._may_fork = False
        return WorkerProcess(self._supervised.target, sockets, number=number, forked=forked)

    def _processes(self) -> list[WorkerProcess]:
        return [process for slot in self._slots for process in slot.processes]

    def _over(self) -> bool:
        return self._stopping and not self._processes()

    def _wait(self) -> None:
        due = min((slot.next_step() for slot in self._slots), default=math.inf)
        timeout = min(_TICK_SECONDS, max(0.0, due - time.monotonic()))
        processes = self._processes()
        sources = [each for one in processes for each in one.sources]
        connection.wait([self._wakeup.fileno(), *sources], timeout)
        self._wakeup.clear()

    def _step(self, now: float, announce: Callable[[Sequence[str]], None]) -> None:
        while self._signals:
            self._obey(self._signals.pop(0))
        settings = self._supervised.settings
        for slot in self._slots:
            slot.step(now, healthcheck=settings.healthcheck, seconds=self._supervised.seconds)
        if os.getpid() == 1:
            reap_orphans(process.pid for process in self._processes())
        if self._stopping:
            self._code = self._code or max(slot.exit_code for slot in self._slots)
            return
        if self._changed:
            self._changed = False
            self._rolling.clear()
            for slot in self._slots:
                slot.restart(seconds=_DROP_SECONDS)
        elif not self._announced:
            self._look_at_start(announce)
        else:
            self._roll(now)

    def _obey(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP:
            if not self._stopping:
                logger.info("SIGHUP: replacing the workers")
                self._roll_again = True
                self._asked = time.monotonic()
        elif self._stopping:
            logger.warning("%s: ending at once", number.name)
            self._code = 128 + number
            for slot in self._slots:
                slot.kill()
        else:
            logger.info("%s: stopping", number.name)
            self._code = 0 if self._announced else 128 + number
            self._stop()

    def _stop(self) -> None:
        self._stopping = True
        for slot in self._slots:
            slot.close(Command.STOP, seconds=self._supervised.seconds)

    def _look_at_start(self, announce: Callable[[Sequence[str]], None]) -> None:
        """Announce the program once all workers are ready; end it if one cannot start."""
        failed = [slot.failed for slot in self._slots if slot.failed is not None]
        if failed and not self._supervised.watched:
            self._stop()
            self._code = failed[0]
        elif all(slot.ready for slot in self._slots):
            self._announced = True
            first = self._slots[0].worker
            announce(first.addresses if first is not None else ())

    def _roll(self, now: float) -> None:
        """Replace the next worker, once the one before has left."""
        seconds = self._supervised.seconds
        if self._rolling:
            if not self._rolling[0].ready:
                self._rolling[0].overtake(now, asked=self._asked, seconds=seconds)
                return
            if self._rolling.pop(0).failed is not None:
                logger.error("the workers that are not replaced yet are left as they are")
                self._rolling.clear()
                return
        elif self._roll_again:
            self._roll_again = False
            self._rolling = [*self._slots]
        else:
            return
        if self._rolling:
            self._rolling[0].renew(seconds=seconds)
        else:
            logger.info("the workers are replaced")
