"""A function is called where it belongs, with what it names."""

import functools
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Any

import pytest

from tremolo import BlockingRequest, BlockingResponse, Request, Response
from tremolo.calling import call
from tremolo.injection import plan_call
from tremolo.threads import Threads

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


@pytest.fixture
def available() -> dict[str, Any]:
    exchange = FakeExchange()
    return {
        "app": "the app",
        "request": Request(exchange, body_limit=None, buffer_size=4),
        "response": Response(exchange),
    }


async def result_of(func: Any, available: dict[str, Any]) -> Any:
    return await call(plan_call(func, provided=tuple(available)), available, Threads(1))


async def test_a_coroutine_function_on_the_loop(available: dict[str, Any]) -> None:
    async def handler(request: Request, app: str) -> object:
        return threading.get_ident(), request, app

    assert await result_of(handler, available) == (
        threading.get_ident(),
        available["request"],
        "the app",
    )


async def test_a_plain_function_in_a_thread(available: dict[str, Any]) -> None:
    def handler(request: BlockingRequest, response: BlockingResponse, app: str) -> object:
        return threading.get_ident(), type(request), type(response), app

    thread, *rest = await result_of(handler, available)
    assert thread != threading.get_ident()
    assert rest == [BlockingRequest, BlockingResponse, "the app"]


async def test_a_generator_is_only_made(available: dict[str, Any]) -> None:
    def handler(request: BlockingRequest) -> Generator[object, None, None]:
        yield request

    generator = await result_of(handler, available)
    assert isinstance(generator, Generator)
    assert isinstance(next(generator), BlockingRequest)
    generator.close()


async def test_an_asynchronous_generator_is_only_made(available: dict[str, Any]) -> None:
    async def handler(request: Request) -> AsyncGenerator[object, None]:
        yield request

    generator = await result_of(handler, available)
    assert isinstance(generator, AsyncGenerator)
    assert await anext(generator) is available["request"]
    await generator.aclose()


async def test_a_plain_decorator_around_a_coroutine_function(available: dict[str, Any]) -> None:
    async def handler(request: Request) -> object:
        return request

    @functools.wraps(handler)
    def wrapper(**kwargs: Any) -> Any:
        return handler(**kwargs)

    assert await result_of(wrapper, available) is available["request"]


async def test_a_plain_decorator_may_answer_itself(available: dict[str, Any]) -> None:
    async def handler(request: Request) -> object:
        return request

    @functools.wraps(handler)
    def wrapper(**kwargs: Any) -> Any:
        return b"no"

    assert await result_of(wrapper, available) == b"no"


async def test_an_awaitable_that_a_plain_function_returns(available: dict[str, Any]) -> None:
    async def handler(app: str) -> str:
        return app

    assert await result_of(lambda app: handler(app), available) == "the app"
