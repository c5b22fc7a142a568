"""Time that belongs to the test, and the seed that orders its tasks.

The event loops that keep such time are in `jumping_loop` for asyncio and in
`trio_time` for trio. How pytest gives them to a test is said in
`tremolo.pytest_plugin`.
"""

import asyncio
import functools
import random
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, TypeVar, TypeVarTuple

import anyio

from .backends import on_asyncio
from .jumping_loop import JumpingLoop

__all__ = ("Backend", "Clock", "time_is_the_tests")

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Backend: TypeAlias = Literal["asyncio", "trio"]
"""The event loops whose time can be the test's."""


class Clock:
    """A clock that stands still while anything runs, and jumps to the next timer when all wait.

    So `await anyio.sleep(75)` takes no time, nor does a time-out that comes
    after a minute, and neither depends on how fast the machine is. While a
    worker thread is out, time passes as it does elsewhere. The clock drives
    whatever is run with it, by `run` or with `backend_options`.

    Tasks that are ready at the same time run in an order that `seed` decides;
    the same seed gives the same order again. Without one, it is different each
    time.
    """

    def __init__(self, *, seed: int | None = None) -> None:
        self.seed = random.SystemRandom().getrandbits(32) if seed is None else seed
        """What the order of the tasks is made from."""

    def time(self) -> float:
        """The seconds that it shows, to the code that runs with it: `anyio.current_time()`."""
        return anyio.current_time()

    def run(
        self, func: Callable[[*Ts], Awaitable[T]], *args: *Ts, backend: Backend = "asyncio"
    ) -> T:
        """Run an asynchronous function on this clock, and return what it returns.

        To what it raises, a note is added that names the seed.
        """
        try:
            return anyio.run(
                func, *args, backend=backend, backend_options=self.backend_options(backend)
            )
        except BaseException as error:
            error.add_note(f"the tasks ran in the order of Clock(seed={self.seed})")
            raise

    def backend_options(self, backend: Backend) -> dict[str, Any]:
        """The options with which anyio starts an event loop of that name on this clock.

        For `anyio.run`, and for anyio's fixture `anyio_backend`. Raises
        ImportError if trio is asked for and not installed.
        """
        match backend:
            case "asyncio":
                return {"loop_factory": functools.partial(JumpingLoop, self.seed)}
            case "trio":
                from .trio_time import trio_options

                return trio_options(self.seed)


def time_is_the_tests() -> bool:
    """Whether the running event loop was started with a `Clock`."""
    if on_asyncio():
        return isinstance(asyncio.get_running_loop(), JumpingLoop)
    from .trio_time import time_jumps

    return time_jumps()
