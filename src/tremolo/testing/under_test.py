"""Finds the handler of what a test is about: an application, or a handler itself.

Whether an object is an application, and of which kind, is decided in
`tremolo.loader`.
"""

import inspect
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeGuard

from tremolo.application import Application
from tremolo.config import Config, configure
from tremolo.dispatcher import Dispatcher
from tremolo.loader import NotAnApplication, handler_for
from tremolo_asgi import ASGIApplication, AsgiHandler
from tremolo_core import value
from tremolo_transport import ServerSettings
from tremolo_transport.exchange import Handler

__all__ = ("Testable", "UnderTest", "find_handler")

Testable: TypeAlias = Application | ASGIApplication | Handler
"""What can be tested: a Tremolo application, one that speaks ASGI 3, or a handler of exchanges."""

_HIDES: Final = {"app_close_timeout": "close_timeout", "write_timeout": "write_timeout"}
"""Options without which a server would hide what the harness looks for, and their settings."""


_MOST_KEPT: Final = 32
"""Configurations that are not made again."""

_HEED_ASGI: Final = (
    "Have it look for `http.disconnect` or `websocket.disconnect` from `receive()` while it works,"
    " as Starlette's `request.is_disconnected()` does"
)
_HEED_REQUEST: Final = (
    "Let it run inside `request.exchange.cancelled_on_disconnect()`, or look at"
    " `request.exchange.disconnected`; sending to a client that has left raises ClientDisconnected"
)
_HEED_EXCHANGE: Final = (
    "Let it run inside `exchange.cancelled_on_disconnect()`, or look at what tells that the client"
    " has left: ConnectionClosed or `exchange.disconnected`"
)


@value
class UnderTest:
    """A handler, what its server is told, and where it logs."""

    handler: Handler
    settings: ServerSettings
    loggers: tuple[logging.Logger, ...]

    @property
    def advice(self) -> str:
        """How such a handler can end when its client has left, as a sentence without its point."""
        match self.handler:
            case AsgiHandler():
                return _HEED_ASGI
            case Dispatcher():
                return _HEED_REQUEST
            case _:
                return _HEED_EXCHANGE


def find_handler(app: Testable, options: Mapping[str, Any]) -> UnderTest:
    """The handler of `app`, with the options by name that `tremolo.serve` takes.

    Unless they are given, there is no limit on the time for a handler whose client has left, nor
    for a client that reads slowly: the server would hide what the harness looks for.

    Raises ConfigError, a ValueError, for an option that cannot be, and
    NotAnApplication, a TypeError, for such an `app`.
    """
    config, settings = _configured(options)
    loggers = (app.logger,) if isinstance(app, Application) else ()
    try:
        handler = handler_for(app, config)
    except NotAnApplication:
        if not _is_handler(app):
            raise
        handler = app
    return UnderTest(handler=handler, settings=settings, loggers=loggers)


def _configured(options: Mapping[str, Any]) -> tuple[Config, ServerSettings]:
    # To make them for each client would be a tenth of what that costs, and a test's are those of
    # the one before it. 1 and True are equal, and not the same.
    told = tuple((name, type(value), value) for name, value in options.items())
    try:
        return _kept(told)
    except TypeError:  # A list, such as of sockets, is no key.
        return _made(told)


def _made(told: tuple[tuple[str, type, Any], ...]) -> tuple[Config, ServerSettings]:
    options = {name: value for name, _, value in told}
    config = configure(options)
    off: dict[str, Any] = {field: None for option, field in _HIDES.items() if option not in options}
    return config, replace(config.server, **off)


_kept = lru_cache(_MOST_KEPT)(_made)


def _is_handler(app: object) -> TypeGuard[Handler]:
    """Whether `app` can be called with an exchange, and nothing else."""
    if not callable(app):
        return False
    try:
        inspect.signature(app).bind(None)
    except (TypeError, ValueError):
        return False
    return True
