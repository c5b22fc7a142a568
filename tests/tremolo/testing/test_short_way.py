"""Whatever is asked, the answer must be what httpx itself would return."""

import gzip
import logging
import pickle
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tremolo.testing import Client, SyncClient
from tremolo.testing.pool import Pool
from tremolo.testing.short_way import WholeResponse, add_to_elapsed
from tremolo.testing.transport import Transport
from tremolo_core import Data, EndOfMessage, Response
from tremolo_transport.exchange import Exchange

from .handlers import CHUNKED, show

pytestmark = pytest.mark.anyio


async def handler(exchange: Exchange) -> None:
    target = exchange.request.target
    match target:
        case b"/redirect":
            await exchange.respond(302, [(b"location", b"/there")], b"gone")
        case b"/moved-nowhere":
            await exchange.respond(301, (), b"gone")
        case b"/cookie":
            await exchange.respond(200, [(b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")], b"c")
        case b"/coded":
            fields = [(b"content-encoding", b"gzip")]
            await exchange.respond(200, fields, gzip.compress(b"plain"))
        case b"/chunks":
            await exchange.send(Response(status=200, headers=CHUNKED))
            await exchange.send(Data(data=b"one"), Data(data=b"two"))
            await exchange.send(EndOfMessage())
        case b"/empty":
            await exchange.respond(204)
        case b"/latin":
            fields = [(b"content-type", b"text/plain; charset=iso-8859-1")]
            await exchange.respond(404, fields, "é".encode("latin-1"))
        case b"/nothing":
            await exchange.respond(200)
        case b"/refused":
            await exchange.respond(401, [(b"www-authenticate", b"Basic")], b"who?")
        case _:
            await show(exchange)


TARGETS = (
    *("/redirect", "/moved-nowhere", "/cookie", "/coded", "/chunks", "/empty", "/latin"),
    *("/nothing", "/refused", "/there?a=b"),
)
METHODS = ("GET", "HEAD", "POST", "DELETE")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "fields": {"headers": {"x": "y"}},
    "json": {"json": [1]},
    "credentials": {"auth": ("user", "word")},
    "to the end": {"follow_redirects": True},
}


def told(response: httpx.Response, *, deep: bool = True) -> list[object]:
    """All that a response tells."""
    request = response.request
    return [
        response.status_code,
        [each for each in response.headers.raw if each[0] != b"date"],
        response.content,
        response.text,
        response.http_version,
        response.reason_phrase,
        {name: value for name, value in response.extensions.items() if "tremolo" not in name},
        response.is_closed,
        response.is_stream_consumed,
        response.num_bytes_downloaded,
        response.encoding,
        response.url,
        (request.method, request.url, request.headers.raw, sorted(request.extensions)),
        response.elapsed.total_seconds() > 0,
        [told(each, deep=False) for each in response.history] if deep else [],
        None if response.next_request is None else response.next_request.url,
        [bytes(each) for each in response.iter_bytes(3)] if deep else [],
        repr(response),
    ]


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
async def test_each_answer_is_what_httpx_returns(arguments: dict[str, Any]) -> None:
    async with Client(handler) as client:
        theirs = httpx.AsyncClient(
            transport=Transport(Pool(client.harness)),
            base_url="http://testserver",
            timeout=None,
            trust_env=False,
        )
        for target in TARGETS:
            for method in METHODS:
                expected = await theirs.request(method, target, **arguments)
                assert told(await client.request(method, target, **arguments)) == told(expected)
        assert dict(client.cookies) == dict(theirs.cookies) == {"a": "b", "c": "d"}
        await theirs.aclose()


def test_also_without_await() -> None:
    with SyncClient(handler) as client:
        assert [client.get(target).status_code for target in TARGETS] == [
            *(302, 301, 200, 200, 200, 204, 404, 200, 401, 200),
        ]
        assert client.get("/coded").text == "plain"
        assert client.get("/chunks").text == "onetwo"
        assert dict(client.cookies) == {"a": "b", "c": "d"}
        response = client.get("/redirect", follow_redirects=True)
        assert [each.text for each in response.history] == ["gone"]
        assert response.text.startswith("GET /there")


async def test_most_answers_go_the_short_way() -> None:
    async with Client(handler) as client:
        for target in ("/latin", "/nothing", "/refused", "/there", "/moved-nowhere"):
            assert isinstance(await client.get(target), WholeResponse)
        for target in ("/redirect", "/cookie", "/coded", "/chunks"):
            assert not isinstance(await client.get(target), WholeResponse)


async def test_hooks_see_each_request() -> None:
    seen: list[str] = []

    async def note(message: httpx.Request | httpx.Response) -> None:
        seen.append(type(message).__name__)

    async with Client(handler) as client:
        for kind in ("request", "response"):
            client.event_hooks = {kind: [note]}
            await client.get("/there")
    assert seen == ["Request", "Response"]


async def test_credentials_of_the_client_and_of_the_url_are_sent() -> None:
    async with Client(handler, auth=("user", "word")) as client:
        assert "authorization: Basic" in (await client.get("/there")).text
    async with Client(handler) as client:
        assert "authorization" not in (await client.get("/there")).text
        assert "authorization: Basic" in (await client.get("http://user:word@host/there")).text


async def test_a_request_of_the_tests_own_waits_as_long_as_the_client_would() -> None:
    async with Client(handler) as client:
        request = httpx.Request("GET", "http://testserver/there")
        response = await client.send(request)
        assert response.text.startswith("GET /there")
        assert "timeout" in request.extensions


async def test_httpx_tells_of_a_request_where_that_is_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Client(handler) as client:
        await client.get("/there")
        assert not caplog.records
        with caplog.at_level(logging.INFO, logger="httpx"):
            await client.get("/there")
    assert "GET http://testserver/there" in caplog.text


async def test_a_client_that_was_left_says_so() -> None:
    async with Client(handler) as client:
        pass
    with pytest.raises(RuntimeError, match="closed"):
        await client.get("/there")


async def test_the_fields_of_each_response_are_its_own() -> None:
    async with Client(handler) as client:
        for _ in range(2):
            response = await client.get("/nothing")
            assert "x" not in response.headers
            response.headers["x"] = "y"


async def test_a_response_can_be_stored() -> None:
    async with Client(handler) as client:
        response = await client.get("/there")
    again = pickle.loads(pickle.dumps(response))
    assert (again.text, again.status_code) == (response.text, 200)
    assert [part async for part in response.aiter_bytes()] == [response.content]
    assert response.read() is await response.aread() is response.content


def test_time_before_httpx_was_asked_counts_where_it_was_spent() -> None:
    first, last = httpx.Response(302), httpx.Response(200)
    first.elapsed = last.elapsed = timedelta(seconds=1)
    assert add_to_elapsed(last, 2) is last
    assert last.elapsed == timedelta(seconds=3)
    last.history = [first]
    add_to_elapsed(last, 4)
    assert (first.elapsed, last.elapsed) == (timedelta(seconds=5), timedelta(seconds=3))
