"""Ranges, against a reference that looks at every byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo.ranges import Section, parse_ranges


def sections(*pairs: tuple[int, int]) -> tuple[Section, ...]:
    return tuple(Section(offset=offset, count=count) for offset, count in pairs)


@for_each(
    ("field", "expected"),
    [
        (b"bytes=0-0", sections((0, 1))),
        (b"bytes=0-9", sections((0, 10))),
        (b"bytes=3-", sections((3, 7))),
        (b"bytes=-3", sections((7, 3))),
        (b"bytes=-30", sections((0, 10))),
        (b"bytes=8-99999999999999999999999999", sections((8, 2))),
        (b"BYTES=1-2", sections((1, 2))),
        (b"bytes = 1-2", sections((1, 2))),
        (b"bytes=5-6, 0-1 ,,\t-1", sections((5, 2), (0, 2), (9, 1))),
        (b"bytes=007-0008", sections((7, 2))),
        (b"bytes=10-,0-0", sections((0, 1))),
        (b"bytes=10-", ()),
        (b"bytes=10-20", ()),
        (b"bytes=99999999999999999999999-", ()),
        (b"bytes=-0", ()),
        # Several that are the whole, or less.
        (b"bytes=0-4,5-9", sections((0, 5), (5, 5))),
        (b"bytes=0-5,5-9", None),
        (b"bytes=0-,0-,0-", None),
        (b"bytes=" + b",".join([b"0-0"] * 10), sections(*[(0, 1)] * 10)),
        (b"bytes=" + b",".join([b"0-0"] * 17), None),
    ],
)
def test_what_is_asked_for_of_ten_bytes(field: bytes, expected: tuple[Section, ...] | None) -> None:
    assert parse_ranges(field, 10) == expected


@for_each(
    "field",
    [
        *(b"", b"bytes", b"bytes=", b"bytes=,", b"bytes=-", b"bytes=a-b", b"bytes=1", b"bytes=5-0"),
        *(b"lines=0-1", b"bytes=0-1,x", b"bytes=1 -2", b"bytes=+1-2", b"bytes=--1", b"bytes=1-2-3"),
        *(b"bytes=0x1-2", b"bytes=0-1;", b"bytes=\xb2-", b"bytes=0-1,5-4"),
    ],
)
def test_what_makes_no_sense_is_ignored(field: bytes) -> None:
    assert parse_ranges(field, 10) is None


@pytest.mark.parametrize("field", [b"bytes=0-", b"bytes=-1", b"bytes=0-0"])
def test_of_nothing_there_is_no_part(field: bytes) -> None:
    assert parse_ranges(field, 0) == ()


def reference(specs: list[str], size: int) -> list[list[int]] | None:
    """The positions of the bytes that each asks for, where there are any."""
    asked: list[list[int]] = []
    for spec in specs:
        if found := re.fullmatch("([0-9]+)-([0-9]*)", spec):
            first, last = int(found[1]), int(found[2] or 10_000)
            if last < first:
                return None
            asked.append([at for at in range(size) if first <= at <= last])
        else:
            length = int(spec[1:])
            asked.append([at for at in range(size) if at >= size - length])
    return [positions for positions in asked if positions]


NUMBERS = st.integers(0, 60).map(str)
SPECS = st.one_of(
    st.tuples(NUMBERS, NUMBERS).map("-".join),
    NUMBERS.map(lambda number: number + "-"),
    NUMBERS.map(lambda number: "-" + number),
)


@given(specs=st.lists(SPECS, min_size=1, max_size=6), size=st.integers(0, 50))
def test_every_byte_that_is_asked_for_and_no_other(specs: list[str], size: int) -> None:
    found = parse_ranges(b"bytes=" + ",".join(specs).encode(), size)
    expected = reference(specs, size)
    if expected is None or (len(expected) > 1 and sum(map(len, expected)) > size):
        assert found is None
    else:
        assert found is not None
        positions = [list(range(part.offset, part.offset + part.count)) for part in found]
        assert positions == expected


@given(field=st.binary(max_size=30), size=st.integers(0, 100))
def test_whatever_comes_is_read_or_ignored(field: bytes, size: int) -> None:
    for told in (field, b"bytes=" + field):
        for part in parse_ranges(told, size) or ():
            assert 0 <= part.offset < part.offset + part.count <= size
