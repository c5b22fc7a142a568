"""The options that limit what peers may do, and how long.

How an application is run is said in `app_options`, how a program is in
`program_options`.
"""

from .option import Option, Spelling
from .option_values import read_count, read_duration, read_seconds, read_size, read_size_or_none

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
        name="body_timeout",
        fields=("server.timeouts.body_idle",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a client may pause in the middle of a body that is waited for, `none` for"
        " ever",
    ),
    Option(
        name="body_min_rate",
        fields=("server.timeouts.body_rate",),
        read=read_size_or_none,
        unit="BYTES",
        help="how many bytes a second of a body that is waited for are to come, after"
        " --body-timeout; `none` for however few",
    ),
    Option(
        name="max_connections",
        fields=("server.connections",),
        read=read_count,
        unit="NUMBER",
        help="how many connections a process has at a time; others wait to be accepted. By default"
        " there is no limit",
    ),
    Option(
        name="keepalive_connections",
        fields=("server.idle_connections",),
        read=read_count,
        unit="NUMBER",
        help="how many connections of a process may wait for another request; beyond that, those"
        " are closed that have waited longest. By default there is no limit",
    ),
    Option(
        name="limit_concurrency",
        fields=("server.requests_in_flight",),
        read=read_count,
        unit="NUMBER",
        help="how many requests a process handles at a time; others wait a second and are then"
        " answered with 503. By default there is no limit",
    ),
    Option(
        name="keepalive_requests",
        fields=("server.requests_per_connection",),
        read=read_count,
        unit="NUMBER",
        help="after how many requests a connection is closed. By default there is no limit",
    ),
    Option(
        name="read_ahead",
        fields=("server.limits.read_ahead",),
        read=read_size,
        unit="BYTES",
        help="how much of what a client sends waits in memory until it is asked for, about",
    ),
    Option(
        name="write_timeout",
        fields=("server.write_timeout",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a client may take nothing of what it is sent, `none` for ever",
    ),
    Option(
        name="app_handler_timeout",
        fields=("server.handler_timeout", "app.app_handler_timeout"),
        read=read_seconds,
        unit="SECONDS",
        help="how long the answer to a request may take before it is given up with 503, `none` for"
        " ever. By default 120 for a Tremolo application, and for ever for an ASGI application;"
        " WebSockets have no limit",
    ),
    Option(
        name="app_close_timeout",
        fields=("server.close_timeout", "app.app_close_timeout"),
        read=read_seconds,
        unit="SECONDS",
        help="how long a request may still be handled when its client has left, and how long the"
        " hooks of a Tremolo application for a connection's end may take; `none` for ever",
    ),
    Option(
        name="ws_close_timeout",
        fields=("server.timeouts.close",),
        read=read_seconds,
        unit="SECONDS",
        help="how long the client may take to answer the closing of a WebSocket, `none` for ever",
    ),
    Option(
        name="download_rate",
        fields=("server.pace.download",),
        read=read_size_or_none,
        unit="BYTES",
        help="how many bytes of answers each connection may be sent per second; `none` or 0 for"
        " any number",
    ),
    Option(
        name="upload_rate",
        fields=("server.pace.upload",),
        read=read_size_or_none,
        unit="BYTES",
        help="how many bytes of requests' bodies are read per second from each connection;"
        " `none` or 0 for any number",
    ),
    Option(
        name="rate_burst",
        fields=("server.pace.burst",),
        read=read_duration,
        unit="SECONDS",
        help="how many seconds of a rate may go at once, in the beginning or after a pause",
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
)
