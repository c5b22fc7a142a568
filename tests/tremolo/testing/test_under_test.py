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


def test_the_same_options_are_read_once_and_others_are_not_taken_for_them() -> None:
    def settings(**options: Any) -> Any:
        return find_handler(hello, options).settings

    assert settings(keepalive_timeout=3, date_header=False) is settings(
        keepalive_timeout=3, date_header=False
    )
    assert settings(keepalive_timeout=4).timeouts.keep_alive == 4
    assert settings(keepalive_timeout=3).timeouts.keep_alive == 3
    assert settings(date_header=False).date is False
    assert settings(backlog=1) == settings(backlog=1)
    with pytest.raises(ValueError, match="backlog"):
        settings(backlog=True)


def test_options_that_cannot_be_kept_are_read_each_time() -> None:
    found = find_handler(hello, {"forwarded_allow_ips": ["127.0.0.1"]})
    assert found.handler is hello
