"""The locks of a file, in one process and in several."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tremolo.lock_file import LockFile, lock_file
from tremolo.locks import number_of

HOLDER = Path(__file__).with_name("lock_holder.py")


@contextmanager
def held_elsewhere(path: Path, name: str = "a") -> Iterator[subprocess.Popen[bytes]]:
    """Another process holds the lock called `name`."""
    with subprocess.Popen(
        [sys.executable, HOLDER, "hold", path, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


@pytest.fixture(params=[False, True], ids=["process", "file"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> LockFile:
    return LockFile(str(tmp_path / "locks") if request.param else None)


def test_a_lock_is_taken_once(locks: LockFile) -> None:
    assert locks.try_lock(5)
    assert not locks.try_lock(5)
    assert locks.try_lock(6)
    locks.unlock(5)
    assert locks.try_lock(5)
    assert not locks.try_lock(6)


def test_what_is_not_taken_cannot_be_freed(locks: LockFile) -> None:
    with pytest.raises(KeyError):
        locks.unlock(5)


def test_threads_do_not_both_take_it(locks: LockFile) -> None:
    taken: list[bool] = []
    begin = threading.Barrier(20)

    def take() -> None:
        begin.wait()
        taken.append(locks.try_lock(2**56 - 1))

    threads = [threading.Thread(target=take) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 19 + [True]


def test_a_file_has_the_same_locks_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "locks"
    first = lock_file(str(path))
    (tmp_path / "link").symlink_to(path)
    assert lock_file(str(tmp_path / "link")) is first
    assert lock_file(f"{tmp_path}/./locks") is first
    assert lock_file(str(tmp_path / "other")) is not first
    assert lock_file(None) is not first
    here = lock_file(None)
    assert lock_file(None) is here
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_nobody_uses_is_closed(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    for number in range(100):
        lock_file(str(tmp_path / f"{number}")).try_lock(1)
    gc.collect()
    if before:
        assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lock_file(str(tmp_path / "none" / "locks"))


def test_another_process_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "locks"
    with held_elsewhere(path):
        probe = [sys.executable, str(HOLDER), "hold", str(path), "b"]
        # Another name is free.
        done = subprocess.run(probe, input=b"", capture_output=True, check=True)
        assert done.stdout == b"held\n"
        assert not lock_file(str(path)).try_lock(number_of("a"))


def test_a_process_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "locks"
    locks = lock_file(str(path))
    with held_elsewhere(path) as process:
        assert not locks.try_lock(number_of("a"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert locks.try_lock(number_of("a"))


def test_processes_and_tasks_under_load_never_hold_it_together(tmp_path: Path) -> None:
    path, counter = tmp_path / "locks", tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, str(HOLDER), "count", str(path), str(counter), "40"]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert counter.read_text() == "360"
