"""A streaming web framework and server for asyncio, uvloop and trio."""

from . import exceptions
from ._version import __version__
from .application import Application
from .blocking import BlockingRequest, BlockingResponse
from .blocking_streams import BlockingEventStream
from .event_stream import EventStream
from .request import Request
from .response import Response
from .serving import run, serve

__all__ = (
    "Application",
    "BlockingEventStream",
    "BlockingRequest",
    "BlockingResponse",
    "EventStream",
    "Request",
    "Response",
    "Tremolo",
    "__version__",
    "exceptions",
    "run",
    "serve",
)

Tremolo = Application
