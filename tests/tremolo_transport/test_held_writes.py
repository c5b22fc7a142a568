"""What is held is written once, in the order in which it was held, and at once in a long turn."""

import math

from tremolo_transport.held_writes import LONGEST_HOLD, HeldWrites


class Holder:
    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def write_held(self) -> None:
        self.seen.append(self.name)


def test_all_write_once_and_in_order() -> None:
    held, seen = HeldWrites(), list[str]()
    for name in "ab":
        held.hold(Holder(name, seen))
    assert seen == [], "nobody has said when this turn began"
    held.write_held()
    held.write_held()
    assert seen == ["a", "b"]


def test_where_a_turn_is_long_nobody_waits() -> None:
    held, seen = HeldWrites(), list[str]()
    assert held.longest == LONGEST_HOLD == 0.001
    held.longest = math.inf
    held.begin_long()
    held.hold(Holder("a", seen))
    assert seen == []
    held.longest = 0.0
    held.begin_long()
    held.hold(Holder("b", seen))
    assert seen == ["a", "b"]
