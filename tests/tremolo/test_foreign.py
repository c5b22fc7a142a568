"""Handlers of exchanges below a prefix."""

import pickle
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any

import pytest

from tremolo import Request, Tremolo
from tremolo.foreign import Foreign, handler_of, lives
from tremolo_asgi import AsgiHandler
from tremolo_transport.exchange import Exchange

from .asking import ask_all

pytestmark = pytest.mark.anyio


async def raw(exchange: Exchange) -> None:
    await exchange.respond(203, body=exchange.request.target)


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 203})
    told = f"{scope['root_path']} {scope['path']}"
    await send({"type": "http.response.body", "body": told.encode()})


async def test_an_asgi_application_is_told_where_it_is() -> None:
    app = Tremolo()
    app.mount("/raw", asgi)
    targets = b"/raw", b"/raw/", b"/raw/x%2Fy/?q", b"//raw/x", b"/r%61w//x"
    answers = await ask_all(app, *targets)
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (203, "/raw /raw"),
        (203, "/raw /raw/"),
        (203, "/raw /raw/x/y/"),
        (203, "/raw /raw/x"),
        (203, "/raw /raw//x"),
    ]


variable: ContextVar[str] = ContextVar("variable")


class Living:
    """A handler with a life of its own."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def __call__(self, exchange: Exchange) -> None: ...

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[Context]:
        self.steps.append("up")
        context = copy_context()
        context.run(variable.set, "set by start-up")
        yield context
        self.steps.append("down")


async def test_a_life_is_lived_once_and_what_it_sets_is_seen() -> None:
    living = Living()
    async with lives([living, raw, living]):
        assert living.steps == ["up"]
        assert variable.get() == "set by start-up"
    assert living.steps == ["up", "down"]


async def test_it_answers_whatever_is_below_the_prefix_and_nothing_else() -> None:
    app = Tremolo()
    app.mount("/raw", raw)
    below = b"/raw", b"/raw/", b"/raw/x/y?q", b"/raw/%2e%2e//x"
    answers = await ask_all(app, *below, b"/", b"/rawx", b"/x/raw", method="PATCH")
    assert [answer.status_code for answer in answers] == [203] * 4 + [404] * 3
    assert [answer.content for answer in answers[:4]] == [*below]


async def test_middlewares_for_requests_run_before_it() -> None:
    app = Tremolo()

    @app.on_request
    async def refuse(request: Request) -> str | None:
        return "no" if request.query_string == b"no" else None

    app.mount("/raw", raw)
    answers = await ask_all(app, b"/raw?no", b"/raw?yes")
    assert [answer.text for answer in answers] == ["no", "/raw?yes"]


@pytest.mark.parametrize("app", [object(), "module:app", None, lambda: None, lambda a, b: None])
def test_what_cannot_be_mounted(app: Any) -> None:
    with pytest.raises(ValueError, match="what is mounted is"):
        Tremolo().mount("/x", app)


def test_a_handler_is_taken_as_it_is() -> None:
    assert handler_of(raw) is raw
    wrapped = AsgiHandler(asgi)
    assert handler_of(wrapped) is wrapped
    assert isinstance(handler_of(asgi), AsgiHandler)
    assert isinstance(pickle.loads(pickle.dumps(Foreign(raw))), Foreign)
