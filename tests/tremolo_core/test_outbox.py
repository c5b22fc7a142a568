"""What waits to be written comes out in order, in pieces of any size, and is not copied before."""

import tracemalloc
from collections.abc import Iterator

import pytest

from tests.cases import for_each
from tremolo_core.outbox import Outbox


def holding(*parts: bytes) -> Outbox:
    outbox = Outbox()
    outbox += parts
    return outbox


def pieces_of(outbox: Outbox, most: int) -> Iterator[bytes]:
    while outbox:
        yield outbox.take(most)


def test_all_parts_come_as_one() -> None:
    outbox = holding(b"head", b"body")
    assert outbox.take(None) == b"headbody"
    assert not outbox
    assert outbox.take(None) == b""


def test_what_is_no_more_than_allowed_comes_as_one() -> None:
    assert list(pieces_of(holding(b"head", b"body"), 8)) == [b"headbody"]


def test_a_part_by_itself_is_handed_over_as_it_is() -> None:
    part = bytes(100)
    assert holding(part).take(100) is part


@for_each("most", range(1, 22))
def test_every_piece_but_the_last_is_as_large_as_allowed(most: int) -> None:
    whole = b"abcdefghij" + b"klmnopq" + b"" + b"rst"
    cut = [whole[start : start + most] for start in range(0, len(whole), most)]
    assert list(pieces_of(holding(b"abcdefghij", b"klmnopq", b"", b"rst"), most)) == cut


def test_what_comes_later_is_behind_what_is_left() -> None:
    outbox = holding(b"abcdef")
    assert outbox.take(4) == b"abcd"
    outbox.append(b"gh")
    assert outbox.take(1) == b"e"
    assert outbox.take(None) == b"fgh"
    assert not outbox


def test_what_is_dropped_leaves_nothing_behind() -> None:
    outbox = holding(b"abcdef")
    outbox.take(4)
    outbox.clear()
    outbox.append(b"gh")
    assert outbox.take(None) == b"gh"


def test_of_a_large_part_only_what_is_taken_is_copied() -> None:
    outbox = holding(b"head", bytes(10_000_000))
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in pieces_of(outbox, 65_536)) == 10_000_004
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1_000_000


def test_many_small_parts_are_each_looked_at_about_once() -> None:
    class Counted(bytes):
        looks = 0

        def __len__(self) -> int:
            Counted.looks += 1
            return super().__len__()

    outbox = holding(*[Counted(b"abcdefgh") for _ in range(4_000)])
    assert b"".join(pieces_of(outbox, 80)) == b"abcdefgh" * 4_000
    assert Counted.looks < 3 * 4_000


@pytest.mark.parametrize("most_uncopied", [10, 15, 20, 30, 100])
def test_what_is_large_is_handed_over_uncopied_and_what_is_small_joined(most_uncopied: int) -> None:
    large = b"abcdefghijklmnopqrstuvwxyz0123"
    outbox = holding(b"one", b"", b"two", large, b"three", b"four")
    pieces = []
    while piece := outbox.take_some(8, most_uncopied):
        pieces.append(piece)
        if isinstance(piece, memoryview):
            assert piece.obj is large
            assert len(piece) <= most_uncopied
        else:
            assert len(piece) <= 8
    assert b"".join(pieces) == b"onetwo" + large + b"threefour"
    assert pieces[0] == b"onetwo"
    assert isinstance(pieces[1], memoryview)
    assert len(pieces[1]) == min(most_uncopied, len(large))


def test_a_part_is_large_if_it_is_larger_than_what_is_copied() -> None:
    part = bytes(8)
    assert holding(part).take_some(8, 100) is part
    assert isinstance(holding(part).take_some(7, 100), memoryview)


@pytest.mark.parametrize("most_uncopied", [8, 9])
def test_a_large_part_that_was_handed_over_whole_is_gone(most_uncopied: int) -> None:
    outbox = holding(bytes(8))
    assert outbox.take_some(4, most_uncopied) == bytes(8)
    assert not outbox


def test_what_is_taken_in_either_way_is_taken() -> None:
    outbox = holding(b"0123456789", b"abc")
    assert outbox.take(4) == b"0123"
    assert outbox.take_some(4, 4) == b"4567"
    # What is left of it is no longer large.
    assert outbox.take_some(4, 4) == b"89"
    assert outbox.take(1) == b"a"
    assert outbox.take_some(4, 4) == b"bc"
    assert not outbox
    assert outbox.take_some(4, 4) == b""
