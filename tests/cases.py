"""Runs one test for many cases that share nothing and take no time.

What pytest makes of a parameter is a test of its own, with a set-up, a report and
a line between processes: more than all that most of our thousands of cases do.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

__all__ = ("be_brief", "for_each")

_ENOUGH = 10

_is_brief = False


def be_brief() -> None:
    """From now on, the first case of each test will do."""
    global _is_brief
    _is_brief = True


def for_each(
    names: str | tuple[str, ...], values: Iterable[Any], *, ids: Iterable[str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call the test with each of `values`, as `pytest.mark.parametrize` would, but in one test.

    The cases that fail are told by their ids, up to ten of them. The test takes no
    fixtures whose state one case would leave to the next, and skips nothing.
    """
    cases = list(values)
    called = None if ids is None else list(ids)
    assert cases
    assert called is None or len(called) == len(cases)

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function)
        taken = (names,) if isinstance(names, str) else names
        rest = [each for name, each in signature.parameters.items() if name not in taken]
        assert len(rest) == len(signature.parameters) - len(taken)

        @wraps(function)
        def test(**others: Any) -> None:
            failed: list[BaseException] = []
            for number, case in enumerate(cases[:1] if _is_brief else cases):
                told = (case,) if isinstance(names, str) else case
                try:
                    function(**others, **dict(zip(taken, told, strict=True)))
                except (Exception, BaseExceptionGroup, pytest.fail.Exception) as error:
                    name = f"{case!r:.200}" if called is None else called[number]
                    error.add_note(f"in the case {name}")
                    failed.append(error)
                    if len(failed) == _ENOUGH:
                        break
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(cases)} cases", failed)

        test.__signature__ = signature.replace(parameters=rest)  # type: ignore[attr-defined]  # As `inspect` has it.
        return test

    return decorate
