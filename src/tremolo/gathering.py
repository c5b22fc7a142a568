"""Goes on with what a coroutine waits for, when the wait has begun already.

So somebody can look first whether a step of a generator waits at all, as
`answering` does.
"""

from collections.abc import Coroutine, Generator
from typing import Any

__all__ = ("Begun",)


class Begun:
    """Awaits a `step` that was sent None once, and said `trap` to the event loop then."""

    __slots__ = ("_step", "_trap")

    def __init__(self, step: Coroutine[Any, Any, Any], trap: object) -> None:
        self._step = step
        self._trap = trap

    def __await__(self) -> Generator[Any, Any, Any]:
        step, trap = self._step, self._trap
        go_on: Any
        argument: Any
        try:
            while True:
                try:
                    argument = yield trap
                except GeneratorExit:
                    step.close()
                    raise
                except BaseException as error:
                    go_on, argument = step.throw, error
                else:
                    go_on = step.send
                trap = go_on(argument)
        except StopIteration as ended:
            return ended.value
        finally:
            # An error's traceback holds this frame, which must not hold the error.
            argument = None
