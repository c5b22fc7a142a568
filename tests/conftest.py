"""What every test shares: the backends it runs on, and how hypothesis behaves.

Nothing here imports anyio: the core's tests run where it is not installed.
"""

import gc
import importlib.util
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from .cases import be_brief

# No test depends on the speed of the machine. A red run of CI must be red again
# when somebody looks into it, so chance has no part in it there. Elsewhere each
# run has other examples, and those of many runs are more than many of one.
_EXAMPLES = int(os.environ.get("TREMOLO_EXAMPLES", "40"))
settings.register_profile("tremolo", deadline=None, max_examples=_EXAMPLES)
settings.register_profile("ci", settings.get_profile("tremolo"), derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "tremolo")

BACKENDS = (
    pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio"),
    pytest.param(
        ("asyncio", {"use_uvloop": True}),
        id="uvloop",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed"
        ),
    ),
    pytest.param(("trio", {}), id="trio"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--one-of-each",
        action="store_true",
        help="run each test with the first of its parameters only, and on few examples",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--one-of-each"):
        settings.register_profile("brief", settings.default, max_examples=10)
        settings.load_profile("brief")
        be_brief()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--one-of-each"):
        return
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    kept = set(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


def pytest_collection_finish() -> None:
    # What is here now stays to the end. Whoever looks for what a test has left behind need not
    # go through the tests themselves each time, a million objects.
    gc.collect()
    gc.freeze()


@pytest.fixture(params=BACKENDS)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The event loop that a test marked with `pytest.mark.anyio` runs on: each in turn."""
    backend: tuple[str, dict[str, Any]] = request.param
    return backend


@pytest.fixture(autouse=True, scope="session")
def _no_access_log() -> Iterator[None]:
    """Records of requests are none of those that a test finds, unless it asks for them.

    Said once, as what all loggers have found out about their levels is forgotten each time.
    """
    logger = logging.getLogger("tremolo.access")
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(logging.NOTSET)
