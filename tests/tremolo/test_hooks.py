"""In which order hooks run, and which there are."""

import pickle
from typing import Any

import pytest

from tremolo.hooks import Hooks


def one() -> None: ...


def two() -> None: ...


def three() -> None: ...


def hooks(*added: tuple[Any, Any, int]) -> Hooks:
    registry = Hooks()
    for func, name, priority in added:
        registry.add(func, name, priority=priority, provided=("app",))
    return registry


def test_small_priorities_first_then_in_order_and_back() -> None:
    registry = hooks(
        *(
            (func, name, priority)
            for func, priority in ((one, 5), (two, 1), (three, 5))
            for name in ("worker_start", "worker_stop", "connect", "close")
        )
    )
    assert [plan.func for plan in registry.starting()] == [two, one, three]
    assert [plan.func for plan in registry.stopping()] == [two, three, one]
    assert [plan.func for plan in registry.connecting()] == [two, one, three]
    assert [plan.func for plan in registry.closing()] == [two, three, one]
    assert registry.by_name() == {
        "worker_start": ((1, two), (5, one), (5, three)),
        "worker_stop": ((1, two), (5, three), (5, one)),
        "connect": ((1, two), (5, one), (5, three)),
        "close": ((1, two), (5, three), (5, one)),
    }


def test_what_cannot_be() -> None:
    def asking(nobody: object) -> None: ...

    with pytest.raises(ValueError, match="no hook 'start'; there are worker_start,"):
        hooks((one, "start", 1))
    with pytest.raises(TypeError, match="'nobody'"):
        hooks((asking, "worker_start", 1))


def test_a_copy_stays_as_it_is() -> None:
    registry = hooks((one, "worker_start", 1))
    twin = registry.copy()
    registry.add(two, "worker_start", priority=1, provided=())
    assert [plan.func for plan in twin.starting()] == [one]


def test_they_are_picklable() -> None:
    twin = pickle.loads(pickle.dumps(hooks((one, "worker_stop", 1))))
    assert [plan.func for plan in twin.stopping()] == [one]
