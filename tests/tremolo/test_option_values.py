"""What each kind of option takes, as text and as it is, and what it refuses."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.cases import for_each
from tremolo.option_values import (
    read_count,
    read_count_or_none,
    read_duration,
    read_flag,
    read_log_format,
    read_one_of,
    read_port,
    read_root_path,
    read_seconds,
    read_server_name,
    read_size,
    read_size_or_none,
    read_text,
    read_texts,
    read_truth,
    read_whole,
    read_workers,
)

read_fruit = read_one_of("Apple", "PEAR")

TAKEN: list[tuple[Callable[[object], object], Any, object]] = [
    (read_text, "", ""),
    (read_text, "a b", "a b"),
    (read_fruit, "Apple", "Apple"),
    (read_fruit, "apple", "Apple"),
    (read_fruit, "pear", "PEAR"),
    (read_flag, True, True),
    (read_flag, False, False),
    (read_texts, "a", ("a",)),
    (read_texts, ["a", "b"], ("a", "b")),
    (read_log_format, "json", "json"),
    (read_log_format, "%(message)s", "%(message)s"),
    (read_port, "0", 0),
    (read_port, 0, 0),
    (read_port, "65535", 65_535),
    (read_port, 8_000, 8_000),
    (read_seconds, "0", 0.0),
    (read_seconds, "2.5", 2.5),
    (read_seconds, ".25", 0.25),
    (read_seconds, "30.", 30.0),
    (read_seconds, 2.5, 2.5),
    (read_seconds, 30, 30.0),
    (read_seconds, "none", None),
    (read_seconds, "None", None),
    (read_seconds, None, None),
    (read_size, "1", 1),
    (read_size, 65_536, 65_536),
    (read_size_or_none, "0", 0),
    (read_size_or_none, 2**40, 2**40),
    (read_size_or_none, "none", None),
    (read_size_or_none, None, None),
    (read_duration, "0", 0.0),
    (read_duration, "2.5", 2.5),
    (read_duration, 5, 5.0),
    (read_count_or_none, "0", None),
    (read_count_or_none, 0, None),
    (read_count_or_none, "none", None),
    (read_count_or_none, None, None),
    (read_count_or_none, "7", 7),
    (read_whole, "0", 0),
    (read_whole, 7, 7),
    (read_workers, "0", 0),
    (read_workers, 4, 4),
    (read_count, "1", 1),
    (read_count, 5, 5),
    (read_root_path, "", ""),
    (read_root_path, "/api", "/api"),
    (read_root_path, "/api/v1", "/api/v1"),
    (read_server_name, "", b""),
    (read_server_name, "a", b"a"),
    (read_server_name, "Tremolo/1 (x)", b"Tremolo/1 (x)"),
    (read_server_name, b"bytes", b"bytes"),
]

REFUSED: list[tuple[Callable[[object], object], Any, str]] = [
    (read_text, 5, "text"),
    (read_fruit, "plum", "one of Apple, PEAR"),
    (read_fruit, None, "one of Apple, PEAR"),
    (read_flag, "True", "True or False"),
    (read_flag, 1, "True or False"),
    (read_texts, 5, "text"),
    (read_texts, [5], "text"),
    (read_log_format, "xml", "`json`, or a format of Python's logging"),
    (read_log_format, "%(message", "`json`, or a format of Python's logging"),
    *((read_port, told, "a number from 0 to 65535") for told in ("65536", -1, "", "٣", 1.0, True)),
    *(
        (read_seconds, told, "a number of seconds, or none")
        for told in ("", "-1", "1e3", "inf", "nan", "1 ", ".", -0.5, math.nan, math.inf, True)
    ),
    *((read_size, told, "a number of bytes") for told in ("0", 0, "", "1K", "none", None, 1.5)),
    *(
        (read_size_or_none, told, "a number of bytes, or none")
        for told in ("-1", -1, "1.5", "", False)
    ),
    *(
        (read_root_path, told, "a path that begins with a slash and does not end with one")
        for told in ("api", "/", "/api/")
    ),
    *((read_duration, told, "a number of seconds") for told in ("none", None, "x", -1)),
    *((read_whole, told, "a number") for told in ("", "x", -1, 1.5, True, None)),
    *((read_workers, told, "a number") for told in ("", "x", "-", "-x", 1.5, True, None)),
    *((read_count_or_none, told, "a number") for told in ("", "x", -1)),
    *((read_count, told, "a number, at least 1") for told in ("0", 0, "", "none", -1, 1.5, True)),
    (read_root_path, None, "text"),
    *((read_server_name, told, "visible ASCII") for told in (" a", "a ", "a\r\nb: c", "é", b"\0")),
]


@for_each(("read", "told", "content"), TAKEN)
def test_taken(read: Callable[[object], object], told: object, content: object) -> None:
    assert read(told) == content
    assert type(read(told)) is type(content)


@for_each(("read", "told", "text"), REFUSED)
def test_refused(read: Callable[[object], object], told: object, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        read(told)


def test_a_number_that_is_endless_is_refused() -> None:
    with pytest.raises(ValueError, match="a number of seconds"):
        read_seconds("9" * 400)
    with pytest.raises(ValueError, match="a number of bytes"):
        read_size("9" * 400)


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (True, True),
        (False, False),
        *[(text, True) for text in ("true", "True", "1", "yes", "on")],
        *[(text, False) for text in ("false", "FALSE", "0", "no", "off")],
    ],
)
def test_a_truth(told: object, read: bool) -> None:
    assert read_truth(told) is read


@pytest.mark.parametrize("told", ["", "maybe", None, 1, 0])
def test_what_is_no_truth(told: object) -> None:
    with pytest.raises(ValueError, match="true or false"):
        read_truth(told)
