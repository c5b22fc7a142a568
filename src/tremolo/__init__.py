"""A streaming web framework and server for asyncio, uvloop and trio."""

from typing import TYPE_CHECKING

from tremolo_core._exports import exported

__all__ = (
    "Application",
    "BlockingEventStream",
    "BlockingLock",
    "BlockingRequest",
    "BlockingResponse",
    "BlockingWebSocket",
    "EventStream",
    "Lock",
    "Request",
    "Response",
    "Tremolo",
    "WebSocket",
    "__version__",
    "exceptions",
    "run",
    "serve",
    "serve_forever",
    "utils",
)

if TYPE_CHECKING:
    from . import exceptions, utils
    from ._version import __version__
    from .application import Application, Tremolo
    from .blocking import BlockingRequest, BlockingResponse
    from .blocking_locks import BlockingLock
    from .blocking_streams import BlockingEventStream
    from .blocking_websocket import BlockingWebSocket
    from .event_stream import EventStream
    from .locks import Lock
    from .request import Request
    from .response import Response
    from .serving import run, serve, serve_forever
    from .websocket import WebSocket
else:
    __getattr__, __dir__ = exported(
        __name__,
        {
            "exceptions": "",
            "utils": "",
            "_version": "__version__",
            "application": "Application Tremolo",
            "blocking": "BlockingRequest BlockingResponse",
            "blocking_locks": "BlockingLock",
            "blocking_streams": "BlockingEventStream",
            "blocking_websocket": "BlockingWebSocket",
            "event_stream": "EventStream",
            "locks": "Lock",
            "request": "Request",
            "response": "Response",
            "serving": "run serve serve_forever",
            "websocket": "WebSocket",
        },
    )
