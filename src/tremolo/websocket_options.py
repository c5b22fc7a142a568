"""The options that say whether there are WebSockets, and how they are kept.

How large their messages may be is said in `limit_options`, as it is of bodies.
"""

from .option import Option
from .option_values import read_flag, read_seconds, read_truth

__all__ = ("WEBSOCKET_OPTIONS",)

WEBSOCKET_OPTIONS: tuple[Option, ...] = (
    Option(
        name="ws",
        fields=("server.websockets",),
        read=read_flag,
        help="whether there are WebSockets; without, who asks for one is answered as anybody else",
    ),
    Option(
        name="ws_ping_interval",
        fields=("server.timeouts.ping",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a WebSocket may be silent before its client is asked whether it is there,"
        " `none` for ever",
    ),
    Option(
        name="ws_ping_timeout",
        fields=("server.timeouts.pong",),
        read=read_seconds,
        unit="SECONDS",
        help="how long the client of a WebSocket may take to say so, `none` for ever",
    ),
    Option(
        name="ws_per_message_deflate",
        fields=("ws_per_message_deflate",),
        read=read_truth,
        unit="BOOLEAN",
        help="whether the messages of an ASGI application's WebSockets are compressed, if their"
        " clients can: true or false",
    ),
)
