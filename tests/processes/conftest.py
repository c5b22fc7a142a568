"""The event loops that a program can run on."""

import importlib.util

import pytest

LOOPS = [
    pytest.param(
        loop,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(loop) is None, reason=f"{loop} is not installed"
        ),
    )
    for loop in ("asyncio", "uvloop", "trio")
]


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    """Each in turn."""
    name: str = request.param
    return name
