"""What is made must be what httpx itself would make, the first time and ever after."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tremolo.testing.kept_requests import KeptRequests

ARGUMENTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "nothing that counts": {"headers": None, "timeout": httpx.USE_CLIENT_DEFAULT},
    "fields": {"headers": {"accept": "text/html", "x": "y"}},
    "parameters": {"params": {"c": "d e"}},
    "json": {"json": {"a": [1, 2]}},
    "a form": {"data": {"a": "b c"}},
    "bytes": {"content": b"abc"},
    "no bytes": {"content": b""},
    "a time": {"timeout": 7},
    "extensions": {"extensions": {"target": b"*"}},
}
URLS: tuple[httpx.URL | str, ...] = (
    *("/hello", "hello?a=b&a=c", "", "/%41/é", "?q", "/a//b#c"),
    *("http://other:81/x", "//other/x", "https://user:word@testserver", httpx.URL("/hello")),
)
CLIENTS: dict[str, Callable[[], httpx.Client]] = {
    "plain": lambda: httpx.Client(base_url="http://testserver"),
    "deep": lambda: httpx.Client(base_url="https://testserver:444/a/b/", timeout=3),
    "with fields": lambda: httpx.Client(
        base_url="http://testserver", headers={"host": "x", "a": "b"}
    ),
    "with cookies": lambda: httpx.Client(base_url="http://testserver", cookies={"a": "b"}),
    "with parameters": lambda: httpx.Client(base_url="http://testserver", params={"a": "b"}),
}


def told(request: httpx.Request) -> object:
    """All that there is to know of a request."""
    return (
        request.method,
        request.url,
        request.headers.raw,
        request.content,
        list(request.stream) if isinstance(request.stream, httpx.SyncByteStream) else None,
        request.extensions,
    )


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.parametrize("made", CLIENTS.values(), ids=CLIENTS)
def test_each_is_what_httpx_makes(
    made: Callable[[], httpx.Client], arguments: dict[str, Any]
) -> None:
    client = made()
    kept = KeptRequests(client, client.build_request)
    for url in URLS:
        for method in ("GET", "get", "POST", "HEAD", "QUERY"):
            for _ in range(2):
                expected = client.build_request(method, url, **arguments)
                assert told(kept.build(method, url, arguments)) == told(expected)


def change_base_url(client: httpx.Client) -> None:
    client.base_url = httpx.URL("http://elsewhere/a")


def change_fields(client: httpx.Client) -> None:
    client.headers["x-new"] = "1"


def change_all_fields(client: httpx.Client) -> None:
    client.headers = httpx.Headers({"x-new": "1"})


def change_cookies(client: httpx.Client) -> None:
    client.cookies.set("a", "b")


def change_parameters(client: httpx.Client) -> None:
    client.params = httpx.QueryParams({"a": "b"})


def change_timeout(client: httpx.Client) -> None:
    client.timeout = httpx.Timeout(3)


@pytest.mark.parametrize(
    "change",
    [
        *(change_base_url, change_fields, change_all_fields),
        *(change_cookies, change_parameters, change_timeout),
    ],
)
def test_what_the_client_is_told_later_counts(change: Callable[[httpx.Client], None]) -> None:
    client = CLIENTS["plain"]()
    kept = KeptRequests(client, client.build_request)
    nothing: dict[str, Any] = {}
    for arguments in (nothing, {"json": 1}):
        before = kept.build("POST", "/hello", arguments)
    change(client)
    for arguments in (nothing, {"json": 1}):
        after = kept.build("POST", "/hello", arguments)
        assert told(after) == told(client.build_request("POST", "/hello", **arguments))
        assert told(after) != told(before)


def test_each_is_one_of_its_own() -> None:
    client = CLIENTS["plain"]()
    kept = KeptRequests(client, client.build_request)
    for _ in range(3):
        request = kept.build("GET", "/hello", {})
        assert "x" not in request.headers
        assert request.extensions["timeout"]["read"] == 5
        request.headers["x"] = "y"
        request.extensions["timeout"]["read"] = 9
        request.extensions["more"] = True


def test_most_is_made_but_once() -> None:
    made: list[object] = []

    def build(method: str, url: Any, **arguments: Any) -> httpx.Request:
        made.append(url)
        return client.build_request(method, url, **arguments)

    client = CLIENTS["plain"]()
    kept = KeptRequests(client, build)
    for _ in range(3):
        kept.build("GET", "/once", {})
    assert made == ["/once"]
    kept.build("POST", "/once", {"json": 1})
    assert made == ["/once", httpx.URL("http://testserver/once")]


def test_what_another_client_has_made_is_not_made_again() -> None:
    made: list[object] = []

    def ask(client: httpx.Client) -> None:
        def build(method: str, url: Any, **arguments: Any) -> httpx.Request:
            made.append(url)
            return client.build_request(method, url, **arguments)

        told_before = told(client.build_request("GET", "/another"))
        request = KeptRequests(client, build).build("GET", "/another", {})
        assert told(request) == told_before
        request.headers["x"] = "y"

    class Other(httpx.Client): ...

    for client in (*(CLIENTS["plain"]() for _ in range(2)), CLIENTS["deep"](), Other()):
        ask(client)
    assert made == ["/another"] * 3


def test_those_of_a_long_test_do_not_pile_up() -> None:
    made: list[object] = []

    def build(method: str, url: Any, **arguments: Any) -> httpx.Request:
        made.append(url)
        return client.build_request(method, url, **arguments)

    client = CLIENTS["plain"]()
    kept = KeptRequests(client, build)
    for number in range(600):
        kept.build("GET", f"/{number}", {})
    made.clear()
    kept.build("GET", "/599", {})
    assert made == []
    for number in range(600):
        kept.build("GET", f"/{number}", {})
    assert len(made) > 300
