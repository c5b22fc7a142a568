import anyio
import pytest

from tremolo.testing.left_behind import LeftBehind
from tremolo.testing.runs import Run
from tremolo_core import Headers, Request

REQUEST = Request(method=b"GET", target=b"/hello?a=b", headers=Headers())


@pytest.mark.anyio
async def test_its_end_can_be_waited_for() -> None:
    run = Run(REQUEST, ("127.0.0.1", 1), LeftBehind())
    seen = [run.over]
    async with anyio.create_task_group() as group:
        group.start_soon(run.wait)
        group.start_soon(run.wait)
        await anyio.lowlevel.checkpoint()
        run.end()
    seen.append(run.over)
    assert seen == [False, True]
    await run.wait()


def test_it_is_called_as_its_request() -> None:
    assert str(Run(REQUEST, ("127.0.0.1", 1), LeftBehind())) == "GET /hello?a=b"
