"""Which middlewares a path has, and in which order they run."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tremolo.middlewares import Middleware, Middlewares


def one() -> None: ...


def two() -> None: ...


def three() -> None: ...


def four() -> None: ...


def table(*added: tuple[Any, ...]) -> Middlewares:
    """Of (function, kind, priority, prefix)."""
    middlewares = Middlewares()
    for func, kind, priority, prefix in added:
        middlewares.add(func, kind, priority=priority, prefix=prefix, provided=("request",))
    return middlewares


def functions(middlewares: tuple[Middleware, ...]) -> list[Callable[..., Any]]:
    return [middleware.plan.func for middleware in middlewares]


def test_small_priorities_first_then_in_order_and_back() -> None:
    selection = table(
        *(
            (func, kind, priority, ())
            for func, priority in ((one, 5), (two, 1), (three, 5), (four, 9))
            for kind in ("request", "response")
        )
    ).select(b"/")
    assert functions(selection.request) == [two, one, three, four]
    assert functions(selection.response) == [two, three, one, four]
    assert selection.prefix == ()


def test_a_path_has_those_of_its_longest_prefix_alone() -> None:
    middlewares = table(
        (one, "request", 999, ()),
        (two, "request", 999, (b"api",)),
        (three, "response", 999, (b"api", b"v1", b"caf\xc3\xa9")),
    )

    def selected(path: bytes) -> tuple[object, ...]:
        selection = middlewares.select(path)
        return selection.prefix, functions(selection.request), functions(selection.response)

    for path in (b"/", b"/x", b"/apis", b"/x/api", b"*"):
        assert selected(path) == ((), [one], [])
    for path in (b"/api", b"//a%70i/", b"/api/v1", b"/api/v1/cafe"):
        assert selected(path) == ((b"api",), [two], [])
    for path in (b"/api/v1/caf%C3%A9", b"/api/v1/caf\xc3\xa9/more"):
        assert selected(path) == ((b"api", b"v1", b"caf\xc3\xa9"), [], [three])


def test_without_any_there_are_none() -> None:
    selection = Middlewares().select(b"/")
    assert (selection.prefix, selection.request, selection.response) == ((), (), ())


def test_a_copy_stays_as_it_is() -> None:
    middlewares = table((one, "request", 999, (b"a",)))
    twin = middlewares.copy()
    middlewares.add(two, "request", priority=1, prefix=(b"a",), provided=())
    middlewares.add(two, "request", priority=1, prefix=(b"a", b"b"), provided=())
    assert functions(twin.select(b"/a/b").request) == [one]
    twin.add(three, "request", priority=1, prefix=(b"a",), provided=())
    assert functions(twin.select(b"/a/b").request) == [three, one]


def test_they_are_picklable() -> None:
    twin = pickle.loads(pickle.dumps(table((one, "request", 999, (b"a",)))))
    assert functions(twin.select(b"/a").request) == [one]


def test_what_cannot_be() -> None:
    def asking(nobody: object) -> None: ...

    with pytest.raises(ValueError, match="for `request` or `response`, not for 'both'"):
        table((one, "both", 999, ()))
    with pytest.raises(TypeError, match="'nobody'"):
        table((asking, "request", 999, ()))
    for prefix in ("api", b"api", ("api",), [b"api"]):
        with pytest.raises(TypeError, match="a tuple of bytes"):
            table((one, "request", 999, prefix))
