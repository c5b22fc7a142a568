"""No request is lost while workers come and go, with a crowd of clients at work meanwhile.

At a small size; `nox -s soak` has the full one. One program for each event
loop goes through all that recycling by requests does not disturb, as a program
takes long to start: spread, rolled, recycled, killed, stopped, in this order.
"""

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from .load import Crowd, crowd
from .running import Program, is_running, running, until

FULL = bool(os.environ.get("TREMOLO_SOAK"))
ROLLS = 50 if FULL else 1
RECYCLED = 20 if FULL else 2
CLIENTS = 16 if FULL else 3
PAUSE = 0.02 if FULL else 0.005
"""Without one the clients would have the processor, and workers take ages to start."""

LOOPS = ["asyncio", "trio", "uvloop"] if FULL else ["asyncio", "trio"]

HOARD = 150_000_000
"""Bytes with which a worker has too much memory."""


@pytest.fixture(scope="module", params=LOOPS)
def program(request: pytest.FixtureRequest) -> Iterator[Program]:
    limit = "--limit-memory=150000"
    with running(f"--loop={request.param}", "--workers=2", "--no-access-log", limit) as program:
        yield program


@pytest.fixture
def tell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[list[str]]:
    """What the full size is to say when it is over."""
    lines: list[str] = []
    yield lines
    if FULL:
        with capsys.disabled():
            sys.stdout.write(f"\n{request.node.name}: {'; '.join(lines)}\n")


def nothing_is_lost(seen: Crowd, program: Program, tell: list[str]) -> None:
    tell.append(str(seen))
    assert not seen.lost, f"{seen}\n{program.log}"


def until_gone(pid: int) -> None:
    until(lambda: not is_running(pid))


def test_connections_are_spread_over_the_workers(program: Program, tell: list[str]) -> None:
    workers = [program.get("/") for _ in range(200)]
    counts = {pid: workers.count(pid) for pid in set(workers)}
    tell.append(f"200 clients: {sorted(counts.values())}")
    assert len(counts) == 2
    # Six standard deviations of a fair coin.
    assert min(counts.values()) >= 100 - 6 * 7.1


def test_rolls_lose_nothing(program: Program, tell: list[str]) -> None:
    with crowd(program.port, CLIENTS, pause=PAUSE) as seen:
        for number in range(1, ROLLS + 1):
            seen.until_answered(CLIENTS)
            program.signal(signal.SIGHUP)
            program.wait_for("the workers are replaced", times=number)
    tell.append(f"{ROLLS} rolls")
    nothing_is_lost(seen, program, tell)


def test_recycling_by_memory_loses_nothing(program: Program, tell: list[str]) -> None:
    with crowd(program.port, CLIENTS, pause=PAUSE) as seen:
        for number in range(1, RECYCLED + 1):
            spent = int(program.get(f"/hoard/{HOARD}"))
            program.wait_for("is replaced: it has .* KiB", times=number)
            until_gone(spent)
            seen.until_answered(CLIENTS)
    tell.append(f"{RECYCLED} recycled")
    nothing_is_lost(seen, program, tell)


def test_one_that_is_killed_loses_only_what_was_on_it(program: Program, tell: list[str]) -> None:
    with crowd(program.port, CLIENTS, pause=PAUSE) as seen:
        seen.until_answered(5 * CLIENTS)
        os.kill(int(next(iter(seen.workers))), signal.SIGKILL)
        program.wait_for("was ended by SIGKILL: starting another")
        seen.until_answered(5 * CLIENTS)
    tell.append(str(seen))
    # One connection of each client was on it at most, and whoever connects waits.
    assert seen.lost <= CLIENTS, seen
    assert not seen.refused, seen


def test_a_stop_answers_every_request_on_an_accepted_connection(
    program: Program, tell: list[str]
) -> None:
    with crowd(program.port, CLIENTS, pause=PAUSE) as seen:
        seen.until_answered(20 * CLIENTS)
        program.signal()
        seen.until_refused()
    tell.append(str(seen))
    assert not seen.failed, f"{seen}\n{program.log}"
    assert program.wait() == 0, program.log


@pytest.mark.parametrize("loop", LOOPS)
def test_recycling_by_requests_loses_nothing(loop: str, tell: list[str]) -> None:
    limits = ("--limit-max-requests=100", "--limit-max-requests-jitter=50")
    with running(f"--loop={loop}", "--workers=2", "--no-access-log", *limits) as program:
        with crowd(program.port, CLIENTS, pause=PAUSE) as seen:
            for number in range(1, RECYCLED + 1):
                program.wait_for("is replaced: it has served", times=number)
            seen.until_answered(CLIENTS)
        tell.append(f"{RECYCLED} recycled")
        nothing_is_lost(seen, program, tell)
        assert program.stop() == 0, program.log
