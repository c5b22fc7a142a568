"""Which lines set which variables, and which are refused."""

from pathlib import Path

import pytest

from tests.cases import for_each
from tremolo.env_file import EnvFileError, load_env_file, parse_env_file


@for_each(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("  A = b  ", "b"),
        ("export A=b", "b"),
        ("A=", ""),
        ("A= # nothing", ""),
        ("A=#b", "#b"),
        ("A=b # why", "b"),
        ("A=b#c", "b#c"),
        ("A=b c  d", "b c  d"),
        ("A=b c  # why", "b c"),
        ("A='b # \"c\\n'", 'b # "c\\n'),
        ('A="b # \'c"  # why', "b # 'c"),
        (r'A="b\"c\\d\ne\xf"', 'b"c\\d\nexf'),
        ("A=''", ""),
        ("A=b=c", "b=c"),
        ("A=$HOME", "$HOME"),
        ("A=postgres://u:p'w@h/db", "postgres://u:p'w@h/db"),
        ("A=ü", "ü"),
    ],
)
def test_a_value(line: str, value: str) -> None:
    assert parse_env_file(line) == {"A": value}


def test_other_lines_are_left_out_and_the_last_counts() -> None:
    assert parse_env_file("# first\n\nA=1\r\n  # more\nB=2\nA=3") == {"A": "3", "B": "2"}


@pytest.mark.parametrize(
    "line", ["A", "=b", "1A=b", "A-B=c", "A='b", 'A="b', "A='b' c", 'A="b\\"', "export", "A B=c"]
)
def test_anything_else_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(EnvFileError, match="line 2 is not NAME=value"):
        parse_env_file(f"A=1\n{line}\n")


def test_what_is_set_already_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=file\nB=file\n", encoding="utf-8")
    environment = {"A": "own"}
    load_env_file(str(path), environment)
    assert environment == {"A": "own", "B": "file"}


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_env_file(str(tmp_path / "none"), {})
    path = tmp_path / ".env"
    path.write_bytes(b"A=\xff")
    with pytest.raises(UnicodeDecodeError):
        load_env_file(str(path), {})
