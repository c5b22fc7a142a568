"""Things are made when they are named, and once."""

import pytest

from tremolo.given import Given, given_by


def test_what_is_not_there_is_made_of_what_is_and_once() -> None:
    made: list[str] = []

    def length(given: Given) -> int:
        made.append("length")
        return len(given["word"])

    def twice(given: Given) -> int:
        return 2 * int(given["length"])

    given = given_by({"length": length, "twice": twice})(word="hello")
    assert (given["word"], made) == ("hello", [])
    assert given["twice"] == 10
    assert given["length"] == 5
    assert made == ["length"]
    given["twice"] = 3
    assert given["twice"] == 3


def test_what_nothing_makes() -> None:
    with pytest.raises(KeyError, match="other"):
        given_by({})()["other"]
