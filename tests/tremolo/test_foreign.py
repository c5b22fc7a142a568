"""Handlers of exchanges below a prefix."""

import pickle
from typing import Any

import pytest

from tremolo import Request, Tremolo
from tremolo.foreign import Foreign, handler_of
from tremolo_transport.exchange import Exchange

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


async def raw(exchange: Exchange) -> None:
    await exchange.respond(203, body=exchange.request.target)


@pytest.mark.parametrize("target", [b"/raw", b"/raw/", b"/raw/x/y?q", b"/raw/%2e%2e//x"])
async def test_it_answers_whatever_is_below_the_prefix(target: bytes) -> None:
    app = Tremolo()
    app.mount("/raw", raw)
    exchange = FakeExchange(target, method=b"PATCH")
    await app.build()(exchange)
    assert (exchange.status, exchange.body) == (203, target)


@pytest.mark.parametrize("target", [b"/", b"/rawx", b"/x/raw"])
async def test_and_nothing_else(target: bytes) -> None:
    app = Tremolo()
    app.mount("/raw", raw)
    exchange = FakeExchange(target)
    await app.build()(exchange)
    assert exchange.status == 404


async def test_middlewares_for_requests_run_before_it() -> None:
    app = Tremolo()

    @app.on_request
    async def refuse(request: Request) -> str | None:
        return "no" if request.query_string == b"no" else None

    app.mount("/raw", raw)
    handle = app.build()
    refused, answered = FakeExchange(b"/raw?no"), FakeExchange(b"/raw?yes")
    await handle(refused)
    await handle(answered)
    assert (refused.body, answered.body) == (b"no", b"/raw?yes")


@pytest.mark.parametrize("app", [object(), "module:app", None, lambda: None, lambda a, b: None])
def test_what_cannot_be_mounted(app: Any) -> None:
    with pytest.raises(ValueError, match="what is mounted is"):
        Tremolo().mount("/x", app)


def test_a_handler_is_taken_as_it_is() -> None:
    assert handler_of(raw) is raw
    assert isinstance(pickle.loads(pickle.dumps(Foreign(raw))), Foreign)
