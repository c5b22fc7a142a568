"""A streaming web framework and server for asyncio, uvloop and trio."""

from . import exceptions, utils
from ._version import __version__
from .application import Application
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

Tremolo = Application
