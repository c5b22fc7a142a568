from typing import Any

import pytest

from tremolo import Application
from tremolo.loader import NotAnApplication
from tremolo.testing.under_test import find_handler
from tremolo_asgi import AsgiHandler
from tremolo_transport.exchange import Exchange

from .handlers import hello


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


class ManagedHandler:
    async def __call__(self, exchange: Exchange, /) -> None: ...

    def lifespan(self) -> Any: ...


def test_an_application_of_the_framework_is_built() -> None:
    app = Application("shop")
    found = find_handler(app, {"keepalive_timeout": 3})
    assert type(found.handler).__name__ == "Dispatcher"
    assert found.loggers == (app.logger,)
    assert found.settings.timeouts.keep_alive == 3


def test_an_asgi_application_gets_its_handler() -> None:
    found = find_handler(asgi, {})
    assert isinstance(found.handler, AsgiHandler)
    assert found.loggers == ()


@pytest.mark.parametrize("handler", [hello, ManagedHandler(), AsgiHandler(asgi)])
def test_a_handler_is_one(handler: Any) -> None:
    assert find_handler(handler, {}).handler is handler


@pytest.mark.parametrize("app", [None, "module:app", lambda: None, lambda one, other: None])
def test_anything_else_is_refused(app: Any) -> None:
    with pytest.raises(NotAnApplication):
        find_handler(app, {})


def test_an_option_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        find_handler(hello, {"nonsense": 1})


@pytest.mark.parametrize(
    ("app", "named"),
    [
        (asgi, "`http.disconnect`"),
        (Application(), "`request.exchange.cancelled_on_disconnect()`"),
        (hello, "`exchange.cancelled_on_disconnect()`"),
    ],
    ids=["ASGI", "the framework", "a handler"],
)
def test_what_it_can_do_when_its_client_has_left_is_told_in_its_words(app: Any, named: str) -> None:
    assert named in find_handler(app, {}).advice
