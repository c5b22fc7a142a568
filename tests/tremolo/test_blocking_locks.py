"""Locks in plain functions."""

import pytest

from tremolo import Tremolo
from tremolo.blocking_locks import BlockingLock
from tremolo.testing import Client

pytestmark = pytest.mark.anyio


async def test_a_plain_function_uses_a_lock() -> None:
    app = Tremolo()

    @app.route("/")
    def index(lock: BlockingLock) -> str:
        with lock as same:
            assert same is lock
            assert lock.held
            with lock("a") as other:
                assert (other.name, other.held) == ("a", True)
                with pytest.raises(TimeoutError):
                    lock("a").acquire(timeout=0)
            with pytest.raises(TimeoutError), lock("b"), lock("b", timeout=0):
                pass
        lock.acquire()
        lock.release()
        return f"{lock.name!r} {lock.held}"

    async with Client(app) as client:
        assert (await client.get("/")).text == "0 False"
        assert (await client.get("/")).text == "0 False"
