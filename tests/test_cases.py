"""A test of many cases tries each of them, and says which have failed."""

import pytest

from .cases import for_each


def test_each_case_is_tried() -> None:
    tried: list[tuple[int, str]] = []

    @for_each(("number", "letter"), [(1, "a"), (2, "b")])
    def test(number: int, letter: str) -> None:
        tried.append((number, letter))

    test()
    assert tried == [(1, "a"), (2, "b")]


def test_those_that_fail_are_told() -> None:
    @for_each("number", [1, 2, 3], ids=["one", "two", "three"])
    def test(number: int) -> None:
        assert number == 0
        pytest.fail("never reached")

    with pytest.raises(ExceptionGroup) as failed:
        test()
    notes = [error.__notes__[0] for error in failed.value.exceptions]
    assert notes == ["in the case one", "in the case two", "in the case three"]


def test_a_failure_that_is_declared_counts() -> None:
    @for_each("number", [1])
    def test(number: int) -> None:
        pytest.fail(f"{number}")

    with pytest.raises(BaseExceptionGroup, match="1 of 1 cases") as failed:
        test()
    assert failed.value.exceptions[0].__notes__ == ["in the case 1"]


def test_two_lists_are_tried_each_with_each() -> None:
    tried: list[str] = []

    @for_each("letter", "ab")
    @for_each("number", [1, 2])
    def test(letter: str, number: int) -> None:
        tried.append(f"{letter}{number}")

    test()
    assert tried == ["a1", "a2", "b1", "b2"]


def test_what_is_told_of_no_case_is_passed_on(tmp_path: object) -> None:
    @for_each("number", [1])
    def test(number: int, other: object) -> None:
        assert (number, other) == (1, tmp_path)

    test(other=tmp_path)


@for_each("number", [1, 2])
def test_pytest_knows_what_is_left(number: int, tmp_path: object) -> None:
    assert tmp_path is not None


@pytest.mark.anyio
async def test_a_test_may_be_asynchronous() -> None:
    tried: list[int] = []

    @for_each("number", [1, 2, 3], ids=["one", "two", "three"])
    async def test(number: int) -> None:
        tried.append(number)
        assert number == 2

    with pytest.raises(ExceptionGroup, match="2 of 3 cases") as failed:
        await test()
    assert tried == [1, 2, 3]
    notes = [error.__notes__[0] for error in failed.value.exceptions]
    assert notes == ["in the case one", "in the case three"]


def test_there_must_be_a_case() -> None:
    with pytest.raises(AssertionError):
        for_each("number", [])
