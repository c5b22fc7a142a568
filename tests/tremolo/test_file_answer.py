"""What a request for a file is answered."""

import email
from email.message import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo.file_answer import FileAnswer, FileFacts, Section, answer_file
from tremolo.preconditions import Validators
from tremolo_core import Headers

CONTENT = bytes(range(100, 200))
DATE = b"Sun, 09 Sep 2001 01:46:40 GMT"
FACTS = FileFacts(
    size=len(CONTENT),
    content_type=b"text/plain",
    validators=Validators(etag=b'"a"', modified=1_000_000_000),
)
ABOUT = ((b"etag", b'"a"'), (b"last-modified", DATE))
RANGES = (b"accept-ranges", b"bytes")
TYPE = (b"content-type", b"text/plain")


def answer(
    *fields: tuple[bytes, bytes], method: bytes = b"GET", facts: FileFacts = FACTS
) -> FileAnswer:
    return answer_file(method, Headers(fields), facts, boundary=b"boundary")


def body_of(found: FileAnswer, content: bytes = CONTENT) -> bytes:
    body = b"".join(
        content[part.offset : part.offset + part.count] if isinstance(part, Section) else part
        for part in found.body
    )
    assert len(body) == found.length
    return body


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_a_whole_file(method: bytes) -> None:
    found = answer(method=method)
    assert (found.status, found.fields) == (200, (TYPE, *ABOUT, RANGES))
    assert body_of(found) == CONTENT


def test_an_empty_file() -> None:
    facts = FileFacts(size=0, content_type=b"a/b", validators=Validators())
    assert answer(facts=facts) == FileAnswer(
        status=200, fields=((b"content-type", b"a/b"), RANGES), body=()
    )


def test_a_section_is_a_file_of_its_own() -> None:
    facts = FileFacts(size=10, offset=50, content_type=b"a/b", validators=Validators())
    assert body_of(answer(facts=facts)) == CONTENT[50:60]
    found = answer((b"range", b"bytes=8-20"), facts=facts)
    assert (b"content-range", b"bytes 8-9/10") in found.fields
    assert body_of(found) == CONTENT[58:60]


def test_one_range() -> None:
    found = answer((b"range", b"bytes=-10"))
    fields = (TYPE, *ABOUT, RANGES, (b"content-range", b"bytes 90-99/100"))
    assert (found.status, found.fields) == (206, fields)
    assert body_of(found) == CONTENT[-10:]


def test_several_ranges_in_their_order() -> None:
    found = answer((b"range", b"bytes=90-,0-4"))
    assert found.status == 206
    assert dict(found.fields)[b"content-type"] == b"multipart/byteranges; boundary=boundary"
    assert b"content-range" not in dict(found.fields)
    assert body_of(found) == (
        b"--boundary\r\nContent-Type: text/plain\r\nContent-Range: bytes 90-99/100\r\n\r\n"
        + CONTENT[90:]
        + b"\r\n--boundary\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-4/100\r\n\r\n"
        + CONTENT[:5]
        + b"\r\n--boundary--\r\n"
    )


def test_no_range_that_there_is() -> None:
    found = answer((b"range", b"bytes=100-"))
    fields = (*ABOUT, RANGES, (b"content-range", b"bytes */100"))
    assert found == FileAnswer(status=416, fields=fields)


@pytest.mark.parametrize("told", [b"bytes=a", b"lines=0-1"])
def test_no_range_that_makes_sense(told: bytes) -> None:
    assert answer((b"range", told)) == answer()


def test_a_range_of_another_state() -> None:
    assert answer((b"range", b"bytes=0-1"), (b"if-range", b'"b"')) == answer()


def test_what_the_client_has_already() -> None:
    found = answer((b"if-none-match", b'"a"'), (b"range", b"bytes=0-1"))
    assert found == FileAnswer(status=304, fields=ABOUT)


def test_what_the_client_does_not_expect() -> None:
    found = answer((b"if-match", b'"b"'), (b"range", b"bytes=0-1"))
    assert found == FileAnswer(status=412, fields=())


def test_a_plain_file_is_sent_whatever_the_request_says() -> None:
    headers = Headers(((b"range", b"bytes=0-1"), (b"if-none-match", b"*")))
    found = answer_file(b"GET", headers, FACTS, boundary=b"", plain=True)
    assert (found.status, found.fields) == (200, (TYPE,))
    assert body_of(found) == CONTENT


@given(parts=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 30)), min_size=2, max_size=5))
def test_several_ranges_are_parts_to_others(parts: list[tuple[int, int]]) -> None:
    told = b",".join(b"%d-%d" % (first, first + more) for first, more in parts)
    found = answer((b"range", b"bytes=" + told))
    if found.status == 200:
        assert body_of(found) == CONTENT
        return
    head = b"Content-Type: " + dict(found.fields)[b"content-type"] + b"\r\n\r\n"
    message = email.message_from_bytes(head + body_of(found))
    payload = message.get_payload()
    assert isinstance(payload, list)
    contents: list[bytes] = []
    for part in payload:
        assert isinstance(part, Message)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        contents.append(content)
    assert contents == [CONTENT[first : first + more + 1] for first, more in parts]
