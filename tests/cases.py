"""Runs one test for many cases that share nothing and take no time.

What pytest makes of a parameter is a test of its own, with a set-up, a report and
a line between processes: more than all that most of our thousands of cases do.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

import pytest

__all__ = ("be_brief", "for_each")

_ENOUGH = 10
_FAILURES = (Exception, BaseExceptionGroup, pytest.fail.Exception)

_is_brief = False


def be_brief() -> None:
    """From now on, the first case of each test will do."""
    global _is_brief
    _is_brief = True


def for_each(
    names: str | tuple[str, ...], values: Iterable[Any], *, ids: Iterable[str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Call the test with each of `values`, as `pytest.mark.parametrize` would, but in one test.

    The cases that fail are told by their ids, up to ten of them. The test takes no
    fixtures whose state one case would leave to the next, and skips nothing.
    """
    cases = list(values)
    called = None if ids is None else list(ids)
    assert cases
    assert called is None or len(called) == len(cases)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        taken = (names,) if isinstance(names, str) else names

        def tried() -> Iterator[tuple[int, dict[str, Any]]]:
            for number, case in enumerate(cases[:1] if _is_brief else cases):
                told = (case,) if isinstance(names, str) else case
                yield number, dict(zip(taken, told, strict=True))

        def judge(failed: dict[int, BaseException]) -> None:
            for number, error in failed.items():
                name = f"{cases[number]!r:.200}" if called is None else called[number]
                error.add_note(f"in the case {name}")
            if failed:
                text = f"{len(failed)} of {len(cases)} cases"
                raise BaseExceptionGroup(text, list(failed.values()))

        rest = [each for name, each in signature.parameters.items() if name not in taken]
        assert len(rest) == len(signature.parameters) - len(taken)

        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def test(**others: Any) -> None:
                failed: dict[int, BaseException] = {}
                for number, arguments in tried():
                    try:
                        await function(**others, **arguments)
                    except _FAILURES as error:
                        failed[number] = error
                        if len(failed) == _ENOUGH:
                            break
                judge(failed)

        else:

            @wraps(function)
            def test(**others: Any) -> None:
                failed: dict[int, BaseException] = {}
                for number, arguments in tried():
                    try:
                        function(**others, **arguments)
                    except _FAILURES as error:
                        failed[number] = error
                        if len(failed) == _ENOUGH:
                            break
                judge(failed)

        test.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]  # As `inspect` has it.
        return test

    return decorate
