"""What a request says of itself, as bytes."""

import os
import time

import pytest

from tremolo.exceptions import BadRequest
from tremolo.request_head import RequestHead, RequestHeaders
from tremolo_core import Headers
from tremolo_transport.exchange import Peer

from .fake_exchange import FakeExchange


def head(target: bytes = b"/", *fields: tuple[bytes, bytes], **more: bytes) -> RequestHead:
    return RequestHead(FakeExchange(target, headers=fields, **more))  # type: ignore[arg-type] # bytes alone


def test_the_request_line() -> None:
    request = head(b"/caf%C3%A9?a=b", method=b"PUT", http_version=b"1.0")
    assert request.method == b"PUT"
    assert request.url == b"/caf%C3%A9?a=b"
    assert request.path == b"/caf%C3%A9"
    assert request.query_string == b"a=b"
    assert request.version == b"1.0"
    assert request.is_valid


def test_headers_are_lists_by_lower_case_name() -> None:
    request = head(b"/", (b"Accept", b"a"), (b"X", b"1"), (b"accept", b"b, c"))
    assert request.headers == {b"accept": [b"a", b"b, c"], b"x": [b"1"]}
    assert request.headers is request.headers


def test_the_head_in_its_parts() -> None:
    request = head(b"/a?b", (b"Accept", b"a"), (b"X", b"1"), (b"accept", b"b"), method=b"PUT")
    assert request.header.line == b"PUT /a?b HTTP/1.1"
    assert request.header.getheaders() == [(b"accept", b"a"), (b"x", b"1"), (b"accept", b"b")]
    assert head(b"/", http_version=b"1.0").header.line == b"GET / HTTP/1.0"


def test_list_fields_keep_their_order_and_case() -> None:
    headers = RequestHeaders.of(
        Headers.of([(b"accept-encoding", b"GZIP, deflate;q=0.5,,"), (b"accept-encoding", b" br")])
    )
    assert headers.getlist(b"accept-encoding") == [b"GZIP", b"deflate;q=0.5", b"br"]
    assert headers.getlist(b"accept-encoding", b";") == [b"GZIP, deflate", b"q=0.5,,", b"br"]
    assert headers.getlist(b"nothing") == []


def test_members_of_a_list_field_in_two() -> None:
    headers = RequestHeaders.of(
        Headers.of([(b"accept", b"text/html ; q=0.5;v=1, */*, ;q=1"), (b"cookie", b"A=1=2; b")])
    )
    assert headers.getlist(b"accept", split=b";") == [(b"text/html", b"q=0.5;v=1"), (b"*/*", b"")]
    assert headers.getlist(b"cookie", b";", split=b"=") == [(b"A", b"1=2"), (b"b", b"")]
    assert headers.getlist(b"nothing", split=b";") == []


def test_the_query_is_decoded() -> None:
    request = head(b"/?a=1&b=%C3%A9+x&a=2&empty=&bad=%FF")
    assert request.query == {"a": ["1", "2"], "b": ["\xe9 x"], "bad": ["\ufffd"]}
    assert request.params.query is request.query
    assert head(b"/").query == {}


def test_a_query_with_too_many_fields_is_the_clients_fault() -> None:
    with pytest.raises(BadRequest, match="too many fields"):
        _ = head(b"/?" + b"a=1&" * 101).query
    assert len(head(b"/?" + b"&".join([b"a=1"] * 100)).query["a"]) == 100


def test_cookies() -> None:
    request = head(b"/", (b"cookie", b"a=1; B=x%20y; a=2"), (b"cookie", b'c="3"'))
    assert request.cookies == {"a": ["1", "2"], "B": ["x y"], "c": ["3"]}
    assert request.cookies is request.cookies
    assert head(b"/").cookies == {}


def test_where_it_came_from() -> None:
    request = head(b"/", (b"host", b"example.com:81"))
    assert request.host == b"example.com:81"
    assert (request.scheme, request.is_secure) == (b"http", False)
    assert request.client == ("192.0.2.1", 5000)
    assert request.ip == b"192.0.2.1"


def test_the_host_is_the_one_that_a_trusted_proxy_tells_of() -> None:
    peer = Peer(host=b"example.org")
    assert RequestHead(FakeExchange(peer=peer)).host == b"example.org"


def test_where_it_came_from_over_tls_from_nowhere() -> None:
    request = RequestHead(FakeExchange(headers=(), peer=Peer(scheme="https")))
    assert request.host == b""
    assert (request.scheme, request.is_secure) == (b"https", True)
    assert request.client is None
    assert request.ip == b""


@pytest.mark.parametrize(
    ("fields", "length", "has_body"),
    [
        ([], -1, False),
        ([(b"content-length", b"0")], 0, False),
        ([(b"content-length", b"12")], 12, True),
        ([(b"transfer-encoding", b"chunked")], -1, True),
    ],
)
def test_its_body(fields: list[tuple[bytes, bytes]], length: int, has_body: bool) -> None:
    request = head(b"/", *fields)
    assert request.content_length == length
    assert request.has_body is has_body


def test_the_type_of_its_body() -> None:
    assert head(b"/").content_type == b"application/octet-stream"
    assert head(b"/", (b"content-type", b"text/plain")).content_type == b"text/plain"


def test_one_context_under_three_names() -> None:
    request = head(b"/")
    assert request.context is request.ctx is request.params
    assert dict(request.context) == {}


@pytest.mark.parametrize("asked_before", [False, True])
def test_the_route_tells_options_and_parameters(asked_before: bool) -> None:
    request = head(b"/")
    if asked_before:
        request.context.user = "me"
        request.context.options["a"] = 0
    options = {"a": 1}
    request.matched(options, {"id": 5})
    assert request.context.options == {"a": 1}
    assert request.params["path"] == {"id": 5}
    request.context.options["b"] = 2
    assert options == {"a": 1}


def test_a_route_without_parameters_leaves_no_trace() -> None:
    for asked_before in (False, True):
        request = head(b"/")
        if asked_before:
            _ = request.context
        request.matched({}, {})
        assert dict(request.context) == {}


def test_what_is_said_about_the_connection_and_the_body() -> None:
    request = head()
    assert (request.transfer_encoding, request.http_keepalive, request.http_continue) == (
        [],
        True,
        False,
    )
    request = head(
        b"/",
        (b"transfer-encoding", b"Chunked"),
        (b"connection", b"TE, Close"),
        (b"expect", b"100-Continue"),
    )
    assert (request.transfer_encoding, request.http_keepalive, request.http_continue) == (
        [b"chunked"],
        False,
        True,
    )
    assert not head(http_version=b"1.0").http_keepalive
    assert not request.upgraded


def test_no_two_uids_are_the_same() -> None:
    request = head()
    assert len({request.uid() for _ in range(100)}) == 100
    assert len(request.uid()) == 32
    assert len(request.uid(16)) == 16
    with pytest.raises(ValueError, match="at least 16 bytes, not 15"):
        request.uid(15)


def test_a_uid_begins_with_time_port_and_process() -> None:
    before = int(time.time())
    uid = head().uid(ts_offset=60)
    assert before + 60 <= int.from_bytes(uid[:4], "big") <= time.time() + 60
    assert int.from_bytes(uid[4:6], "big") == 5000
    assert int.from_bytes(uid[6:8], "big") == os.getpid() & 0xFFFF
    unknown = RequestHead(FakeExchange(peer=Peer())).uid()
    assert unknown[4:6] == b"\0\0"
