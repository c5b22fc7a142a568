"""How an application is run, as it is told."""

from typing import Any

import anyio
import pytest

from tremolo.app_options import APP_OPTIONS
from tremolo.config import Config, Option, configure
from tremolo.testing import Client
from tremolo_asgi import LifespanFailed

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "debug": (True, {"app.debug": True}),
    "root_path": ("/api", {"root_path": "/api"}),
    "lifespan": ("off", {"lifespan": "off"}),
    "startup_timeout": ("1.5", {"startup_timeout": 1.5}),
    "thread_pool_size": ("9", {"app.thread_pool_size": 9}),
    "lock_file": ("/run/locks", {"app.lock_file": "/run/locks"}),
    "buffer_size": ("9", {"app.buffer_size": 9}),
    "server_name": ("x", {"server.server_name": b"x"}),
    "server_header": (False, {"server.server_name": b""}),
    "access_log": (False, {"server.access_log": False}),
    "task_per_request": (True, {"server.task_per_request": True}),
    "date_header": (False, {"server.date": False}),
}


@each_of(APP_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)


@pytest.mark.anyio
async def test_a_start_up_that_takes_longer_has_failed() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await anyio.sleep_forever()

    with pytest.raises(LifespanFailed, match="did not start up within 0 seconds"):
        async with Client(app, startup_timeout=0):
            raise AssertionError("it was started")


def test_the_usual_server_header_can_be_asked_for() -> None:
    assert configure({"server_header": True}) == Config()
