"""Start-up and shutdown of applications that can, cannot, fail, hang, or do it wrong."""

import contextvars
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from tremolo_asgi import LifespanFailed, LifespanMode, LifespanTimeouts, MessageError
from tremolo_asgi.causes import NEEDS_ASYNCIO
from tremolo_asgi.lifespan import Lifespan

pytestmark = pytest.mark.anyio

STARTED = {"type": "lifespan.startup.complete"}
STOPPED = {"type": "lifespan.shutdown.complete"}

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def life(
    app: Any,
    mode: LifespanMode = "auto",
    *,
    timeouts: LifespanTimeouts | None = None,
    state: dict[str, Any] | None = None,
) -> Lifespan:
    return Lifespan(
        app,
        mode=mode,
        timeouts=timeouts or LifespanTimeouts(),
        state={} if state is None else state,
    )


def recorded(
    body: Callable[[Any, Any, Any], Awaitable[None]], steps: list[object]
) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """The same application, which notes what it receives and when it ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def noted() -> Any:
            message = await receive()
            steps.append(message["type"])
            return message

        try:
            await body(scope, noted, send)
        finally:
            steps.append("end")

    return app


async def good(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "lifespan"
    await receive()
    variable.set("of start-up")
    scope["state"]["key"] = "value"
    await send(STARTED)
    variable.set("too late")
    await receive()
    await send(STOPPED)


@pytest.mark.parametrize("mode", ["auto", "on"])
async def test_a_good_life(mode: LifespanMode) -> None:
    steps: list[object] = []
    state: dict[str, Any] = {}
    async with life(recorded(good, steps), mode, state=state):
        assert steps == ["lifespan.startup"]
        assert state == {"key": "value"}
        await anyio.wait_all_tasks_blocked()
        assert steps == ["lifespan.startup"]
    assert steps == ["lifespan.startup", "lifespan.shutdown", "end"]


async def test_the_context_is_that_of_the_moment_when_start_up_was_complete() -> None:
    async with life(good) as context:
        await anyio.wait_all_tasks_blocked()
        assert context[variable] == "of start-up"
        assert variable.get() == "unset"
        assert context.copy().run(variable.get) == "of start-up"


async def test_the_application_sees_what_was_set_around_it() -> None:
    variable.set("around")
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(variable.get())
        await good(scope, receive, send)

    async with life(app):
        pass
    async with life(app, "off") as context:
        assert context[variable] == "around"
    assert seen == ["around"]


async def test_off_does_not_call_the_application() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it was called")

    async with life(app, "off") as context:
        assert variable not in context


async def raises_at_once(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"


async def returns_at_once(scope: Any, receive: Any, send: Any) -> None:
    return


async def answers_http_at_once(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200})


async def answers_http_to_whatever_comes(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200})


UNAWARE = [raises_at_once, returns_at_once, answers_http_at_once, answers_http_to_whatever_comes]


@pytest.mark.parametrize("app", UNAWARE)
async def test_auto_serves_an_application_that_does_not_know_the_protocol(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    variable.set("around")
    with caplog.at_level(logging.INFO):
        async with life(app, "auto") as context:
            assert context[variable] == "around"
    assert [record.getMessage() for record in caplog.records] == [
        "the application does not take part in lifespan"
    ]


@pytest.mark.parametrize(
    ("app", "text"),
    [
        (raises_at_once, "raised AssertionError: .*before lifespan.startup"),
        (returns_at_once, "returned before lifespan.startup"),
        (answers_http_at_once, "'http.response.start' was sent before lifespan.startup"),
        (answers_http_to_whatever_comes, "'http.response.start' was sent during start-up"),
    ],
)
async def test_on_demands_the_protocol(app: Any, text: str) -> None:
    with pytest.raises(LifespanFailed, match=f"(?s){text}"):
        async with life(app, "on"):
            raise AssertionError("it was served")


async def raises_in_start_up(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise ValueError("no database")


async def leaves_in_start_up(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    raise SystemExit(1)


async def says_that_it_failed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


async def says_only_that_it_failed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed"})


async def says_and_raises(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no luck"})
    raise ValueError("no database")


async def reports_as_starlette_does(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "Traceback (most recent ...\n..."})
    raise ValueError("no database")


async def returns_in_start_up(scope: Any, receive: Any, send: Any) -> None:
    await receive()


@pytest.mark.parametrize("mode", ["auto", "on"])
@pytest.mark.parametrize(
    ("app", "text", "cause"),
    [
        (raises_in_start_up, "raised ValueError: no database during start-up", ValueError),
        (leaves_in_start_up, "raised SystemExit: 1 during start-up", SystemExit),
        (returns_in_start_up, "returned during start-up", None),
        (says_that_it_failed, "failed to start up: no database", None),
        (says_only_that_it_failed, "failed to start up: it does not say why", None),
        (says_and_raises, "failed to start up: no luck", ValueError),
        (reports_as_starlette_does, "failed to start up: ValueError: no database", ValueError),
    ],
)
async def test_failing_after_it_has_begun_is_failing(
    app: Any, text: str, cause: type[BaseException] | None, mode: LifespanMode
) -> None:
    with pytest.raises(LifespanFailed) as caught:
        async with life(app, mode):
            raise AssertionError("it was served")
    assert str(caught.value) == f"the application {text}"
    if cause is None:
        assert caught.value.__cause__ is None
    else:
        assert type(caught.value.__cause__) is cause


async def hangs(scope: Any, receive: Any, send: Any) -> None:
    await anyio.sleep_forever()


async def says_that_it_failed_and_hangs(scope: Any, receive: Any, send: Any) -> None:
    await says_that_it_failed(scope, receive, send)
    await anyio.sleep_forever()


async def hangs_in_shutdown(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(STARTED)
    await receive()
    await anyio.sleep_forever()


async def hangs_behind_shutdown(scope: Any, receive: Any, send: Any) -> None:
    await good(scope, receive, send)
    await anyio.sleep_forever()


AT_ONCE = LifespanTimeouts(startup=0, shutdown=0, cancelled=0)


async def test_start_up_has_a_limit() -> None:
    steps: list[object] = []
    with pytest.raises(LifespanFailed, match="did not start up within 0 seconds"):
        async with life(recorded(hangs, steps), timeouts=AT_ONCE):
            raise AssertionError("it was served")
    assert steps == ["end"]


async def test_a_failed_start_up_need_not_be_waited_for() -> None:
    steps: list[object] = []
    app = recorded(says_that_it_failed_and_hangs, steps)
    with pytest.raises(LifespanFailed, match="no database"):
        async with life(app, timeouts=LifespanTimeouts(cancelled=0)):
            raise AssertionError("it was served")
    assert steps == ["lifespan.startup", "end"]


@pytest.mark.parametrize("app", [hangs_in_shutdown, hangs_behind_shutdown])
async def test_shutdown_has_a_limit(app: Any) -> None:
    steps: list[object] = []
    with pytest.raises(LifespanFailed, match="did not shut down in time"):
        async with life(recorded(app, steps), timeouts=LifespanTimeouts(shutdown=0)):
            pass
    assert steps[-1] == "end"


async def raises_in_shutdown(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(STARTED)
    await receive()
    raise ValueError("oops")


async def says_that_shutdown_failed(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(STARTED)
    await receive()
    await send({"type": "lifespan.shutdown.failed", "message": "still busy"})


@pytest.mark.parametrize(
    ("app", "text"),
    [
        (raises_in_shutdown, "raised ValueError: oops during shutdown"),
        (says_that_shutdown_failed, "failed to shut down: still busy"),
    ],
)
async def test_a_failed_shutdown_is_raised_on_leaving(app: Any, text: str) -> None:
    with pytest.raises(LifespanFailed, match=text):
        async with life(app):
            pass


@pytest.mark.parametrize("app", [raises_in_shutdown, says_that_shutdown_failed])
async def test_it_does_not_hide_another_error(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with life(app):
            raise KeyError("mine")
    [record] = caplog.records
    assert record.levelname == "ERROR"


async def test_an_error_of_the_server_arrives_as_it_was_raised() -> None:
    steps: list[object] = []
    with pytest.raises(KeyError, match="mine"):
        async with life(recorded(good, steps)):
            raise KeyError("mine")
    assert steps == ["lifespan.startup", "lifespan.shutdown", "end"]


async def ends_early(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send(STARTED)


async def test_an_application_may_end_early() -> None:
    async with life(ends_early):
        await anyio.wait_all_tasks_blocked()


async def test_one_that_fails_while_it_is_served_is_logged_at_once_and_raised_on_leaving(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await ends_early(scope, receive, send)
        raise ValueError("a task group failed")

    async def serve() -> None:
        async with life(app):
            await anyio.wait_all_tasks_blocked()
            [record] = caplog.records
            assert record.exc_info is not None

    with pytest.raises(LifespanFailed, match="a task group failed between start-up") as caught:
        await serve()
    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_cancelled_server_still_shuts_the_application_down() -> None:
    steps: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(STARTED)
        await receive()
        await anyio.lowlevel.checkpoint()
        steps.append("cleaned up")

    with anyio.CancelScope() as scope:
        async with life(recorded(app, steps)):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert steps == ["lifespan.startup", "lifespan.shutdown", "cleaned up", "end"]


async def test_a_cancelled_server_does_not_wait_long() -> None:
    with anyio.CancelScope() as scope:
        async with life(hangs_in_shutdown, timeouts=LifespanTimeouts(shutdown=None, cancelled=0)):
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_cancelled_start_up_cancels_the_application() -> None:
    steps: list[object] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with life(recorded(hangs, steps)):
            raise AssertionError("it was served")
    assert scope.cancelled_caught
    assert steps in ([], ["end"])


async def test_a_shutdown_that_is_cancelled_cancels_the_application() -> None:
    steps: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(STARTED)
        await receive()
        around.cancel()
        await anyio.sleep_forever()

    with anyio.CancelScope() as around:
        async with life(recorded(app, steps), timeouts=LifespanTimeouts(shutdown=None)):
            pass
    assert around.cancelled_caught
    assert steps == ["lifespan.startup", "lifespan.shutdown", "end"]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        (
            ["lifespan.shutdown.complete"],
            "'lifespan.shutdown.complete' was sent before lifespan.startup, where 'lifespan.s",
        ),
        (
            ["lifespan.startup.complete", "lifespan.startup.complete"],
            "'lifespan.startup.complete' was sent between start-up and shutdown, where",
        ),
        (
            ["receive", "lifespan.startup.complete", "lifespan.shutdown.complete"],
            "'lifespan.shutdown.complete' was sent between start-up and shutdown",
        ),
        (
            ["lifespan.startup.failed", "lifespan.startup.complete"],
            "'lifespan.startup.complete' was sent after the end of its lifespan, where nothing",
        ),
        (["receive", "http.response.body"], "'http.response.body' was sent during start-up"),
        ([None], "a message must be a dict, not NoneType"),
    ],
)
async def test_a_wrong_message_is_refused(messages: list[str | None], text: str) -> None:
    refused: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            for kind in messages:
                if kind == "receive":
                    await receive()
                else:
                    await send(None if kind is None else {"type": kind})
        except MessageError as error:
            refused.append(str(error))
            raise

    # What becomes of an application that fails is tested above.
    lifespan = life(app, "on")
    with pytest.raises(LifespanFailed):
        async with lifespan:
            await anyio.wait_all_tasks_blocked()
    assert len(refused) == 1
    assert refused[0].startswith(text)


async def test_nothing_is_received_after_the_shutdown() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await good(scope, receive, send)
        await receive()

    with pytest.raises(LifespanFailed, match="nothing follows"):
        async with life(app):
            pass


async def test_a_start_up_that_needs_asyncio_says_so_and_no_more(anyio_backend: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise RuntimeError("no running event loop")

    with pytest.raises(LifespanFailed) as caught:
        await life(app).__aenter__()
    if anyio_backend[0] == "trio":
        assert str(caught.value) == NEEDS_ASYNCIO
        assert caught.value.__cause__ is None
    else:
        assert "during start-up" in str(caught.value)
        assert isinstance(caught.value.__cause__, RuntimeError)
