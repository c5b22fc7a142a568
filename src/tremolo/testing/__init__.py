"""Tests an application without sockets: a client, a clock and hostile peers."""

from .client import Client
from .clock import Clock
from .errors import Misbehaviour
from .event_decoder import ServerSentEvent
from .event_source import EventSource, SyncEventSource
from .hostile import abort_everywhere, slow_reader, split_everywhere
from .sync_client import SyncClient
from .sync_websocket import SyncWebSocketSession
from .websocket import WebSocketClosed, WebSocketSession
from .websocket_handshake import WebSocketRefused
from .wire import Answer, Wire

__all__ = (
    "Answer",
    "Client",
    "Clock",
    "EventSource",
    "Misbehaviour",
    "ServerSentEvent",
    "SyncClient",
    "SyncEventSource",
    "SyncWebSocketSession",
    "WebSocketClosed",
    "WebSocketRefused",
    "WebSocketSession",
    "Wire",
    "abort_everywhere",
    "slow_reader",
    "split_everywhere",
)
