"""What a handler is told of a request that another server has received."""

from typing import Any

import pytest

from tremolo_asgi.guest_scope import peer_of, request_of
from tremolo_asgi.scope import http_scope, websocket_scope
from tremolo_core import Headers, Request
from tremolo_transport.exchange import Peer


def scope(**members: object) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [],
        **members,
    }


def test_a_whole_request() -> None:
    headers = [(b"host", b"example.org"), [b"A", b"B"]]
    told = scope(method="POST", path="/a b", raw_path=b"/a%20b", query_string=b"c", headers=headers)
    assert request_of(told) == Request(
        method=b"POST",
        target=b"/a%20b?c",
        headers=Headers([(b"host", b"example.org"), (b"a", b"B")]),
    )


def test_a_request_comes_through_both_ways_as_it_was() -> None:
    request = Request(
        method=b"PATCH",
        target=b"/caf%C3%A9/%2F?q=%20",
        headers=Headers([(b"host", b"example.org"), (b"a", b"1"), (b"a", b"2")]),
        http_version=b"1.0",
    )
    peer = Peer(client=("192.0.2.1", 50_000), server=("192.0.2.2", 443), scheme="https")
    told = http_scope(request, peer, root_path="", state={})
    assert (request_of(told), peer_of(told)) == (request, peer)


def test_a_handshake_comes_through_both_ways_as_it_was() -> None:
    request = Request(
        method=b"GET",
        target=b"/chat",
        headers=Headers([(b"sec-websocket-protocol", b"a, b")]),
        upgrade=b"websocket",
    )
    peer = Peer(client=None, server=("/run/x.sock", None), scheme="https")
    told = websocket_scope(request, peer, root_path="", state={})
    assert told["scheme"] == "wss"
    assert (request_of(told), peer_of(told)) == (request, peer)


@pytest.mark.parametrize(
    ("root_path", "path", "raw_path", "target"),
    [
        pytest.param("", "/a", b"/a", b"/a", id="none"),
        pytest.param("", "/é b", None, b"/%C3%A9%20b", id="no raw path"),
        pytest.param("", "*", b"*", b"*", id="no path"),
        pytest.param("", "", b"", b"/", id="nothing"),
        pytest.param("/x", "/x/a", b"/x/a", b"/a", id="in both paths"),
        pytest.param("/x", "/x/a/b", b"/x/a%2Fb", b"/a%2Fb", id="with an encoded slash behind"),
        pytest.param("/x", "/x/é", b"/%78/%C3%A9", b"/%C3%A9", id="spelled otherwise"),
        pytest.param("/x", "/x/a", b"/a", b"/a", id="in the path alone"),
        pytest.param("/x", "/x/a b", None, b"/a%20b", id="without a raw path"),
        pytest.param("/x", "/x", b"/x", b"/", id="the prefix alone"),
        pytest.param("/x", "/x/", b"/x/", b"/", id="the prefix and a slash"),
        pytest.param("/x/y", "/x/y/a", b"/x/y/a", b"/a", id="of two segments"),
        pytest.param("/x", "/a", b"/a", b"/a", id="in neither, as ASGI once had it"),
        pytest.param("/x", "/xa", b"/xa", b"/xa", id="of another name"),
        pytest.param("/x/", "/x/a", b"/x/a", b"/a", id="with a slash at its end"),
    ],
)
def test_a_target_is_below_the_root_path(
    root_path: str, path: str, raw_path: bytes | None, target: bytes
) -> None:
    members = {"root_path": root_path, "path": path}
    if raw_path is not None:
        members["raw_path"] = raw_path  # type: ignore[assignment] # bytes among text
    told = scope(**members)
    if raw_path is None:
        del told["raw_path"]
    assert request_of(told).target == target


def test_a_later_http_is_read_as_1_1() -> None:
    assert request_of(scope(http_version="2")).http_version == b"1.1"


def test_nothing_may_be_known_of_the_peer() -> None:
    assert peer_of(scope()) == Peer()
    assert peer_of(scope(client=None, server=None, scheme="")) == Peer()
    assert peer_of(scope(client=["::1", 5])).client == ("::1", 5)
