"""What is held to the end of a loop's turn is written then, in the order in which it was added."""

import asyncio
import math

from tremolo_transport.turn_end import TurnEnd, turn_end_of


class Holder:
    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def write_held(self) -> None:
        self.seen.append(self.name)


def unhurried() -> TurnEnd:
    """That of the running loop, of which no turn is long."""
    turn_end = turn_end_of(asyncio.get_running_loop())
    turn_end.longest = math.inf
    return turn_end


def test_all_write_at_the_end_of_the_turn_and_none_before() -> None:
    async def main() -> None:
        loop, turn_end = asyncio.get_running_loop(), unhurried()
        seen: list[str] = []
        for _ in range(2):
            seen.clear()
            for name in "abc":
                turn_end.add(Holder(name, seen), loop)
            assert not seen
            await asyncio.sleep(0)
            assert seen == ["a", "b", "c"]

    asyncio.run(main())


def test_whoever_is_added_meanwhile_writes_at_the_end_of_the_next_turn() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        seen: list[str] = []

        class Adder(Holder):
            def write_held(self) -> None:
                super().write_held()
                turn_end_of(loop).add(Holder("later", seen), loop)

        turn_end_of(loop).add(Adder("first", seen), loop)
        await asyncio.sleep(0)
        assert seen == ["first"]
        await asyncio.sleep(0)
        assert seen == ["first", "later"]

    asyncio.run(main())


def test_what_one_loop_left_undone_does_not_keep_the_next_from_writing() -> None:
    seen: list[str] = []

    async def leave() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(60, lambda: None)
        turn_end_of(loop).add(Holder("left", seen), loop)

    async def write() -> None:
        loop = asyncio.get_running_loop()
        turn_end_of(loop).add(Holder("written", seen), loop)
        await asyncio.sleep(0)

    asyncio.run(leave())
    asyncio.run(write())
    assert seen[-1] == "written"


def test_whoever_serves_many_at_once_has_all_written_behind_the_last() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        turn_end = unhurried()
        seen: list[str] = []
        turn_end.begin(alone=False)
        turn_end.add(Holder("a", seen), loop)
        turn_end.add(Holder("b", seen), loop)
        await asyncio.sleep(0)
        assert not seen, "the loop is not asked"
        turn_end.write()
        assert seen == ["a", "b"]
        turn_end.add(Holder("c", seen), loop)
        assert seen == ["a", "b"]
        await asyncio.sleep(0)
        assert seen == ["a", "b", "c"]

    asyncio.run(main())


def test_in_a_turn_that_is_long_each_writes_at_once() -> None:
    async def main() -> None:
        loop, turn_end = asyncio.get_running_loop(), unhurried()
        seen: list[str] = []
        turn_end.begin(alone=False)
        turn_end.add(Holder("a", seen), loop)
        assert not seen
        turn_end.write()
        turn_end.longest = 0.0
        turn_end.begin(alone=False)
        for name in "bc":
            turn_end.add(Holder(name, seen), loop)
            assert seen[-1] == name
        turn_end.write()
        assert seen == ["a", "b", "c"], "and not again"
        # Of those whom the loop calls by itself, the first cannot be known to be late.
        for name in "def":
            turn_end.add(Holder(name, seen), loop)
        assert seen == ["a", "b", "c", "d", "e", "f"]
        turn_end.begin(alone=True)
        turn_end.add(Holder("g", seen), loop)
        assert "g" not in seen, "nobody else waits"
        turn_end.write()
        assert seen[-1] == "g"

    asyncio.run(main())
