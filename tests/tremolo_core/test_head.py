"""Heads by themselves: what becomes of a good one, and what is wrong with a bad one.

More of them, good and bad, are in the corpus, which `test_connection` plays.
"""

import dataclasses
import itertools

import pytest

from tests.cases import for_each
from tremolo_core import Headers, Limits, RemoteProtocolError
from tremolo_core.head import (
    NOT_IN_TRAILERS,
    Head,
    judge_request_line,
    parse_head,
    parse_trailers,
    refuse_block,
    request_line_limit,
)
from tremolo_core.plain_fields import Fields

from .corpus import BAD, GET, Bad
from .framing import handshake

LIMITS = Limits()


def parsed(*lines: bytes) -> Head:
    return parse_head(b"\r\n".join((*lines, b"", b"")), LIMITS)


def test_everything_that_a_head_says() -> None:
    raw = (
        b"POST http://b/path HTTP/1.1\r\nHOST: a\r\nX:  y \r\n"
        b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 5\r\n\r\n"
    )
    head = parse_head(raw, LIMITS)
    assert head.raw == raw
    assert (head.method, head.target) == (b"POST", b"http://b/path")
    assert head.meaning.http_version == b"1.1"
    assert head.headers == (
        (b"host", b"a"),
        (b"x", b"y"),
        (b"expect", b"100-continue"),
        (b"connection", b"close"),
        (b"content-length", b"5"),
    )
    assert isinstance(head.headers, Headers)
    assert (head.authority, head.meaning.content_length) == (b"b", 5)
    assert (head.meaning.keep_alive, head.meaning.expects_continue) == (False, True)


def test_a_head_that_says_little() -> None:
    head = parse_head(GET, LIMITS)
    assert (head.raw, head.method, head.target) == (GET, b"GET", b"/")
    assert head.headers == ((b"host", b"a"),)
    assert (head.authority, head.meaning.content_length) == (None, 0)
    assert (head.meaning.keep_alive, head.meaning.expects_continue) == (True, False)


@pytest.mark.parametrize(
    ("line", "version"),
    [(b"HTTP/1.0", b"1.0"), (b"HTTP/1.1", b"1.1"), (b"HTTP/1.2", b"1.1"), (b"HTTP/1.9", b"1.1")],
)
def test_the_version_that_is_meant(line: bytes, version: bytes) -> None:
    assert parsed(b"GET / " + line, b"Host: a").meaning.http_version == version


@pytest.mark.parametrize(
    ("version", "fields", "kept"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"Connection: keep-alive"], True),
        (b"1.1", [b"Connection: closed, x-close"], True),
        (b"1.1", [b"Connection: close"], False),
        (b"1.1", [b"Connection: a,\tClose , b"], False),
        (b"1.1", [b"Connection: keep-alive", b"Connection: close"], False),
        (b"1.1", [b"Connection:"], True),
        (b"1.0", [], False),
        (b"1.0", [b"Connection: keep-alive"], False),
    ],
)
def test_who_may_ask_again(version: bytes, fields: list[bytes], kept: bool) -> None:
    assert parsed(b"GET / HTTP/" + version, b"Host: a", *fields).meaning.keep_alive is kept


@pytest.mark.parametrize(
    ("version", "fields", "expects"),
    [
        (b"1.1", [], False),
        (b"1.1", [b"Expect: 100-continue"], True),
        (b"1.1", [b"expect: 100-CONTINUE"], True),
        (b"1.0", [b"Expect: 100-continue"], False),
        (b"1.0", [b"Expect: a miracle"], False),
    ],
)
def test_who_waits_for_a_100(version: bytes, fields: list[bytes], expects: bool) -> None:
    assert parsed(b"PUT / HTTP/" + version, b"Host: a", *fields).meaning.expects_continue is expects


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ([], 0),
        ([b"Content-Length: 0"], 0),
        ([b"Content-Length: 007"], 7),
        ([b"Content-Length: 999999999999999999"], 999_999_999_999_999_999),
        ([b"Transfer-Encoding: CHUNKED"], None),
    ],
)
def test_how_long_the_body_is(fields: list[bytes], length: int | None) -> None:
    assert parsed(b"PUT / HTTP/1.1", b"Host: a", *fields).meaning.content_length == length


BAD_HEADS = {
    name: bad
    for name, bad in BAD.items()
    # What is not the head's to find: where it ends.
    if not bad.passed and bad.refused.endswith(b"\r\n\r\n") and b"SM" not in bad.refused
}


@for_each("bad", BAD_HEADS.values(), ids=BAD_HEADS)
def test_a_bad_head_is_refused_with_its_status(bad: Bad) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_head(bad.refused, LIMITS)
    assert caught.value.status == bad.status


REASONS = {
    "HTTP/0.9": "a malformed request line",
    "HTTP/2.0": "only HTTP/1.0 and HTTP/1.1 are spoken here",
    "* with GET": "the target * with a method other than OPTIONS",
    "a relative target": "a target that is neither a path nor an http URI",
    "CONNECT": "this server opens no tunnels",
    "no Host": "no Host field",
    "two Hosts": "more than one Host field",
    "an empty Host": "a malformed Host field",
    "no colon": "a malformed field line",
    "a length and a coding": "both Content-Length and Transfer-Encoding",
    "two lengths": "more than one Content-Length field",
    "a list of one length": "a malformed Content-Length field",
    "chunked in HTTP/1.0": "Transfer-Encoding in HTTP/1.0",
    "chunked twice": "a malformed Transfer-Encoding field",
    "gzip": "a transfer coding other than chunked",
    "two expectations": "an expectation other than 100-continue",
}


@for_each(("name", "reason"), REASONS.items(), ids=REASONS)
def test_a_refusal_names_what_is_wrong(name: str, reason: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_head(BAD[name].refused, LIMITS)
    assert caught.value.reason == reason


def refused(
    raw: bytes, *, limits: Limits = LIMITS, request_line: bool = True
) -> RemoteProtocolError:
    with pytest.raises(RemoteProtocolError) as caught:
        refuse_block(raw, limits, request_line=request_line)
    return caught.value


SMALL = Limits(request_line=20, head=60, fields=2, trailers=30)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        # One thing wrong after the other: the first counts.
        (b"GET /" + b"a" * 20 + b" HTTP/1.1 \r\nbad\r\n", 414),
        (b"GET /" + b"a" * 20, 414),
        (b"GET /\r\nbad\r\n" + b"a" * 60, 400),
        (b"GET / HTTP/1.1\r\nbad\r\n" + b"a" * 60, 400),
        (b"GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\nbad\r\n", 431),
        (b"GET / HTTP/1.1\r\na: 1\r\nbad\r\nb: 2\r\nc: 3\r\n", 400),
        (b"GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nbad\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 60 + b"\r\n", 431),
        # A line that ends with the last byte that a head may have, and one byte later.
        (b"GET / HTTP/1.1\r\n" + b"a" * 42 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"a" * 43 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 60 + b"\0\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 60, 431),
        (b"GET / HTTP/1.1\r\na: " + b"b" * 20 + b"\nc: " + b"d" * 60, 400),
    ],
)
def test_the_first_thing_wrong_counts(raw: bytes, status: int) -> None:
    assert refused(raw, limits=SMALL).status == status


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"bad\r\n", 400),
        (b"a: 1\r\nbad\r\n" + b"c" * 30, 400),
        (b"a: 1\r\nb: 2\r\nc: 3\r\n", 431),
        (b"a: " + b"b" * 30 + b"\r\n\r\n", 431),
        (b"a: " + b"b" * 30, 431),
        (b"\n", 400),
    ],
)
def test_the_first_thing_wrong_in_trailers_counts(raw: bytes, status: int) -> None:
    assert refused(raw, limits=SMALL, request_line=False).status == status


def test_a_refusal_names_the_limit() -> None:
    line = refused(b"a" * 100, limits=SMALL).reason
    assert line == "a request line of more than 20 bytes"
    head = refused(b"GET / HTTP/1.1\r\n" + b"a" * 100, limits=SMALL).reason
    assert head == "a head of more than 60 bytes"
    trailers = refused(b"a" * 100, limits=SMALL, request_line=False).reason
    assert trailers == "a trailer section of more than 30 bytes"
    fields = refused(b"GET / HTTP/1.1\r\na:\r\nb:\r\nc:\r\n", limits=SMALL).reason
    assert fields == "more than 2 fields"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /" + b"a" * 7 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nZ:\r\n\r\n", 431),
        (b"GET /" + b"a" * 7 + b" HTTP/1.0\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.0\r\nHost: a\r\nX: y\r\nZ:\r\n\r\n", 431),
    ],
)
def test_a_complete_head_keeps_to_the_limits(raw: bytes, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_head(raw, SMALL)
    assert caught.value.status == status
    smaller = raw.replace(b"/a", b"/").replace(b"Z:\r\n", b"")
    assert parse_head(smaller, SMALL).raw == smaller


@pytest.mark.parametrize(
    ("raw", "is_ordinary"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: a \r\n\r\n", True),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", True),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", False),
        (b"GET / HTTP/1.0\r\nHost: a\r\n\r\n", False),
        (handshake(), False),
    ],
)
def test_whether_all_stands_as_it_is_to_be_read(raw: bytes, is_ordinary: bool) -> None:
    assert parse_head(raw, LIMITS).is_ordinary is is_ordinary


def test_the_server_itself_is_asked_by_options() -> None:
    assert parsed(b"OPTIONS * HTTP/1.1", b"Host: a").authority is None


def test_a_request_line_must_fit_into_the_head() -> None:
    assert request_line_limit(Limits(request_line=20, head=60)) == 20
    assert request_line_limit(Limits(request_line=60, head=60)) == 56


def test_a_request_line_by_itself() -> None:
    judge_request_line(b"GET /12345 HTTP/1.1\r\n", Limits(request_line=19))
    with pytest.raises(RemoteProtocolError, match="more than 18 bytes") as caught:
        judge_request_line(b"GET /12345 HTTP/1.1\r\n", Limits(request_line=18))
    assert caught.value.status == 414
    with pytest.raises(RemoteProtocolError, match="malformed") as caught:
        judge_request_line(b"GET /12345 HTTP/1.1\n", Limits(request_line=19))
    assert caught.value.status == 400


@pytest.mark.parametrize("raw", [b"\r\n", b"X-Sum: 1\r\n\r\n", b"X:\r\nx: \xe9\r\n\r\n"])
def test_good_trailers(raw: bytes) -> None:
    parse_trailers(raw, LIMITS)


def test_trailers_may_have_as_many_fields_as_a_head() -> None:
    parse_trailers(b"a:\r\nb:\r\n\r\n", SMALL)


@pytest.mark.parametrize("name", sorted(NOT_IN_TRAILERS))
def test_fields_that_a_trailer_section_may_not_have(name: bytes) -> None:
    for written in (name, name.title()):
        with pytest.raises(RemoteProtocolError, match="only a head may have") as caught:
            parse_trailers(b"X: y\r\n" + written + b": 1\r\n\r\n", LIMITS)
        assert caught.value.status == 400


def test_what_is_about_framing_routing_or_authority_stays_out_of_trailers() -> None:
    # RFC 9110 6.5.1, in part.
    known = {
        *(b"transfer-encoding", b"content-length", b"host", b"authorization"),
        *(b"content-encoding", b"content-type", b"content-range", b"trailer"),
    }
    assert known <= NOT_IN_TRAILERS


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"bad\r\n\r\n", 400), (b"a:\r\n b\r\n\r\n", 400), (b"a:\r\nb:\r\nc:\r\n\r\n", 431)],
)
def test_bad_trailers(raw: bytes, status: int) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse_trailers(raw, SMALL)
    assert caught.value.status == status


# The memo: what a head says does not depend on the one before.

BLOCKS = {
    "a Host": b"Host: a\r\n\r\n",
    "nothing": b"\r\n",
    "a body": b"Host: a\r\nContent-Length: 5\r\n\r\n",
    "chunks": b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "an end": b"Host: a\r\nConnection: close\r\n\r\n",
    "an expectation": b"Host: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    "a bad expectation": b"Host: a\r\nExpect: a miracle\r\n\r\n",
    "another upgrade": b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a handshake": handshake().partition(b"\r\n")[2],
    "half a handshake": b"Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
}

LINES = (
    *(b"GET / HTTP/1.1\r\n", b"GET /x HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n"),
    *(b"GET / HTTP/1.0\r\n", b"GET / HTTP/1.2\r\n", b"GET / HTTP/2.1\r\n"),
    *(b"GET http://b/ HTTP/1.1\r\n", b"GET http://b/ HTTP/1.0\r\n", b"OPTIONS * HTTP/1.1\r\n"),
    *(b"GET * HTTP/1.1\r\n", b"GET x HTTP/1.1\r\n", b"CONNECT a:1 HTTP/1.1\r\n"),
)


def fields_of(head: Head) -> Fields:
    return head.block, head.headers, head.meaning, head.names


def said(raw: bytes, last: Fields | None) -> Head | tuple[int | None, str]:
    try:
        # By which names the fields were read says nothing of them.
        return dataclasses.replace(parse_head(raw, LIMITS, last), names=None)
    except RemoteProtocolError as error:
        return error.status, error.reason


@pytest.mark.parametrize("before", BLOCKS.values(), ids=BLOCKS)
def test_the_last_head_changes_nothing(before: bytes) -> None:
    lasts = [said(line + before, None) for line in LINES]
    for last in (last for last in lasts if isinstance(last, Head) and last.meaning.may_be_kept):
        for line, block in itertools.product(LINES, BLOCKS.values()):
            raw = line + block
            assert said(raw, fields_of(last)) == said(raw, None), (last.raw, raw)


def test_fields_like_the_last_are_found_out_once() -> None:
    last = parse_head(GET, LIMITS)
    same = parse_head(GET.replace(b"GET / ", b"POST /x "), LIMITS, fields_of(last))
    assert (same.method, same.target) == (b"POST", b"/x")
    assert same.headers is last.headers
    assert same.names is last.names is not None
    other = parse_head(GET.replace(b"Host: a", b"Host: A"), LIMITS, fields_of(last))
    assert other.headers == ((b"host", b"A"),)
