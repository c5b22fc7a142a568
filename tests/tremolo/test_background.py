"""Tasks beside requests, and how long they live."""

import pickle

import anyio
import pytest

from tremolo import Application, Tremolo
from tremolo.background import BackgroundTask, WorkerTasks, room_for_tasks
from tremolo.testing import Client

pytestmark = pytest.mark.anyio


async def forever(done: list[str]) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        done.append("cancelled")


async def test_a_task_runs_beside_and_can_be_waited_for() -> None:
    tasks, done = WorkerTasks(), []

    async def work() -> None:
        done.append("worked")

    async with room_for_tasks([tasks], None):
        task = tasks.start(work())
        assert not task.done()
        await task.wait()
        assert task.done()
    assert done == ["worked"]


async def test_a_task_can_be_cancelled() -> None:
    tasks, done = WorkerTasks(), list[str]()
    async with room_for_tasks([tasks], None):
        task = tasks.start(forever(done))
        await anyio.wait_all_tasks_blocked()
        task.cancel()
        await task.wait()
    assert done == ["cancelled"]


async def test_what_a_task_raises_is_logged_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = WorkerTasks()

    async def fail(error: BaseException) -> None:
        raise error

    async with room_for_tasks([tasks], None):
        for error in (ValueError("the reason"), SystemExit(3)):
            await tasks.start(fail(error)).wait()
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
        ValueError,
        SystemExit,
    ]


async def test_at_the_end_tasks_have_their_time_and_no_more() -> None:
    tasks, done = WorkerTasks(), list[str]()
    last = anyio.Event()

    async def short() -> None:
        await last.wait()
        done.append("ended")

    async with room_for_tasks([tasks], 0.05):
        started = [tasks.start(short()), tasks.start(forever(done))]
        await anyio.wait_all_tasks_blocked()
        last.set()
    assert sorted(done) == ["cancelled", "ended"]
    assert all(task.done() for task in started)


async def test_a_failure_cancels_them_and_is_raised_as_it_is() -> None:
    tasks, done = WorkerTasks(), list[str]()
    with pytest.raises(OSError, match="no database"):
        async with room_for_tasks([tasks], None):
            tasks.start(forever(done)).done()
            await anyio.wait_all_tasks_blocked()
            raise OSError("no database")
    assert done == ["cancelled"]


async def test_nothing_is_started_where_nothing_is_served() -> None:
    done = list[str]()
    for tasks in (WorkerTasks(), pickle.loads(pickle.dumps(WorkerTasks()))):
        with pytest.raises(RuntimeError, match="while the application is served"):
            tasks.start(forever(done))
    tasks = WorkerTasks()
    async with room_for_tasks([tasks], None):
        pass
    with pytest.raises(RuntimeError, match="while the application is served"):
        tasks.start(forever(done))
    # The coroutine was never begun, and is closed, so that Python does not warn of it.
    assert done == []


async def test_a_task_that_is_given_up_is_over() -> None:
    task = BackgroundTask(forever([]))
    task.give_up()
    assert task.done()
    await task.wait()
    # Its group may come to it all the same.
    await task.run()


async def test_an_applications_task_outlives_the_connection() -> None:
    app = Tremolo()
    gone = anyio.Event()
    told: list[str] = []

    async def work() -> None:
        await gone.wait()
        told.append("worked on")

    @app.route("/")
    async def handler(app: Application) -> str:
        kept.append(app.create_task(work()))
        return "started"

    kept: list[BackgroundTask] = []
    async with Client(app) as client:
        assert (await client.get("/", headers={"connection": "close"})).text == "started"
        assert not kept[0].done()
        gone.set()
        await kept[0].wait()
    assert told == ["worked on"]


async def test_stop_hooks_run_after_the_tasks() -> None:
    app, order = Tremolo(), list[str]()

    async def work() -> None:
        await anyio.lowlevel.checkpoint()
        order.append("task")

    @app.on_worker_start
    async def start(app: Application) -> None:
        app.create_task(work()).done()

    @app.on_worker_stop
    async def stop() -> None:
        order.append("stop")

    async with app.build().lifespan():
        pass
    assert order == ["task", "stop"]


async def test_the_time_of_tasks_is_the_shutdown_timeout() -> None:
    app, done = Tremolo(), list[str]()

    @app.on_worker_start
    async def start(app: Application) -> None:
        app.add_task(forever(done)).done()

    async with Client(app, shutdown_timeout=0.05):
        await anyio.wait_all_tasks_blocked()
    assert done == ["cancelled"]


async def test_what_is_mounted_may_start_tasks_too() -> None:
    app, sub, done = Tremolo(), Tremolo(), list[str]()
    app.mount("/sub", sub)

    async def work() -> None:
        done.append("worked")

    @sub.on_worker_start
    async def start() -> None:
        await sub.create_task(work()).wait()

    async with app.build().lifespan():
        assert done == ["worked"]
