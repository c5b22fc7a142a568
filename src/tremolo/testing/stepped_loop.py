"""Runs an event loop in the caller's own thread, one call at a time: between calls it stands still.

So a plain function can use what is asynchronous, without a thread beside it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar, TypeVarTuple

from .clock import Backend, Clock

__all__ = ("SteppedLoop", "open_loop")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class SteppedLoop(Protocol):
    """An event loop that runs only inside `run`."""

    def run(self, func: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        """Run an asynchronous function, and whatever else is ready meanwhile, and return."""

    def close(self) -> None:
        """End the event loop."""


def open_loop(backend: Backend, clock: Clock | None) -> SteppedLoop:
    """Make an event loop, on a clock if there is one. It starts with its first call.

    That raises RuntimeError where an event loop runs already.
    """
    options = {} if clock is None else clock.backend_options(backend)
    match backend:
        case "asyncio":
            return _AsyncioLoop(**options)
        case "trio":
            return _TrioLoop(options)


class _AsyncioLoop:
    def __init__(
        self, loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    ) -> None:
        self._runner = asyncio.Runner(loop_factory=loop_factory)

    def run(self, func: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        _must_not_be_nested()

        async def call() -> T:
            _be_known()
            return await func(*args)

        return self._runner.get_loop().run_until_complete(call())

    def close(self) -> None:
        self._runner.close()


class _TrioLoop:
    """Trio as the guest of a host that waits for nothing but its own calls."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._due: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._started = False
        self._ended = False

    def run(self, func: Callable[[*Ts], Awaitable[T]], *args: *Ts) -> T:
        if not self._started:
            _must_not_be_nested()
            self._start()
        call = _Call(lambda: func(*args))
        self._send.send_nowait(call)
        while not call.done:
            self._due.get()()
        return call.result()

    def close(self) -> None:
        if self._started:
            self._send.close()
            while not self._ended:
                self._due.get()()

    def _start(self) -> None:
        import trio

        async def serve() -> None:
            async for call in calls:
                await call.run()

        self._send, calls = trio.open_memory_channel[_Call[Any]](1)
        trio.lowlevel.start_guest_run(
            serve,
            run_sync_soon_threadsafe=self._due.put,
            done_callback=self._note_end,
            **self._options,
        )
        self._started = True

    def _note_end(self, outcome: object) -> None:
        self._ended = True


class _Call(Generic[T]):
    def __init__(self, func: Callable[[], Awaitable[T]]) -> None:
        self._func = func
        self._values: list[T] = []
        self._error: BaseException | None = None
        self.done = False

    async def run(self) -> None:
        try:
            self._values.append(await self._func())
        except BaseException as error:
            self._error = error
        self.done = True

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        return self._values[0]


def _must_not_be_nested() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "SyncClient blocks, so it cannot be used where an event loop runs: use Client there"
    )


def _be_known() -> None:
    """Have it known that this is asyncio, also where the caller's context names trio."""
    with suppress(ImportError):
        from sniffio import current_async_library_cvar

        current_async_library_cvar.set("asyncio")
