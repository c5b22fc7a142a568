"""Functions that run when a worker or a connection begins and ends, in which order.

When that is, is decided in `dispatcher` and in `connections`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from .injection import CallPlan, Registered, plan_call

__all__ = ("HookName", "Hooks")

HookName: TypeAlias = Literal["worker_start", "worker_stop", "connect", "close"]

_BACKWARDS = ("worker_stop", "close")
"""What ends is left in the order opposite to that in which it was entered."""


class Hooks:
    """Hooks by name. Picklable if they are."""

    __slots__ = ("_added",)

    def __init__(self) -> None:
        self._added: list[tuple[int, HookName, CallPlan]] = []

    def copy(self) -> "Hooks":
        """The same hooks, to which others can be added apart."""
        twin = Hooks()
        twin._added = list(self._added)
        return twin

    def include(self, others: "Hooks") -> None:
        """Have `others` run too, as if they were registered now."""
        self._added += others._added

    def add(
        self,
        func: Callable[..., Any],
        name: HookName,
        *,
        priority: int,
        provided: Collection[str],
    ) -> None:
        """Register `func`.

        Raises ValueError for another name, TypeError if `func` asks for what is
        not in `provided`.
        """
        if name not in get_args(HookName):
            raise ValueError(
                f"there is no hook {name!r}; there are {', '.join(get_args(HookName))}"
            )
        self._added.append((priority, name, plan_call(func, provided=provided)))

    def by_name(self) -> Mapping[str, Sequence[Registered]]:
        """The priorities and functions of all hooks there are names for, as they run."""
        return MappingProxyType({name: _named(self._run(name)) for name in get_args(HookName)})

    def starting(self) -> tuple[CallPlan, ...]:
        """What runs before the first request: small priorities first, then in their order."""
        return self._plans("worker_start")

    def stopping(self) -> tuple[CallPlan, ...]:
        """What runs after the last request: small priorities first, then the last one first."""
        return self._plans("worker_stop")

    def connecting(self) -> tuple[CallPlan, ...]:
        """What runs before a connection's first request: as `starting`."""
        return self._plans("connect")

    def closing(self) -> tuple[CallPlan, ...]:
        """What runs when a connection has ended: as `stopping`."""
        return self._plans("close")

    def _plans(self, name: HookName) -> tuple[CallPlan, ...]:
        return tuple(plan for _, plan in self._run(name))

    def _run(self, name: HookName) -> list[tuple[int, CallPlan]]:
        """Those of a name, in the order in which they run."""
        added = self._added[::-1] if name in _BACKWARDS else self._added
        chosen = [(priority, plan) for priority, of_name, plan in added if of_name == name]
        chosen.sort(key=_priority)
        return chosen


def _named(chosen: list[tuple[int, CallPlan]]) -> Sequence[Registered]:
    return tuple((priority, plan.func) for priority, plan in chosen)


def _priority(one: tuple[int, CallPlan]) -> int:
    return one[0]
