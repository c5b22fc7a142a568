"""The rows on files, events, WebSockets, the executor and locks, for `application`."""

from collections.abc import Callable, Iterator
from typing import Any

from tremolo.exceptions import Forbidden

__all__ = ("ROUTES",)


async def small_form(request: Any, **server: Any) -> str:
    try:
        return str(await request.form(max_size=9))
    except ValueError:
        return "ValueError"


async def multipart_form(request: Any, **server: Any) -> str:
    fields = await request.form()
    files = request.params.files
    return f"{fields} {[(file['filename'], file['data']) for file in files['f']]}"


async def files(request: Any, **server: Any) -> str:
    return str(
        [
            (part["name"], part.get("filename"), part.get("type"), len(part["data"]), part["eof"])
            async for part in request.files(max_file_size=4)
        ]
    )


async def pieces(request: Any, **server: Any) -> str:
    found = []
    async for part in request.files(max_files=1, max_file_size=4):
        found += [len(data) async for data in part.stream()]
    return f"{sum(found)} {'eof' in part}"


async def events(sse: Any = None, **server: Any) -> None:
    await sse.send("\nHello\nworld\n", event="greeting", event_id="1", retry=5)
    await sse.send(b"bytes")
    await sse.close()


async def no_events(request: Any, sse: Any = None, **server: Any) -> str:
    return f"{sse} {len(await request.body())}"


async def wrong_event(sse: Any = None, **server: Any) -> None:
    await sse.send("a", event="b\nc")


async def websocket(websocket: Any = None, **server: Any) -> str:
    if websocket is not None:
        raise Forbidden("not you")
    return "no WebSocket"


async def frame(**server: Any) -> str:
    from tremolo.lib.websocket import WebSocket

    return str(bytes(WebSocket.create_frame("Hello")))


async def executor(globals: Any, **server: Any) -> str:
    submit = globals.executor.submit
    named = [await submit(_thread, name=name) for name in (1, 1, 2)]
    keywords = await submit(int, args=("ff",), kwargs={"base": 16})
    return f"{keywords} {named[0] == named[1]} {named[1] == named[2]} {globals.executor.size}"


async def executor_generator(globals: Any, **server: Any) -> str:
    return str([number async for number in globals.executor.submit(_numbers, args=(3,))])


async def executor_refuses(globals: Any, **server: Any) -> str:
    try:
        await globals.executor.submit(5)
    except TypeError:
        return "TypeError"
    return "taken"


async def lock(lock: Any, **server: Any) -> str:
    async with lock:
        async with lock(3):
            pass
        try:
            await lock(0).acquire(timeout=0.05)
        except TimeoutError:
            lock(3).release()
            return "TimeoutError"
    return "taken twice"


async def lock_again(lock: Any, **server: Any) -> str:
    await lock.acquire(timeout=5)
    lock.release()
    lock.release()
    return "free"


def _thread() -> str:
    import threading

    return threading.current_thread().name


def _numbers(count: int) -> Iterator[int]:
    yield from range(count)


ROUTES: dict[str, Callable[..., Any]] = {
    "/10/small-form": small_form,
    "/10/multipart-form": multipart_form,
    "/10/files": files,
    "/10/pieces": pieces,
    "/12/events": events,
    "/12/none": no_events,
    "/12/wrong": wrong_event,
    "/13/websocket": websocket,
    "/13/frame": frame,
    "/14/executor": executor,
    "/14/generator": executor_generator,
    "/14/refuses": executor_refuses,
    "/14/lock": lock,
    "/14/lock-again": lock_again,
}
