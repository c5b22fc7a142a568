"""HTTP/1.1 for servers without I/O: bytes and time in, events out; events in, bytes out."""

from ._values import value
from .connection import Closing, Connection
from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from .events import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    InformationalResponse,
    Request,
    Response,
    Signal,
)
from .headers import Headers
from .limits import Limits, Timeouts
from .states import State

__all__ = (
    "Closing",
    "Connection",
    "ConnectionClosed",
    "Data",
    "EndOfMessage",
    "Event",
    "Headers",
    "InformationalResponse",
    "Limits",
    "LocalProtocolError",
    "ProtocolError",
    "RemoteProtocolError",
    "Request",
    "Response",
    "Signal",
    "State",
    "Timeouts",
    "value",
)
