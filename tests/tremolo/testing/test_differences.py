import pytest

from tremolo.testing import Answer
from tremolo.testing.differences import difference
from tremolo_core import Headers, InformationalResponse

FIELDS = [(b"a", b"1"), (b"date", b"then"), (b"b", b"2")]
ANSWER = Answer(status=200, headers=Headers(FIELDS), body=b"hello")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (5, 5),
        (ANSWER, Answer(status=200, headers=Headers([(b"a", b"1"), (b"b", b"2")]), body=b"hello")),
        (b"HTTP/1.1 200 OK\r\nDate: now\r\n", b"HTTP/1.1 200 OK\r\nDate: then\r\n"),
        ((1, ANSWER), [1, ANSWER]),
    ],
)
def test_there_is_none(given: object, expected: object) -> None:
    assert difference(given, expected) is None


def answer(
    status: int = 200,
    fields: list[tuple[bytes, bytes]] = FIELDS,
    body: bytes = b"hello",
    *,
    trailers: Headers = Headers(),
    interim: tuple[InformationalResponse, ...] = (),
) -> Answer:
    return Answer(
        status=status, headers=Headers(fields), body=body, trailers=trailers, interim=interim
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (answer(500), "the status 500 in place of 200"),
        (answer(body=b"hell"), "the body b'hell' in place of b'hello'"),
        (
            answer(fields=[(b"a", b"1"), (b"b", b"3"), (b"c", b"4")]),
            "the fields [(b'b', b'3'), (b'c', b'4')] in place of [(b'b', b'2')]",
        ),
        (
            answer(fields=FIELDS[::-1]),
            "the fields [(b'b', b'2'), (b'a', b'1')] in place of [(b'a', b'1'), (b'b', b'2')]",
        ),
        (
            answer(204, body=b""),
            "the status 204 in place of 200 and the body b'' in place of b'hello'",
        ),
        (
            answer(trailers=Headers([(b"t", b"1")])),
            "the trailers [(b't', b'1')] in place of []",
        ),
    ],
)
def test_of_an_answer_that_is_told_which_differs(given: Answer, told: str) -> None:
    assert difference(given, ANSWER) == told


def test_interim_answers_count_too() -> None:
    hints = InformationalResponse(status=103, headers=Headers())
    told = difference(answer(interim=(hints,)), ANSWER)
    assert told is not None
    assert told.startswith("the interim answers [InformationalResponse(status=103,")


def test_of_several_results_too() -> None:
    given, expected = (1, ANSWER, 3), (1, answer(404), 4)
    told = "as number 2 the status 200 in place of 404, as number 3 3 in place of 4"
    assert difference(given, expected) == told
    assert difference([1], [1, 2]) == "[1] in place of [1, 2]"


def test_other_results_are_told_whole() -> None:
    assert difference("a", 5) == "'a' in place of 5"


def test_nobody_has_to_read_megabytes() -> None:
    told = difference(bytes(4_000_000), b"x" * 100_000)
    assert told is not None
    assert len(told) < 600
    assert told.startswith("b'\\x00\\x00")
    assert "..., 4000000 in all in place of b'xxx" in told
    assert told.endswith("xxx..., 100000 in all")
    assert difference(list(range(1_000)), None) is not None
    assert len(difference(list(range(1_000)), None) or "") < 300


def test_what_is_shown_is_where_they_differ() -> None:
    one, other = (b"a" * 150 + bytes([letter]) + b"b" * 150 for letter in b"xy")
    told = difference(one, other)
    assert told is not None
    assert told.startswith("behind 130 that are the same, b'aaaaaaaaaaaaaaaaaaaaxbbb")
    assert " in place of b'aaaaaaaaaaaaaaaaaaaaybbb" in told
    assert difference("a" * 150, "a" * 151) == (
        f"behind 130 that are the same, {'a' * 20!r} in place of {'a' * 21!r}"
    )


def test_what_is_as_long_as_is_shown_is_shown_whole() -> None:
    assert difference("x" * 198, None) == f"{'x' * 198!r} in place of None"
    told = f"'{'x' * 199}..., 199 in all in place of None"
    assert difference("x" * 199, None) == told
