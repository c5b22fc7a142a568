"""What is a value of each type, and what is kept out of all of them."""

import uuid

import pytest

from tests.cases import for_each
from tremolo.converters import CONVERTERS, segment_text

UUID = "01234567-89ab-cdef-0123-456789ABCDEF"


@pytest.mark.parametrize(
    ("kind", "text", "parsed"),
    [
        ("str", "a b", "a b"),
        ("int", "0", 0),
        ("int", "007", 7),
        ("int", "9" * 18, 999_999_999_999_999_999),
        ("float", "1", 1.0),
        ("float", "1.50", 1.5),
        ("uuid", UUID, uuid.UUID(UUID)),
    ],
)
def test_what_is_of_a_type(kind: str, text: str, parsed: object) -> None:
    content = CONVERTERS[kind](text)
    assert content == parsed
    assert type(content) is type(parsed)


@for_each(
    ("kind", "text"),
    [
        *(
            ("int", text)
            for text in ("-1", "+1", "1.0", "1_0", " 1", "1\n", "\u0661", "9" * 19, "")
        ),
        *(("float", text) for text in ("nan", "inf", "1e5", ".5", "5.", "1.2.3", "-1.0", "")),
        *(("uuid", text) for text in (UUID.replace("-", ""), "{" + UUID + "}", UUID + "0", "")),
    ],
)
def test_what_is_not(kind: str, text: str) -> None:
    assert CONVERTERS[kind](text) is None


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        (b"a", "a"),
        (b"...", "..."),
        (b"caf\xc3\xa9", "caf\xe9"),
        (b"100%25", "100%"),
        (b"%252F", "%2F"),
        (b"a\\b", "a\\b"),
    ],
)
def test_the_text_of_a_segment(segment: bytes, text: str) -> None:
    assert segment_text(segment) == text


@pytest.mark.parametrize(
    "segment", [b"", b".", b"..", b"a\x00b", b"a%2Fb", b"%2F", b"\xff", b"\xed\xa0\x80"]
)
def test_a_segment_that_leads_elsewhere_has_none(segment: bytes) -> None:
    assert segment_text(segment) is None
