"""One worker, as its supervisor sees it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path

import pytest

from tremolo_transport import Bind
from tremolo_transport.endpoints import UnixBind
from tremolo_transport.listeners import open_sockets
from tremolo_transport.seat import Command
from tremolo_transport.signals import on_signals
from tremolo_transport.worker_process import Target, WorkerProcess

from .worker_targets import (
    closes_all,
    dies_when_ready,
    fails,
    hung_up_on,
    never_ready,
    obedient,
    silent,
)

PATIENCE = 60.0


@pytest.fixture(params=[False, True], ids=["spawned", "forked"])
def forked(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@contextmanager
def started(target: Target, *, forked: bool = False) -> Iterator[WorkerProcess]:
    process = WorkerProcess(target, [], number=1, forked=forked)
    try:
        yield process
    finally:
        process.kill()
        process.end()


def until_ready(process: WorkerProcess) -> None:
    while process.ready is None:
        assert connection.wait(process.sources, PATIENCE)
        process.hear()


def until_ended(process: WorkerProcess) -> None:
    assert connection.wait([process._process.sentinel], PATIENCE)
    while process.alive:
        # Its descriptors are closed a moment before it has ended.
        os.sched_yield()


def test_it_says_when_it_is_ready_and_where_and_ends_when_it_is_told(forked: bool) -> None:
    [sock] = open_sockets([Bind(port=0)])
    process = WorkerProcess(obedient, [sock], number=1, forked=forked)
    assert (process.alive, process.ready, process.told) == (True, None, None)
    until_ready(process)
    assert process.addresses == (sock.url,)
    process.tell(Command.STOP, seconds=5.0)
    until_ended(process)
    assert not process.alive
    assert process.end() == "exited with code 0"
    sock.close()


def test_what_cannot_be_sent_is_an_error_of_the_caller() -> None:
    with pytest.raises(AttributeError, match="local object"):
        WorkerProcess(lambda seat: 0, [], number=1)


@pytest.mark.parametrize(("target", "code"), [(fails, 3), (dies_when_ready, 7)])
def test_its_exit_code_is_known(target: Target, code: int, forked: bool) -> None:
    process = WorkerProcess(target, [], number=1, forked=forked)
    until_ended(process)
    process.hear()
    assert (process.ready is not None) is (target is dies_when_ready)
    assert process.exit_code == code
    assert process.end() == f"exited with code {code}"


def test_one_that_was_killed_says_by_what() -> None:
    process = WorkerProcess(silent, [], number=1)
    until_ready(process)
    process.kill()
    until_ended(process)
    assert process.killed
    assert process.end() == "was ended by SIGKILL"


def test_a_hang_up_is_meant_for_its_supervisor(forked: bool) -> None:
    with started(hung_up_on, forked=forked) as process:
        until_ready(process)
        process.tell(Command.STOP, seconds=5.0)
        until_ended(process)
        assert process.exit_code == 0


def test_what_its_supervisor_does_at_a_signal_it_does_not(forked: bool) -> None:
    noted: list[signal.Signals] = []
    with on_signals([signal.SIGTERM], noted.append), started(silent, forked=forked) as process:
        until_ready(process)
        os.kill(process.pid, signal.SIGTERM)
        until_ended(process)
        assert process.exit_code == -signal.SIGTERM
    assert not noted


def test_the_path_of_a_socket_stays_with_who_has_opened_it(forked: bool, tmp_path: Path) -> None:
    [sock] = open_sockets([UnixBind(path=str(tmp_path / "socket"))])
    process = WorkerProcess(closes_all, [sock], number=1, forked=forked)
    until_ended(process)
    assert process.end() == "exited with code 0"
    assert os.listdir(tmp_path) == ["socket"]
    sock.close()
    assert not os.listdir(tmp_path)


def test_without_a_supervisor_it_ends_before_it_is_ready(forked: bool) -> None:
    process = WorkerProcess(never_ready, [], number=1, forked=forked)
    # As the kernel does when the supervisor is killed.
    process._pipe.close()
    until_ended(process)
    assert process.end() == "exited with code 1"


def test_a_second_command_can_only_bring_the_deadline_forward() -> None:
    with started(obedient) as process:
        until_ready(process)
        process.tell(Command.YIELD, seconds=None)
        assert process.deadline is None
        process.tell(Command.YIELD, seconds=5.0)
        first = process.deadline
        process.tell(Command.STOP, seconds=50.0)
        assert process.deadline == first
        assert process.told is Command.STOP
