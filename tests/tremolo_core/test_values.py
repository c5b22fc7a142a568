"""What every value can and cannot do, on one made for the purpose."""

import dataclasses
from typing import Any

import pytest

from tremolo_core import value
from tremolo_core._values import maker


@value
class Point:
    """Where something is."""

    x: int
    y: int = 0


@value
class Nothing:
    """Without a field."""


@value
class Hidden:
    """What a log must not have."""

    secret: str = dataclasses.field(repr=False)
    noise: int = dataclasses.field(default=0, repr=False, compare=False)


ANY_POINT: Any = Point
"""For what the type checker would not let through."""


def test_fields_are_given_by_name() -> None:
    assert (Point(x=1).x, Point(x=1).y) == (1, 0)
    with pytest.raises(TypeError, match="positional"):
        ANY_POINT(1)
    with pytest.raises(TypeError, match="positional"):
        ANY_POINT(1, y=2)


def test_a_field_without_a_default_is_needed() -> None:
    with pytest.raises(TypeError, match="'x'"):
        ANY_POINT(y=1)


def test_values_are_equal_by_their_fields() -> None:
    assert Point(x=1, y=2) == Point(x=1, y=2)
    assert Point(x=1, y=2) != Point(x=1, y=3)


def test_values_of_different_classes_are_different() -> None:
    assert Nothing() == Nothing()
    assert Nothing().__eq__(Hidden(secret="")) is NotImplemented
    assert Point(x=1).__eq__((1, 0)) is NotImplemented


def test_a_value_is_compared_and_hashed_by_what_counts_in_it() -> None:
    assert Hidden(secret="a") == Hidden(secret="a", noise=1)
    assert Hidden(secret="a") != Hidden(secret="b")
    assert len({Hidden(secret="a"), Hidden(secret="a", noise=1), Hidden(secret="b")}) == 2


def test_equal_values_hash_alike() -> None:
    assert len({Point(x=1), Point(x=1, y=0), Point(x=2)}) == 2


def test_a_value_shows_its_fields() -> None:
    assert repr(Point(x=1)) == "Point(x=1, y=0)"
    assert repr(Nothing()) == "Nothing()"


def test_a_value_does_not_show_what_is_not_for_everybody() -> None:
    assert repr(Hidden(secret="a")) == "Hidden()"


def test_a_value_has_no_room_for_anything_else() -> None:
    point: Any = Point(x=1)
    with pytest.raises(AttributeError, match="'z'"):
        point.z = 1
    assert not hasattr(point, "__dict__")


def test_another_value_is_made_by_replacing() -> None:
    assert dataclasses.replace(Point(x=1, y=2), x=3) == Point(x=3, y=2)


def test_a_values_docstring_is_its_own() -> None:
    assert Point.__doc__ == "Where something is."


def test_a_value_can_be_made_maker() -> None:
    make = maker(Point)
    assert make(1, 2) == Point(x=1, y=2)
    assert make(y=2, x=1) == Point(x=1, y=2)
    assert make(1) == Point(x=1)
    assert type(make(1)) is Point
    with pytest.raises(TypeError, match="'x'"):
        make()
    with pytest.raises(TypeError, match="2"):
        make(1, 2, 3)
