"""Workers of one server share locks, and none is lost with the process that held it."""

import os
import signal
import threading
from pathlib import Path

import pytest

from .running import Program, running, until

LOCKING = str(Path(__file__).with_name("locking.py"))


def test_a_lock_of_a_worker_that_is_killed_is_free_again() -> None:
    with running("--worker-num=2", application=LOCKING) as program:
        with program.connected() as holding, program.connected() as waiting:
            holding.request("GET", "/hold")
            holder = int(holding.getresponse().readline())
            waiting.request("GET", "/wait")
            assert {program.get("/try") for _ in range(10)} == {b"taken"}
            os.kill(holder, signal.SIGKILL)
            # Whichever worker is asked next; what waited in the one that was killed is gone.
            until(lambda: _says_free(program))
        # Else it is told to stop before anybody has seen that it was killed, and so fails to.
        program.wait_for("was ended by SIGKILL: starting another")
        assert program.stop() == 0


def _says_free(program: Program) -> bool:
    try:
        return program.get("/try") == b"free"
    except OSError:
        # Its connection was in the queue of the one that was killed, and not yet accepted.
        return False


def test_two_workers_never_hold_a_lock_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0", encoding="ascii")
    monkeypatch.setenv("COUNTER", str(counter))

    with running("--worker-num=2", application=LOCKING) as program:

        def count() -> None:
            for _ in range(10):
                with program.connected() as connection:
                    connection.request("GET", "/count")
                    assert connection.getresponse().status == 204

        clients = [threading.Thread(target=count) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert program.stop() == 0
    assert counter.read_text(encoding="ascii") == "80"
