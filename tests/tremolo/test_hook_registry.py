"""Every form in which middlewares and hooks are registered."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cases import for_each
from tremolo import Tremolo

from .asking import ask, ask_all

pytestmark = pytest.mark.anyio

Register = Callable[[Tremolo, Any], Any]


async def answer(prefix: tuple[bytes, ...]) -> str:
    return f"answered {prefix}"


async def hello() -> str:
    return "hello"


def after(add: Callable[..., None], func: Any, *rest: object) -> Any:
    add(func, *rest)
    return func


MIDDLEWARES: list[Register] = [
    lambda app, func: app.on_request(func),
    lambda app, func: app.on_request(priority=1)(func),
    lambda app, func: app.on_response(func),
    lambda app, func: app.on_response(priority=1)(func),
    lambda app, func: app.middleware("request")(func),
    lambda app, func: app.middleware("request", func),
    lambda app, func: app.middleware("response", priority=1)(func),
    lambda app, func: after(app.add_middleware, func),
    lambda app, func: after(app.add_middleware, func, "response", 5),
]


@for_each("register", MIDDLEWARES)
async def test_middlewares(register: Register) -> None:
    app = Tremolo()
    app.add_route(hello)
    assert register(app, answer) is answer
    assert (await ask(app)).text == "answered ()"


async def test_middlewares_of_a_prefix() -> None:
    app = Tremolo()
    app.add_route(hello, "/{rest:path}")
    app.add_middleware(answer, prefix=(b"api",))
    answers = await ask_all(app, b"/api/x", b"/x")
    assert [answer.text for answer in answers] == ["answered (b'api',)", "hello"]


async def test_priorities_decide() -> None:
    app = Tremolo()
    app.add_route(hello)

    @app.on_request(priority=2)
    async def second() -> str:
        return "second"

    @app.on_request(priority=1)
    async def first() -> str:
        return "first"

    assert (await ask(app)).text == "first"


HOOKS: list[Register] = [
    lambda app, func: app.on_worker_start(func),
    lambda app, func: app.on_worker_start(priority=1)(func),
    lambda app, func: app.on_worker_stop(func),
    lambda app, func: app.on_worker_stop(priority=1)(func),
    lambda app, func: app.hook("worker_start")(func),
    lambda app, func: app.hook("worker_stop", func, priority=1),
    lambda app, func: after(app.add_hook, func),
    lambda app, func: after(app.add_hook, func, "worker_stop", 5),
]


@for_each("register", HOOKS)
async def test_hooks(register: Register) -> None:
    app = Tremolo()
    ran: list[dict[str, object]] = []

    async def hook(**given: object) -> None:
        ran.append(given)

    assert register(app, hook) is hook
    async with app.build().lifespan():
        pass
    (given,) = ran
    assert set(given) == {"app", "context", "globals", "logger", "loop"}
    assert given["context"] is given["globals"] is app.context


def test_requests_have_more_to_give_than_hooks() -> None:
    async def hook(request: object) -> None: ...

    with pytest.raises(TypeError, match="'request'"):
        Tremolo().on_worker_start(hook)
