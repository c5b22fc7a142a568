"""What trio's turns begin and end with, and that no error there goes unheard."""

import math
from collections.abc import Callable

import pytest
import trio
from trio.lowlevel import checkpoint

from tremolo_transport.trio_turn import TrioTurn


class Holder:
    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def write_held(self) -> None:
        self.seen.append(self.name)


def turn_with(tell: Callable[[], int]) -> TrioTurn:
    turn = TrioTurn(tell)
    turn.longest = math.inf
    turn.begin()
    return turn


def test_all_write_at_the_end_of_the_turn_and_none_before() -> None:
    async def main() -> None:
        turn = turn_with(lambda: 2)
        await checkpoint()
        seen: list[str] = []
        for _ in range(2):
            seen.clear()
            assert turn.holding
            for name in "abc":
                turn.hold(Holder(name, seen))
            assert not seen
            await checkpoint()
            assert seen == ["a", "b", "c"]

    trio.run(main)


@pytest.mark.parametrize(("told", "holding"), [(0, True), (1, False), (2, True)])
def test_only_where_one_has_come_alone_is_there_nothing_to_hold_for(
    told: int, holding: bool
) -> None:
    async def main() -> None:
        turn = turn_with(lambda: told)
        await checkpoint()
        assert turn.holding is holding

    trio.run(main)


def test_nothing_is_held_between_two_turns() -> None:
    found: list[bool] = []

    class Between(trio.abc.Instrument):
        turn: TrioTurn

        def before_io_wait(self, timeout: float) -> None:
            found.append(self.turn.holding)

    async def main() -> None:
        between = Between()
        between.turn = turn_with(lambda: 2)
        trio.lowlevel.add_instrument(between)
        await checkpoint()

    trio.run(main)
    assert set(found) == {False}


def test_in_a_turn_that_is_long_each_writes_at_once() -> None:
    async def main() -> None:
        turn = turn_with(lambda: 2)
        turn.longest = 0.0
        await checkpoint()
        seen: list[str] = []
        for name in "ab":
            turn.hold(Holder(name, seen))
            assert seen[-1] == name
        await checkpoint()
        assert seen == ["a", "b"], "and not again"

    trio.run(main)


def test_all_write_before_it_ends() -> None:
    async def main() -> None:
        turn = turn_with(lambda: 2)
        await checkpoint()
        seen: list[str] = []
        turn.hold(Holder("a", seen))
        turn.end()
        assert seen == ["a"]
        assert not turn.holding

    trio.run(main)


def fail() -> int:
    raise LookupError("planted")


class Failing:
    def write_held(self) -> None:
        fail()


@pytest.mark.parametrize("where", ["begins", "ends"])
def test_an_error_ends_the_run_and_is_not_only_logged(where: str) -> None:
    async def main() -> None:
        turn = turn_with(fail if where == "begins" else lambda: 2)
        turn.hold(Failing())
        await trio.sleep_forever()

    with pytest.raises(trio.TrioInternalError) as caught:
        trio.run(main)
    assert isinstance(caught.value.__cause__, BaseExceptionGroup)
    assert caught.value.__cause__.subgroup(LookupError) is not None
