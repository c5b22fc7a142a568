"""The class of WebSockets by the name that applications for nggit/tremolo import it by."""

from tremolo.websocket import WebSocket

__all__ = ("WebSocket",)
