"""Hooks for the beginning and the end of connections."""

import logging
from typing import Any

import anyio
import pytest

from tremolo import Application, Tremolo
from tremolo.contexts import ConnectionContext
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

CLOSE = {"connection": "close"}
"""What a request says after which the connection ends."""


async def test_they_run_once_for_a_connection_around_its_requests() -> None:
    app, seen, ended = Tremolo(), list[str](), anyio.Event()

    @app.on_connect
    async def connect(context: ConnectionContext) -> None:
        context.user = "me"
        seen.append("connect")

    @app.on_close
    async def close(context: ConnectionContext) -> None:
        seen.append(f"close {context.user}")
        ended.set()

    @app.route("/")
    async def handler(context: ConnectionContext) -> str:
        seen.append("request")
        return str(context.user)

    async with Client(app) as client:
        assert (await client.get("/")).text == "me"
        assert (await client.get("/", headers=CLOSE)).text == "me"
        await ended.wait()
    assert seen == ["connect", "request", "request", "close me"]


async def test_their_order_and_what_is_given() -> None:
    app, seen, ended = Tremolo(), list[str](), anyio.Event()
    given: dict[str, Any] = {}

    @app.on_close(priority=1000)
    async def last() -> None:
        ended.set()

    for name in ("one", "two"):

        @app.on_connect
        async def connect(name: str = name, **server: Any) -> None:
            given.update(server)
            seen.append(f"connect {name}")

        @app.hook("close")
        def close(name: str = name) -> bool:
            seen.append(f"close {name}")
            return True

    @app.on_connect(priority=1)
    def first(app: Application) -> None:
        seen.append("connect first")

    app.add_route(lambda: "hello", "/")
    async with Client(app, tcp=True) as client:
        await client.get("/", headers=CLOSE)
        await ended.wait()
    assert seen == ["connect first", "connect one", "connect two", "close two", "close one"]
    assert set(given) == {
        *("app", "context", "fileno", "globals", "logger", "loop", "request"),
    }
    assert given["request"] is None
    assert given["app"] is app
    assert given["globals"] is app.context
    assert given["fileno"] >= 0


async def test_a_true_result_stops_the_others_for_a_connection() -> None:
    app, seen = Tremolo(), list[str]()

    @app.on_connect
    async def one() -> bool:
        seen.append("one")
        return True

    @app.on_connect
    async def two() -> None:
        seen.append("two")

    app.add_route(lambda: "hello", "/")
    async with Client(app) as client:
        assert (await client.get("/")).text == "hello"
    assert seen == ["one"]


async def test_what_one_raises_is_the_answer_and_it_runs_again() -> None:
    app, seen = Tremolo(), list[str]()

    @app.on_connect
    async def connect() -> None:
        seen.append("connect")
        if len(seen) == 1:
            raise ValueError("not yet")

    app.add_route(lambda: "hello", "/")
    async with Client(app, raise_server_exceptions=False) as client:
        answers = [(await client.get("/")).text for _ in range(3)]
    assert answers == ["Internal Server Error", "hello", "hello"]
    assert seen == ["connect", "connect"]


async def test_hooks_for_the_end_have_their_time_and_none_keeps_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app, ended = Tremolo(), anyio.Event()

    @app.on_close(priority=1)
    async def failing() -> None:
        raise ValueError("the reason")

    @app.on_close(priority=2)
    async def second() -> None:
        ended.set()

    @app.on_close(priority=3)
    async def slow() -> None:
        await anyio.sleep_forever()

    app.add_route(lambda: "hello", "/")
    ours = Client(app, raise_server_exceptions=False, app_close_timeout=0.05)
    async with ours as client:
        await client.get("/", headers=CLOSE)
        await ended.wait()
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert len(errors) == 2
    assert "failing failed, for a connection that has ended" in errors[0]
    assert "took longer than 0.05 s" in errors[1]


async def test_a_server_that_stops_waits_for_hooks_for_the_end() -> None:
    app, seen = Tremolo(), list[str]()

    @app.on_close
    async def close() -> None:
        await anyio.lowlevel.checkpoint()
        seen.append("close")

    @app.on_worker_stop
    async def stop() -> None:
        seen.append("stop")

    app.add_route(lambda: "hello", "/")
    async with Client(app, tcp=True) as client:
        await client.get("/")
    assert seen == ["close", "stop"]


async def test_what_is_the_same_for_a_connection_is_so_for_its_requests_alone() -> None:
    app, seen = Tremolo(), list[dict[str, Any]]()

    @app.route("/")
    async def handler(**server: Any) -> None:
        seen.append(server)

    async with Client(app) as client:
        for headers in ({}, CLOSE, {}):
            await client.get("/", headers=headers)
    one, same, other = seen
    assert one["context"] is same["context"] is not other["context"]
    assert one["request"] is not same["request"]
    assert one["lock"] is not same["lock"]
    assert {*one} == {*same} == {*other}
