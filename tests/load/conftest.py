"""A server process for every event loop."""

import importlib.util
from collections.abc import Iterator

import pytest

from .running import Program, running

LOOPS = [
    pytest.param(
        loop,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(loop) is None, reason=f"{loop} is not installed"
        ),
    )
    for loop in ("asyncio", "uvloop", "trio")
]


@pytest.fixture(scope="package", params=LOOPS)
def program(request: pytest.FixtureRequest) -> Iterator[Program]:
    """One that the tests of a loop share."""
    with running(request.param) as program:
        yield program


@pytest.fixture(params=LOOPS)
def fresh_program(request: pytest.FixtureRequest) -> Iterator[Program]:
    """One of its own for a test that looks at its memory."""
    with running(request.param) as program:
        yield program
