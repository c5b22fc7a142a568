"""What peers may do, and how long, as it is told."""

from tremolo.config import Option
from tremolo.limit_options import LIMIT_OPTIONS

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "client_max_body_size": ("9", {"server.limits.body": 9, "app.client_max_body_size": 9}),
    "ws_max_payload_size": ("9", {"server.limits.message": 9, "app.ws_max_payload_size": 9}),
    "ws_max_size": ("9", {"server.limits.message": 9, "app.ws_max_payload_size": 9}),
    "client_max_header_size": ("9", {"server.limits.head": 9}),
    "h11_max_incomplete_event_size": ("9", {"server.limits.head": 9}),
    "request_timeout": ("1.5", {"server.timeouts.head": 1.5}),
    "keepalive_timeout": ("1.5", {"server.timeouts.keep_alive": 1.5}),
    "timeout_keep_alive": ("1.5", {"server.timeouts.keep_alive": 1.5}),
    "shutdown_timeout": ("1.5", {"server.shutdown": 1.5, "app.shutdown_timeout": 1.5}),
    "body_timeout": ("1.5", {"server.timeouts.body_idle": 1.5}),
    "body_min_rate": ("9", {"server.timeouts.body_rate": 9}),
    "keepalive_connections": ("9", {"server.idle_connections": 9}),
    "max_connections": ("9", {"server.connections": 9}),
    "limit_concurrency": ("9", {"server.requests_in_flight": 9}),
    "keepalive_requests": ("9", {"server.requests_per_connection": 9}),
    "read_ahead": ("9", {"server.limits.read_ahead": 9}),
    "write_timeout": ("1.5", {"server.write_timeout": 1.5}),
    "app_handler_timeout": (
        "1.5",
        {"server.handler_timeout": 1.5, "app.app_handler_timeout": 1.5},
    ),
    "app_close_timeout": ("1.5", {"server.close_timeout": 1.5, "app.app_close_timeout": 1.5}),
    "ws_close_timeout": ("1.5", {"server.timeouts.close": 1.5}),
    "download_rate": ("1000", {"server.pace.download": 1000}),
    "upload_rate": ("2000", {"server.pace.upload": 2000}),
    "rate_burst": ("0.5", {"server.pace.burst": 0.5}),
    "shutdown_delay": ("1.5", {"server.shutdown_delay": 1.5}),
    "timeout_graceful_shutdown": ("1.5", {"server.shutdown": 1.5, "app.shutdown_timeout": 1.5}),
}


@each_of(LIMIT_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)
