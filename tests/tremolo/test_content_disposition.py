"""Names for downloads reach every client, and lead nowhere else."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.content_disposition import content_disposition


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("report.pdf", b'attachment; filename="report.pdf"'),
        ("a b;c=d.txt", b'attachment; filename="a b;c=d.txt"'),
        ("na\xefve.txt", b"attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
        (
            "\u20ac rates",
            b"attachment; filename=\"_ rates\"; filename*=UTF-8''%E2%82%AC%20rates",
        ),
        ('a"b', b"attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ("50%", b"attachment; filename=\"50_\"; filename*=UTF-8''50%25"),
        ("a/../b\\c", b'attachment; filename="a_.._b_c"'),
        ("a\r\nb: c", b"attachment; filename=\"a__b_ c\"; filename*=UTF-8''a__b%3A%20c"),
        ("\udcff", b"attachment; filename=\"_\"; filename*=UTF-8''%FF"),
        ("", b"attachment; filename=\"\"; filename*=UTF-8''"),
    ],
)
def test_a_name(name: str, field: bytes) -> None:
    assert content_disposition(name) == field


def test_to_be_shown_under_a_name() -> None:
    assert content_disposition("a", kind="inline") == b'inline; filename="a"'


@given(name=st.text(max_size=30))
def test_any_name_comes_through_but_for_what_leads_elsewhere(name: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in name):
        return
    field = content_disposition(name).decode("ascii")
    assert field.isprintable()
    found = re.fullmatch(
        r"attachment; filename=\"([^\"\\%]*)\"(?:; filename\*=UTF-8''([!#$&+\-.^_`|~%\w]*))?", field
    )
    assert found is not None
    read = found[1] if found[2] is None else unquote(found[2])
    assert read == re.sub(r"[/\\\x00-\x1f\x7f]", "_", name)
