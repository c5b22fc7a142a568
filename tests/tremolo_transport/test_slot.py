"""One worker's place: who sits in it after what has happened."""

import errno
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection

import pytest

from tremolo_transport.listeners import ListeningSocket
from tremolo_transport.seat import Command
from tremolo_transport.slot import Slot
from tremolo_transport.worker_process import Target, WorkerProcess

from .worker_targets import dies_when_ready, fails, mute, never_ready, obedient, silent, spent

PATIENCE = 60.0


class Place:
    """A slot whose workers run one target after the other, the last one again and again.

    None stands for one that the system has no room for.
    """

    def __init__(self, *targets: Target | None, watched: bool = False) -> None:
        self.targets = list(targets)
        self.started: list[WorkerProcess] = []
        self.slot = Slot(self._start, [], 1, watched=watched)
        self.slot.open()

    def _start(self, sockets: Sequence[ListeningSocket], number: int) -> WorkerProcess:
        target = self.targets.pop(0) if len(self.targets) > 1 else self.targets[0]
        if target is None:
            raise BlockingIOError(errno.EAGAIN, "no room")
        self.started.append(WorkerProcess(target, sockets, number=number))
        return self.started[-1]

    def step(self, now: float | None = None, *, healthcheck: float | None = None) -> None:
        self.slot.step(
            time.monotonic() if now is None else now, healthcheck=healthcheck, seconds=30.0
        )

    def until(self, condition: Callable[[], bool], *, now: float | None = None) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            connection.wait([each for one in self.slot.processes for each in one.sources], 0.05)
            self.step(now)


@pytest.fixture
def places() -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def make(*targets: Target | None, watched: bool = False) -> Place:
        made.append(Place(*targets, watched=watched))
        return made[-1]

    yield make
    for place in made:
        place.slot.kill()
        for process in place.slot.processes:
            process.end()


Places = Callable[..., Place]


def test_a_successor_takes_over_when_it_is_ready_and_not_before(places: Places) -> None:
    place = places(obedient)
    slot = place.slot
    place.until(lambda: slot.ready)
    old = slot.worker
    assert old is not None
    slot.replace()
    slot.replace()
    assert (slot.worker, slot.ready, old.told) == (old, False, None)
    place.until(lambda: slot.ready)
    assert slot.worker is place.started[1]
    assert old.told is Command.YIELD
    assert len(place.started) == 2


def test_one_that_is_spent_is_replaced_and_told_to_yield(places: Places) -> None:
    place = places(spent, obedient)
    place.until(lambda: len(place.started) == 2 and place.slot.ready)
    assert place.started[0].told is Command.YIELD
    assert place.slot.exit_code == 11


def test_those_that_are_spent_at_once_are_replaced_with_back_off(places: Places) -> None:
    place = places(spent, spent, spent, obedient)
    slot = place.slot
    place.until(lambda: len(place.started) == 3)
    replaced_at = slot._stepped
    third = place.started[2]
    place.until(lambda: slot.worker is third and third.spent is not None, now=replaced_at)
    assert slot.next_step() == replaced_at + 0.5
    place.step(replaced_at + 0.4)
    assert len(place.started) == 3
    place.step(replaced_at + 0.6)
    assert len(place.started) == 4


def test_one_that_dies_is_replaced_with_back_off(
    places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    place = places(dies_when_ready, dies_when_ready, obedient)
    with caplog.at_level(logging.ERROR):
        place.until(lambda: place.slot.ready and len(place.started) == 3)
    lines = [text.partition(") ")[2] for text in caplog.messages]
    assert lines == [
        "exited with code 7: starting another",
        "exited with code 7: starting another in 0.5 s",
    ]


def test_one_that_never_was_ready_is_left_to_the_supervisor(places: Places) -> None:
    place = places(fails)
    place.until(lambda: place.slot.failed is not None)
    assert place.slot.failed == 3
    assert place.slot.worker is None
    assert place.slot.next_step() == math.inf


def test_in_development_it_waits_for_its_code_to_change(
    places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    place = places(fails, obedient, watched=True)
    place.until(lambda: place.slot.failed is not None)
    assert "waiting for its code to change" in caplog.text
    assert place.slot.next_step() == math.inf
    place.slot.restart(seconds=5.0)
    place.until(lambda: place.slot.ready)
    assert place.slot.failed is None


def test_a_successor_that_cannot_start_changes_nothing(places: Places) -> None:
    place = places(obedient, fails)
    slot = place.slot
    place.until(lambda: slot.ready)
    old = slot.worker
    slot.replace()
    place.until(lambda: slot.failed is not None)
    assert (slot.worker, slot.successor, slot.ready) == (old, None, True)


def test_a_successor_on_its_way_takes_the_place_of_one_that_dies(places: Places) -> None:
    place = places(obedient)
    slot = place.slot
    place.until(lambda: slot.ready)
    slot.replace()
    place.started[0].kill()
    place.until(lambda: slot.ready)
    assert slot.worker is place.started[1]
    assert len(place.started) == 2


def test_silence_is_forgiven_until_it_is_ready_and_then_only_for_a_while(
    places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    place = places(silent, obedient)
    slot, first = place.slot, place.started[0]
    place.step(time.monotonic() + 1_000, healthcheck=5.0)
    assert not first.killed
    place.until(lambda: first.ready is not None)
    for later in range(1, 5):
        place.step(first.last_sign + later, healthcheck=5.0)
    assert not first.killed
    place.step(first.last_sign + 6, healthcheck=5.0)
    place.until(lambda: len(place.started) == 2 and slot.ready)
    assert slot.worker is place.started[1]
    assert "gave no sign of life for" in caplog.text


def test_silence_counts_only_while_somebody_listens(places: Places) -> None:
    place = places(silent)
    first = place.started[0]
    place.until(lambda: first.ready is not None)
    # The terminal has stopped them all for an hour: the worker has had no chance.
    place.step(first.last_sign + 3_600, healthcheck=5.0)
    place.step(first.last_sign + 3_602, healthcheck=5.0)
    place.step(first.last_sign + 3_604, healthcheck=5.0)
    assert not first.killed
    place.step(first.last_sign + 3_606, healthcheck=5.0)
    assert first.killed


def test_one_that_closes_its_pipe_wakes_nobody_any_more(places: Places) -> None:
    place = places(mute)
    [process] = place.started
    place.until(lambda: process.ready is not None and len(process.sources) == 1)
    assert not connection.wait(process.sources, 0)
    assert process.alive


def test_one_that_the_system_has_no_room_for_is_tried_again(
    places: Places, caplog: pytest.LogCaptureFixture
) -> None:
    place = places(dies_when_ready, None, None, obedient)
    place.until(lambda: place.slot.failed is not None)
    assert "worker 1 cannot be started: [Errno 11] no room" in caplog.text
    # After 0.5 s, and then 1 s.
    place.until(lambda: place.slot.ready)
    assert len(place.started) == 2


def test_a_successor_that_cannot_start_is_tried_again_with_back_off(places: Places) -> None:
    place = places(spent, None, fails, obedient)
    slot, first = place.slot, place.started[0]
    place.until(lambda: len(place.started) == 2 and slot.failed is not None)
    assert (slot.worker, slot.ready, first.told) == (first, True, None)
    # No room was the first failure in the series, which has no wait.
    failed_at = slot._stepped
    assert slot.next_step() == failed_at + 0.5
    place.step(failed_at)
    assert len(place.started) == 2
    place.until(lambda: slot.ready and slot.worker is not first)
    assert slot.worker is place.started[2]


def test_one_on_its_way_that_has_read_older_code_is_left_out(places: Places) -> None:
    place = places(obedient, never_ready, obedient)
    slot = place.slot
    place.until(lambda: slot.ready)
    slot.replace()
    slot.renew(seconds=30.0)
    assert place.started[1].killed
    place.until(lambda: slot.ready)
    assert slot.worker is place.started[2]
    assert place.started[0].told is Command.YIELD


def test_one_on_its_way_is_overtaken_if_it_is_late_and_a_newer_was_asked_for(
    places: Places,
) -> None:
    place = places(obedient, never_ready, obedient)
    slot = place.slot
    place.until(lambda: slot.ready)
    slot.replace()
    begun = place.started[1].started
    slot.overtake(begun + 60, asked=begun - 1, seconds=30.0)
    slot.overtake(begun + 9, asked=begun + 1, seconds=30.0)
    assert len(place.started) == 2
    slot.overtake(begun + 11, asked=begun + 1, seconds=30.0)
    assert place.started[1].killed
    place.until(lambda: slot.ready)
    assert slot.worker is place.started[2]


def test_one_that_does_not_end_in_time_is_killed(places: Places) -> None:
    place = places(silent)
    slot = place.slot
    place.until(lambda: slot.ready)
    slot.close(Command.STOP, seconds=5.0)
    assert time.monotonic() < slot.next_step() <= time.monotonic() + 5.0
    place.step(time.monotonic() + 4.0)
    assert not place.started[0].killed
    place.step(time.monotonic() + 6.0)
    place.until(lambda: not list(slot.processes))
    assert slot.exit_code == 1


def test_how_an_earlier_one_has_ended_does_not_count_at_the_stop(places: Places) -> None:
    place = places(spent, obedient)
    slot = place.slot
    place.until(lambda: len(place.started) == 2 and slot.ready)
    assert slot.exit_code == 11
    slot.close(Command.STOP, seconds=30.0)
    place.until(lambda: not list(slot.processes))
    assert slot.exit_code == 0


def test_one_that_is_not_ready_is_not_waited_for(places: Places) -> None:
    place = places(never_ready)
    place.slot.close(Command.STOP, seconds=None)
    place.until(lambda: not list(place.slot.processes))
    assert place.slot.exit_code == 0


def test_what_it_has_said_is_heard_before_it_is_judged(places: Places) -> None:
    place = places(obedient)
    # It is ready, and nobody has listened yet: requests may be on it.
    assert connection.wait(place.started[0].sources, PATIENCE)
    place.slot.close(Command.STOP, seconds=30.0)
    assert not place.started[0].killed
    place.until(lambda: not list(place.slot.processes))
    assert place.slot.exit_code == 0
