"""Settings by the names that applications find them under."""

from tremolo.settings import AppSettings


def test_the_defaults() -> None:
    assert AppSettings().by_name() == {
        "debug": False,
        "buffer_size": 16384,
        "client_max_body_size": 2 * 1024 * 1024,
        "ws_max_payload_size": 2 * 1024 * 1024,
        "lock_file": None,
        "app_handler_timeout": 120.0,
        "thread_pool_size": 5,
        "shutdown_timeout": 30.0,
        "app_close_timeout": 30.0,
    }
