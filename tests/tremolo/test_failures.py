"""What is shown of an error, to whom."""

import pytest

from tremolo.exceptions import BadRequest, HTTPException, InternalServerError, NotFound
from tremolo.failures import culprit, default_body, is_expected, traceback_page


def test_the_one_exception_in_groups_of_one_is_what_happened() -> None:
    inner = ValueError()
    assert culprit(ExceptionGroup("", [ExceptionGroup("", [inner])])) is inner
    assert culprit(inner) is inner


def test_a_group_of_several_stands_for_itself() -> None:
    group = ExceptionGroup("", [ValueError(), KeyError()])
    assert culprit(ExceptionGroup("", [group])) is group


@pytest.mark.parametrize(
    ("failure", "body"),
    [
        (NotFound(), b"Not Found"),
        (BadRequest("<b>a & b</b>"), b"&lt;b&gt;a &amp; b&lt;/b&gt;"),
        (BadRequest('"', content_type="application/xhtml+xml"), b"&quot;"),
        (BadRequest("<b>", content_type="TEXT/XML"), b"&lt;b&gt;"),
        (BadRequest("<b>", content_type="text/plain"), b"<b>"),
        (BadRequest('{"a":"<"}', content_type="application/json"), b'{"a":"<"}'),
        (BadRequest("\xe9"), b"\xc3\xa9"),
        (BadRequest("\xe9", content_type="text/plain; charset=latin-1"), b"\xe9"),
        (BadRequest("\u2603", content_type="text/plain; charset=latin-1"), b"?"),
        (BadRequest("\u2603", content_type="text/html; charset=latin-1"), b"&#9731;"),
        (HTTPException(cause=ValueError("<secret>")), b"Internal Server Error"),
        (HTTPException(cause=TimeoutError("secret")), b"Request Timeout"),
    ],
)
def test_the_body_of_an_error(failure: HTTPException, body: bytes) -> None:
    assert default_body(failure) == body


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotFound(), True),
        (NotFound(cause=ValueError()), True),
        (InternalServerError("on purpose"), True),
        (InternalServerError(cause=ValueError()), False),
        (ValueError(), False),
        (SystemExit(1), False),
    ],
)
def test_what_nobody_need_look_into(error: BaseException, expected: bool) -> None:
    assert is_expected(error) is expected


def test_a_page_for_the_developer_shows_the_traceback_escaped() -> None:
    def fail() -> None:
        raise ValueError("<script>\ud800")

    with pytest.raises(ValueError, match="script") as caught:
        fail()
    page = traceback_page(caught.value).decode()
    assert "in fail" in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
