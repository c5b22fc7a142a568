"""What an application is told of a request, and of its own life."""

from typing import Any

import pytest

from tremolo_asgi.scope import (
    decode_path,
    http_scope,
    lifespan_scope,
    offered_extensions,
    tls_extension,
    under_root,
    websocket_scope,
)
from tremolo_asgi.types import HTTPScope, State
from tremolo_core import Headers, Request
from tremolo_transport.exchange import Peer
from tremolo_transport.tls_session import TLSSession

PEER = Peer(client=("192.0.2.1", 50_000), server=("192.0.2.2", 80), scheme="http")


def scope_of(
    target: bytes = b"/",
    *,
    method: bytes = b"GET",
    headers: Headers = Headers(),
    http_version: bytes = b"1.1",
    peer: Peer = PEER,
    root_path: str = "",
    state: State | None = None,
) -> HTTPScope:
    request = Request(method=method, target=target, headers=headers, http_version=http_version)
    return http_scope(request, peer, root_path=root_path, state={} if state is None else state)


def test_the_whole_scope() -> None:
    headers = Headers([(b"host", b"example.org"), (b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    scope = scope_of(b"/caf%C3%A9/%2F?q=%20a+b", method=b"POST", headers=headers)
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/café//",
        "raw_path": b"/caf%C3%A9/%2F",
        "query_string": b"q=%20a+b",
        "root_path": "",
        "headers": [(b"host", b"example.org"), (b"a", b"1"), (b"b", b"2"), (b"a", b"3")],
        "client": ("192.0.2.1", 50_000),
        "server": ("192.0.2.2", 80),
        "state": {},
        "extensions": {
            "http.response.early_hint": {},
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
        },
    }
    assert type(scope["headers"]) is list
    assert type(scope["method"]) is str


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/a+b", "/a+b"),
        (b"/%41%2e%2E", "/A.."),
        (b"/%e2%82%ac", "/€"),
        (b"/%", "/%"),
        (b"/%4", "/%4"),
        (b"/%zz", "/%zz"),
        (b"/%00", "/\0"),
        (b"*", "*"),
    ],
)
def test_a_path_is_decoded_once(raw: bytes, path: str) -> None:
    assert decode_path(raw) == path
    scope = scope_of(raw)
    assert (scope["path"], scope["raw_path"]) == (path, raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        pytest.param(b"/%ff", "/\ufffd", id="no UTF-8"),
        pytest.param(b"/%c0%af..", "/\ufffd\ufffd..", id="an overlong slash"),
        pytest.param(b"/%ed%a0%80", "/\ufffd\ufffd\ufffd", id="half of a surrogate pair"),
        pytest.param(b"/%e2%82", "/\ufffd", id="cut off"),
    ],
)
def test_what_is_not_utf8_is_replaced_and_kept_in_the_raw_path(raw: bytes, path: str) -> None:
    scope = scope_of(raw)
    assert scope["path"] == path
    assert scope["path"].encode("utf-8")
    assert scope["raw_path"] == raw


def test_a_target_in_absolute_form_is_known_by_its_path() -> None:
    scope = scope_of(b"http://example.org/a?b")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a", b"/a", b"b")


def test_no_query_is_an_empty_one() -> None:
    assert scope_of(b"/a")["query_string"] == b""
    assert scope_of(b"/a?")["query_string"] == b""
    assert scope_of(b"/a?b?c")["query_string"] == b"b?c"


@pytest.mark.parametrize(("http_version", "text"), [(b"1.0", "1.0"), (b"1.1", "1.1")])
def test_the_version_of_http(http_version: bytes, text: str) -> None:
    assert scope_of(http_version=http_version)["http_version"] == text


def test_a_method_is_in_upper_case() -> None:
    assert scope_of(method=b"get")["method"] == "GET"


@pytest.mark.parametrize(
    ("peer", "client", "server"),
    [
        (Peer(), None, None),
        (Peer(client=None, server=("/run/x.sock", None)), None, ("/run/x.sock", None)),
        (Peer(client=("::1", 5), server=("::1", 80)), ("::1", 5), ("::1", 80)),
        (Peer(client=("192.0.2.9", None)), ("192.0.2.9", 0), None),
    ],
)
def test_both_ends(peer: Peer, client: object, server: object) -> None:
    scope = scope_of(peer=peer)
    assert (scope["client"], scope["server"]) == (client, server)


def test_the_scheme_is_the_peers() -> None:
    assert scope_of(peer=Peer(scheme="https"))["scheme"] == "https"


def test_each_request_has_a_copy_of_the_state_one_level_deep() -> None:
    shared: list[int] = []
    state: dict[str, Any] = {"shared": shared, "count": 0}
    first, second = scope_of(state=state), scope_of(state=state)
    first["state"]["count"] = 1
    first["state"]["own"] = True
    first["state"]["shared"].append(1)
    assert second["state"] == {"shared": [1], "count": 0}
    assert state == {"shared": [1], "count": 0}
    assert first["state"]["shared"] is shared


def test_a_request_shares_nothing_else_with_another() -> None:
    first, second = scope_of(), scope_of()
    first["headers"].append((b"a", b"b"))
    first["asgi"]["spec_version"] = "2.0"
    first["extensions"]["http.response.pathsend"]["a"] = "b"
    del first["extensions"]["http.response.zerocopysend"]
    assert second == scope_of()


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        pytest.param("/x", "", "/x", id="no prefix"),
        pytest.param("/x", "/api", "/api/x", id="removed by the proxy"),
        pytest.param("/api/x", "/api", "/api/x", id="kept by the proxy"),
        pytest.param("/", "/api", "/api/", id="removed, nothing left"),
        pytest.param("/api", "/api", "/api", id="kept, nothing more"),
        pytest.param("/api/", "/api", "/api/", id="kept, a slash more"),
        pytest.param("/apix", "/api", "/api/apix", id="another name"),
        pytest.param("/api/api/x", "/api", "/api/api/x", id="repeated counts as kept"),
        pytest.param("*", "/api", "*", id="no path"),
    ],
)
def test_the_path_begins_with_the_root_path(path: str, root_path: str, expected: str) -> None:
    assert under_root(path, root_path) == expected
    scope = scope_of(path.encode(), root_path=root_path)
    assert (scope["path"], scope["root_path"]) == (expected, root_path)
    assert scope["raw_path"] == path.encode()


FILES = {"http.response.pathsend", "http.response.zerocopysend"}
HINTS = {"http.response.early_hint"}
TRAILERS = {"http.response.trailers"}


@pytest.mark.parametrize(
    ("http_version", "te", "offered"),
    [
        (b"1.1", [], FILES | HINTS),
        (b"1.1", [b"trailers"], FILES | HINTS | TRAILERS),
        (b"1.1", [b"gzip;q=0.5", b"deflate, Trailers"], FILES | HINTS | TRAILERS),
        (b"1.1", [b"gzip"], FILES | HINTS),
        (b"1.0", [b"trailers"], FILES),
    ],
)
def test_an_extension_is_offered_exactly_where_it_works(
    http_version: bytes, te: list[bytes], offered: set[str]
) -> None:
    request = Request(
        method=b"GET",
        target=b"/",
        headers=Headers((b"te", line) for line in te),
        http_version=http_version,
    )
    assert set(offered_extensions(request)) == offered
    scope = http_scope(request, PEER, root_path="", state={})
    assert scope["extensions"] == {name: {} for name in offered}


def handshake(*fields: tuple[bytes, bytes], target: bytes = b"/") -> Request:
    return Request(method=b"GET", target=target, headers=Headers(fields), upgrade=b"websocket")


def test_the_whole_scope_of_a_websocket() -> None:
    request = handshake((b"host", b"example.org"), (b"a", b"1"), target=b"/caf%C3%A9?q=1")
    scope = websocket_scope(request, PEER, root_path="/api", state={"pool": "a pool"})
    assert scope == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/api/café",
        "raw_path": b"/caf%C3%A9",
        "query_string": b"q=1",
        "root_path": "/api",
        "headers": [(b"host", b"example.org"), (b"a", b"1")],
        "client": ("192.0.2.1", 50_000),
        "server": ("192.0.2.2", 80),
        "subprotocols": [],
        "state": {"pool": "a pool"},
        "extensions": {"websocket.http.response": {}},
    }
    assert "method" not in scope


@pytest.mark.parametrize(("scheme", "text"), [("http", "ws"), ("https", "wss")])
def test_the_scheme_of_a_websocket_is_text(scheme: str, text: str) -> None:
    scope = websocket_scope(handshake(), Peer(scheme=scheme), root_path="", state={})
    assert scope["scheme"] == text


def test_subprotocols_are_as_the_client_said_them() -> None:
    name = b"sec-websocket-protocol"
    request = handshake((name, b"Superchat, chat"), (name, b"a"))
    scope = websocket_scope(request, PEER, root_path="", state={})
    assert scope["subprotocols"] == ["Superchat", "chat", "a"]


def test_what_is_known_of_tls_is_told_where_there_is_any() -> None:
    session = TLSSession(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        version_number=0x0304,
        cipher_suite=0x1302,
        server_certificate="ours",
        client_certificates=("theirs", "of who has signed it"),
        client_name="CN=they",
    )
    peer = PEER.over_tls(session)
    told = {
        "server_cert": "ours",
        "client_cert_chain": ["theirs", "of who has signed it"],
        "client_cert_name": "CN=they",
        "client_cert_error": None,
        "tls_version": 0x0304,
        "cipher_suite": 0x1302,
    }
    assert tls_extension(peer) == told
    assert scope_of(peer=peer)["extensions"]["tls"] == told
    scope = websocket_scope(handshake(), peer, root_path="", state={})
    assert (scope["scheme"], scope["extensions"]["tls"]) == ("wss", told)
    assert tls_extension(PEER) is None
    assert "tls" not in scope_of()["extensions"]


def test_each_websocket_has_a_copy_of_the_state() -> None:
    state: State = {"count": 0}
    websocket_scope(handshake(), PEER, root_path="", state=state)["state"]["count"] = 1
    assert state == {"count": 0}


def test_the_scope_of_a_life_has_the_state_itself() -> None:
    state: State = {}
    scope = lifespan_scope(state)
    assert scope == {
        "type": "lifespan",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "state": {},
    }
    assert scope["state"] is state
