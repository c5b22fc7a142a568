"""Several workers: how they start together, are replaced one by one, and stop together."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tremolo_transport import Bind
from tremolo_transport.listeners import ListeningSocket
from tremolo_transport.supervisor import Supervised, Supervisor
from tremolo_transport.worker_process import Target, WorkerProcess
from tremolo_transport.worker_queues import open_queues
from tremolo_transport.worker_settings import WorkerSettings

from .worker_targets import fails, never_ready, obedient, silent

ROOT = Path(__file__).parents[2]


class OnRecord(logging.Handler):
    """Calls a function when the supervisor logs a line with `text` in it."""

    def __init__(self, text: str, call: Callable[[str], object]) -> None:
        super().__init__()
        self._text = text
        self._call = call

    def emit(self, record: logging.LogRecord) -> None:
        if self._text in record.getMessage():
            self._call(record.getMessage())


WhenLogged = Callable[[str, Callable[[str], object]], None]


@pytest.fixture
def when_logged() -> Iterator[WhenLogged]:
    logger = logging.getLogger("tremolo.supervisor")
    level = logger.level
    logger.setLevel(logging.INFO)
    handlers: list[OnRecord] = []

    def install(text: str, call: Callable[[str], object]) -> None:
        handlers.append(OnRecord(text, call))
        logger.addHandler(handlers[-1])

    yield install
    logger.setLevel(level)
    for handler in handlers:
        logger.removeHandler(handler)


def supervisor(target: Target, *, number: int = 2, watched: bool = False) -> Supervisor:
    settings = WorkerSettings(number=number)
    supervised = Supervised(target=target, settings=settings, seconds=30.0, watched=watched)
    return Supervisor(supervised, [[] for _ in range(number)])


def raising(number: signal.Signals) -> Callable[[object], None]:
    return lambda _: signal.raise_signal(number)


def nothing(urls: Sequence[str]) -> None:
    """Nobody is told."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_once_all_are_ready_and_a_signal_stops_them(number: signal.Signals) -> None:
    queues = open_queues([Bind(port=0)], WorkerSettings(number=2))
    told: list[Sequence[str]] = []

    def announce(urls: Sequence[str]) -> None:
        told.append(urls)
        signal.raise_signal(number)

    supervised = Supervised(target=obedient, settings=WorkerSettings(number=2), seconds=30.0)
    before = signal.getsignal(signal.SIGINT)
    assert Supervisor(supervised, queues).run(announce) == 0
    assert told == [(queues[0][0].url,)]
    assert signal.getsignal(signal.SIGINT) is before
    for queue in queues:
        for each in queue:
            each.close()


def test_one_that_cannot_start_ends_them_all_with_its_code() -> None:
    assert supervisor(fails).run(lambda urls: pytest.fail("nobody is ready")) == 3


def test_a_signal_before_they_are_ready_ends_them() -> None:
    made = supervisor(never_ready)
    # It is taken note of, and acted on with the first step.
    made._note(signal.SIGTERM)
    assert made.run(nothing) == 128 + signal.SIGTERM


def test_a_second_signal_ends_those_that_do_not_obey(when_logged: WhenLogged) -> None:
    when_logged("SIGTERM: stopping", raising(signal.SIGINT))
    assert supervisor(silent).run(raising(signal.SIGTERM)) == 128 + signal.SIGINT


def test_a_roll_replaces_each_in_turn(
    when_logged: WhenLogged, caplog: pytest.LogCaptureFixture
) -> None:
    made = supervisor(obedient)
    seen: list[set[int]] = []

    def look(line: str) -> None:
        seen.append({process.pid for process in made._processes()})

    def announce(urls: Sequence[str]) -> None:
        look("")
        signal.raise_signal(signal.SIGHUP)

    when_logged("SIGHUP", look)
    when_logged("are replaced", look)
    when_logged("are replaced", raising(signal.SIGTERM))
    assert made.run(announce) == 0
    assert len(seen[0]) == len(seen[-1]) == 2
    assert seen[0].isdisjoint(seen[-1])


def test_a_roll_that_gets_nowhere_is_overtaken_by_the_next(when_logged: WhenLogged) -> None:
    made = supervisor(obedient)
    pids: list[int] = []

    def start(sockets: Sequence[ListeningSocket], number: int) -> WorkerProcess:
        # The third is the first successor: its code waits for something that does not come.
        stuck = len(pids) == 2
        process = WorkerProcess(never_ready if stuck else obedient, sockets, number=number)
        pids.append(process.pid)
        if stuck:
            process.started -= 60
            signal.raise_signal(signal.SIGHUP)
        return process

    for slot in made._slots:
        slot._start = start
    when_logged("are replaced", raising(signal.SIGTERM))
    assert made.run(raising(signal.SIGHUP)) == 0
    # Two at first, the one that was stuck, and two in their place.
    assert len(pids) >= 5


def test_a_change_of_the_code_starts_all_anew() -> None:
    made = supervisor(obedient)
    before: set[int] = set()

    def announce(urls: Sequence[str]) -> None:
        before.update(process.pid for process in made._processes())
        made.note_change()

    def start(*arguments: Any) -> WorkerProcess:
        process = started(*arguments)
        after.append(process.pid)
        if len(after) == 4:
            signal.raise_signal(signal.SIGTERM)
        return process

    after: list[int] = []
    started = made._start
    for slot in made._slots:
        slot._start = start
    assert made.run(announce) == 0
    assert before == set(after[:2])
    assert len(set(after)) == 4


def test_nothing_is_left_behind_when_it_fails_itself() -> None:
    made = supervisor(obedient)
    pids: list[int] = []

    def announce(urls: Sequence[str]) -> None:
        pids.extend(process.pid for process in made._processes())
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        made.run(announce)
    assert len(pids) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


_FIRST_WORKERS = """
import contextlib, signal, sys, threading
from tests.tremolo_transport import worker_targets
from tremolo_transport.supervisor import Supervised, Supervisor
from tremolo_transport.worker_settings import WorkerSettings

how = sys.argv[1]
number = 2 if how == "two" else 1
worker_targets.MARK = "copied"
supervised = Supervised(
    target=worker_targets.marked, settings=WorkerSettings(number=number), may_fork=how != "told"
)
supervisor = Supervisor(supervised, [[] for _ in range(number)])
if how == "thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()

def announce(marks):
    print(*marks)
    if how == "replaced":
        [slot] = supervisor._slots
        started = slot._start

        def start(sockets, number):
            successor = started(sockets, number)
            while successor.ready is None:
                successor.hear()
            print(*successor.addresses)
            signal.raise_signal(signal.SIGTERM)
            return successor

        slot._start = start
        signal.raise_signal(signal.SIGHUP)
    else:
        signal.raise_signal(signal.SIGTERM)

sys.exit(supervisor.run(announce))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="others start every worker anew")
@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("one", ["copied"]),
        ("replaced", ["copied", "fresh"]),
        ("told", ["fresh"]),
        ("two", ["fresh"]),
        ("thread", ["fresh"]),
    ],
)
def test_only_the_first_worker_where_nothing_else_is_there_is_a_copy(
    how: str, expected: list[str]
) -> None:
    # In a process of its own, as that of the tests has other threads.
    told = [sys.executable, "-c", _FIRST_WORKERS, how]
    done = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == expected, done.stderr
    assert done.returncode == 0
