"""No request is lost while workers come and go, with a crowd of clients at work meanwhile.

At a small size; `nox -s soak` has the full one.
"""

import os
import signal

import pytest

from .load import crowd
from .running import running

FULL = bool(os.environ.get("TREMOLO_SOAK"))
ROLLS = 50 if FULL else 2
CLIENTS = 16 if FULL else 4
LOOPS = pytest.mark.parametrize("loop", ["asyncio", "trio"])


@LOOPS
def test_a_stop_answers_every_request_on_an_accepted_connection(loop: str) -> None:
    with running(f"--loop={loop}", "--no-access-log") as program:
        with crowd(program.port, CLIENTS) as seen:
            seen.until_answered(20 * CLIENTS)
            program.signal()
            seen.until_refused()
        assert not seen.failed, (seen.failed, seen.unaccepted, program.log)
        assert program.wait() == 0


@LOOPS
def test_rolls_lose_nothing(loop: str) -> None:
    with running(f"--loop={loop}", "--workers=2", "--no-access-log") as program:
        with crowd(program.port, CLIENTS) as seen:
            for number in range(1, ROLLS + 1):
                seen.until_answered(CLIENTS)
                program.signal(signal.SIGHUP)
                program.wait_for("the workers are replaced", times=number)
        assert not seen.failed, (seen.failed, program.log)
        assert not seen.unaccepted, (seen.unaccepted, program.log)
        assert program.stop() == 0


@LOOPS
def test_recycling_loses_nothing(loop: str) -> None:
    limits = ("--limit-max-requests=100", "--limit-max-requests-jitter=50")
    with running(f"--loop={loop}", "--workers=2", "--no-access-log", *limits) as program:
        with crowd(program.port, CLIENTS) as seen:
            program.wait_for("is replaced: it has served", times=20 if FULL else 2)
            seen.until_answered(CLIENTS)
        assert not seen.failed, (seen.failed, program.log)
        assert not seen.unaccepted, (seen.unaccepted, program.log)
        assert program.stop() == 0


@LOOPS
def test_one_that_is_killed_loses_only_what_was_on_it(loop: str) -> None:
    with running(f"--loop={loop}", "--no-access-log") as program:
        with crowd(program.port, CLIENTS) as seen:
            seen.until_answered(5 * CLIENTS)
            os.kill(int(next(iter(seen.workers))), signal.SIGKILL)
            program.wait_for("was ended by SIGKILL: starting another")
            seen.until_answered(5 * CLIENTS)
        # One connection of each client was on it at most, and whoever connects waits.
        assert sum(seen.failed.values()) + sum(seen.unaccepted.values()) <= CLIENTS
        assert "ConnectionRefusedError" not in seen.unaccepted
        assert program.stop() == 0


@LOOPS
def test_connections_are_spread_over_the_workers(loop: str) -> None:
    with running(f"--loop={loop}", "--workers=2", "--no-access-log") as program:
        workers = [program.get("/") for _ in range(200)]
        assert len(set(workers)) == 2
        # Six standard deviations of a fair coin.
        assert min(map(workers.count, set(workers))) >= 100 - 6 * 7.1
        assert program.stop() == 0
