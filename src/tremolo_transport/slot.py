"""One place for a worker: who has it, who is to have it next, and who has yet to leave.

The sockets stay with the slot whoever sits in it, so nobody who connects is
lost when workers change. Signals, and the order among slots, are the business
of `supervisor`.
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence

from .back_off import BackOff
from .listeners import ListeningSocket
from .seat import Command
from .worker_process import WorkerProcess

__all__ = ("Slot",)

logger = logging.getLogger("tremolo.supervisor")

_UNSEEN_SECONDS = 2.0
"""Between two steps; beyond, nobody has listened to the workers, who may have been frozen as well.

A supervisor makes one at least once a second, but not while it is stopped with its terminal, or
paused with its container.
"""

_LATE_SECONDS = 10.0
"""How long a start may take that is not waited for if another was asked for meanwhile.

One that is nearly ready would be no faster the second time.
"""


class Slot:
    """A slot of a supervisor. Time is that of `time.monotonic`, and is told."""

    def __init__(
        self,
        start: Callable[[Sequence[ListeningSocket], int], WorkerProcess],
        sockets: Sequence[ListeningSocket],
        number: int,
        *,
        watched: bool,
    ) -> None:
        """`watched` says that a worker which cannot start waits for its code to change."""
        self._start = start
        self._sockets = sockets
        self._number = number
        self._watched = watched
        self._proven = False
        """Whether any worker of this slot was ever ready."""
        self._back_off = BackOff()
        self._start_at: float | None = None
        """When a worker is to be started, where none is."""
        self._recycling = BackOff()
        self._replace_at = -math.inf
        """Before which no worker is replaced for being spent."""
        self._stepped = math.inf
        self._attentive_since = -math.inf
        """Since when the workers are listened to without a break."""
        self.worker: WorkerProcess | None = None
        """Who accepts connections, or will."""
        self.successor: WorkerProcess | None = None
        """Who takes over once it is ready."""
        self.leaving: list[WorkerProcess] = []
        """Who was told to end, and has not ended."""
        self.failed: int | None = None
        """The exit code of the last worker that was started, if it ended before it was ready."""
        self.exit_code = 0
        """That of a worker which was told to end and failed to; 0 if none did since `close`."""

    @property
    def processes(self) -> Iterator[WorkerProcess]:
        """All workers of this slot."""
        if self.worker is not None:
            yield self.worker
        if self.successor is not None:
            yield self.successor
        yield from self.leaving

    @property
    def ready(self) -> bool:
        """Whether a worker accepts connections, and no change is under way."""
        settled = self.successor is None and not self.leaving
        return settled and self.worker is not None and self.worker.ready is not None

    def open(self) -> None:
        """Start a worker in a slot that has none."""
        self._start_at = None
        self.worker = self._started()

    def replace(self) -> None:
        """Start a successor of the worker, unless there is one."""
        if self.worker is None:
            self._start_at = -math.inf
        elif self.successor is None:
            self.successor = self._started()

    def renew(self, *, seconds: float | None) -> None:
        """Start a successor that reads the code as it is now, in place of one on its way."""
        if self.successor is not None:
            self._dismiss(self.successor, Command.YIELD, seconds)
            self.successor = None
        self.replace()

    def overtake(self, now: float, *, asked: float, seconds: float | None) -> None:
        """Have another successor in place of one that is late, if a newer was `asked` for since.

        It may wait for ever for what the code was mended for.
        """
        late = self.successor
        if late is not None and late.started < min(asked, now - _LATE_SECONDS):
            self.renew(seconds=seconds)

    def restart(self, *, seconds: float) -> None:
        """Drop the worker, which is killed after so many seconds, and start another at once."""
        for process in (self.worker, self.successor):
            if process is not None:
                self._dismiss(process, Command.DROP, seconds)
        self.successor = None
        self.open()

    def close(self, command: Command, *, seconds: float | None) -> None:
        """Tell all workers to end; none is started any more."""
        self._start_at = None
        # How others have ended before says nothing about this.
        self.exit_code = 0
        for listening in self._sockets:
            # Else whoever connects while the workers finish would be left waiting, and not refused.
            listening.release()
        for process in (self.worker, self.successor):
            if process is not None:
                self._dismiss(process, command, seconds)
        self.worker = self.successor = None

    def kill(self) -> None:
        """End all workers at once."""
        for process in self.processes:
            process.kill()

    def step(self, now: float, *, healthcheck: float | None, seconds: float | None) -> None:
        """Do what is due; a worker that is replaced has so many seconds to end."""
        if now - self._stepped > _UNSEEN_SECONDS:
            self._attentive_since = now
        self._stepped = now
        for process in tuple(self.processes):
            process.hear()
            if not process.alive:
                # It may have said something with its last breath.
                process.hear()
                self._bury(process, now)
        successor, worker = self.successor, self.worker
        if successor is not None and successor.ready is not None:
            self.worker, self.successor = successor, None
            if worker is not None:
                self._dismiss(worker, Command.YIELD, seconds)
        elif self._is_spent and now >= self._replace_at and worker is not None:
            logger.info("%s is replaced: %s", self._name(worker), worker.spent)
            # Else a limit that is too low would have the machine start workers all the time.
            served = 0.0 if worker.ready is None else now - worker.ready
            self._replace_at = now + self._recycling.after(served)
            self.replace()
            if self.successor is None:
                self._replace_at = now + self._back_off.after(0.0)
        for process in self.processes:
            self._judge(process, now, healthcheck)
        if self._start_at is not None and now >= self._start_at and self.worker is None:
            self.open()
            if self.failed is not None and self._proven:
                self._start_at = now + self._back_off.after(0.0)

    def next_step(self) -> float:
        """When something is due, as far as it is known now."""
        times = [process.deadline for process in self.processes]
        if self._is_spent:
            times.append(self._replace_at)
        return min(
            (each for each in [*times, self._start_at] if each is not None), default=math.inf
        )

    @property
    def _is_spent(self) -> bool:
        """Whether the worker is to be replaced, and nobody is on the way."""
        worker = self.worker
        return worker is not None and worker.spent is not None and self.successor is None

    def _started(self) -> WorkerProcess | None:
        """A new worker; None if the system has no room for one now."""
        self.failed = None
        try:
            return self._start(self._sockets, self._number)
        except OSError as error:
            logger.error("worker %d cannot be started: %s", self._number, error)
            self.failed = 1
            return None

    def _dismiss(self, process: WorkerProcess, command: Command, seconds: float | None) -> None:
        # Requests are on it from the moment at which it says that it is ready.
        process.hear()
        process.tell(command, seconds=seconds)
        if process.ready is None:
            # It may not listen to us yet, and has nothing to lose.
            process.kill()
        self.leaving.append(process)

    def _judge(self, process: WorkerProcess, now: float, healthcheck: float | None) -> None:
        if process.deadline is not None:
            if now >= process.deadline:
                logger.warning("%s did not end in time: killing it", self._name(process))
                process.deadline = None
                process.kill()
        elif process.told is None and process.ready is not None and healthcheck is not None:
            silence = now - max(process.last_sign, self._attentive_since)
            if silence > healthcheck and not process.killed:
                name = self._name(process)
                logger.error("%s gave no sign of life for %.1f s: killing it", name, silence)
                process.kill()

    def _bury(self, process: WorkerProcess, now: float) -> None:
        """Forget a process that has ended, and see to another where it was not told to."""
        name, code, ready = self._name(process), process.exit_code, process.ready
        how = process.end()
        self._proven = self._proven or ready is not None
        if process in self.leaving:
            self.leaving.remove(process)
            if code and ready is not None and process.told is not Command.DROP:
                logger.warning("%s %s", name, how)
                self.exit_code = code if code > 0 else 1
            return
        if ready is None:
            self.failed = code if code > 0 else 1
        if process is self.successor:
            self.successor = None
            self._replace_at = max(self._replace_at, now + self._back_off.after(0.0))
            logger.error("%s %s before it was ready; the one before it goes on", name, how)
            return
        if self.successor is not None:
            self.worker, self.successor = self.successor, None
            logger.error("%s %s; its successor is on its way", name, how)
            return
        self.worker = None
        if ready is None and self._watched:
            logger.error("%s %s; waiting for its code to change", name, how)
        elif self._proven:
            wait = self._back_off.after(0.0 if ready is None else now - ready)
            self._start_at = now + wait
            logger.error("%s %s: starting another%s", name, how, f" in {wait:g} s" if wait else "")

    def _name(self, process: WorkerProcess) -> str:
        return f"worker {self._number} (pid {process.pid})"
