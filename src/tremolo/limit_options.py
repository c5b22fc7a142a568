"""The options that limit what peers may do, and how long.

How an application is run is said in `app_options`, how a program is in
`program_options`.
"""

from .option import Option, Spelling
from .option_values import read_duration, read_seconds, read_size, read_size_or_none

__all__ = ("LIMIT_OPTIONS",)

LIMIT_OPTIONS: tuple[Option, ...] = (
    Option(
        name="client_max_body_size",
        fields=("server.limits.body", "app.client_max_body_size"),
        read=read_size_or_none,
        unit="BYTES",
        help="how large a request's body may be, `none` for any size. By default 2097152 for a"
        " Tremolo application, and any size for an ASGI application",
    ),
    Option(
        name="ws_max_payload_size",
        fields=("server.limits.message", "app.ws_max_payload_size"),
        read=read_size_or_none,
        unit="BYTES",
        help="how large a message of a WebSocket may be, `none` for any size. By default 2097152"
        " for a Tremolo application, and 16777216 for an ASGI application",
        spellings=(Spelling(name="ws_max_size", unit="BYTES"),),
    ),
    Option(
        name="client_max_header_size",
        fields=("server.limits.head",),
        read=read_size,
        unit="BYTES",
        help="how large a request's head may be",
        spellings=(Spelling(name="h11_max_incomplete_event_size", unit="BYTES"),),
    ),
    Option(
        name="request_timeout",
        fields=("server.timeouts.head",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a request's head may take, `none` for ever",
    ),
    Option(
        name="keepalive_timeout",
        fields=("server.timeouts.keep_alive",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a connection may be idle between requests, `none` for ever",
        spellings=(Spelling(name="timeout_keep_alive", unit="SECONDS"),),
    ),
    Option(
        name="shutdown_timeout",
        fields=("server.shutdown", "app.shutdown_timeout"),
        read=read_seconds,
        unit="SECONDS",
        help="how long requests in flight may take once the server stops, and how long an"
        " application and its tasks may take to shut down after them; `none` for ever",
        spellings=(Spelling(name="timeout_graceful_shutdown", unit="SECONDS"),),
    ),
    Option(
        name="shutdown_delay",
        fields=("server.shutdown_delay",),
        read=read_duration,
        unit="SECONDS",
        help="how long connections are still accepted after the application was told that the"
        " server stops, so that a load balancer can turn away first",
    ),
    Option(
        name="app_close_timeout",
        fields=("app.app_close_timeout",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a Tremolo application's hooks for the end of a connection may take, `none`"
        " for ever",
    ),
)
