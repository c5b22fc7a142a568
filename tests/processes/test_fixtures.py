"""A server in a fixture, which the plugins for asynchronous tests enter and leave in their ways.

Each test here runs pytest on tests of somebody else's, with one of the plugins.
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .running import PATIENCE

BEGINNING = """
import anyio
import pytest

from tremolo import Tremolo, serve

app = Tremolo()

@app.route("/")
async def hello():
    return "hello"

async def ask(server):
    async with await anyio.connect_tcp(*server.addresses[0]) as client:
        await client.send(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
        return b"".join([data async for data in client])

async def served():
    async with serve(app) as server:
        yield server
    with pytest.raises(OSError):
        await ask(server)
"""

TESTS = """
async def test_one(server):
    assert (await ask(server)).endswith(b"hello")

async def test_another(server):
    assert (await ask(server)).endswith(b"hello")
"""

PYTEST_ASYNCIO = """
import pytest_asyncio
pytestmark = pytest.mark.asyncio
server = pytest_asyncio.fixture(served)
"""

PYTEST_ASYNCIO_OF_A_MODULE = """
import pytest_asyncio
pytestmark = pytest.mark.asyncio(loop_scope="module")
server = pytest_asyncio.fixture(scope="module", loop_scope="module")(served)
"""

PYTEST_TRIO = """
pytestmark = pytest.mark.trio
server = pytest.fixture(served)
"""

ANYIO = """
pytestmark = pytest.mark.anyio
server = pytest.fixture(served)

@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param
"""

ANYIO_OF_A_MODULE = """
pytestmark = pytest.mark.anyio
server = pytest.fixture(scope="module")(served)

@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request):
    return request.param
"""

WITH_ASYNCIO = ("pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")
"""It warns of what it does if it is not told."""


@pytest.mark.parametrize(
    ("plugin", "fixture", "passed"),
    [
        pytest.param(WITH_ASYNCIO, PYTEST_ASYNCIO, 2, id="pytest-asyncio"),
        pytest.param(WITH_ASYNCIO, PYTEST_ASYNCIO_OF_A_MODULE, 2, id="pytest-asyncio, a module's"),
        pytest.param(("pytest_trio.plugin",), PYTEST_TRIO, 2, id="pytest-trio"),
        pytest.param(("anyio.pytest_plugin",), ANYIO, 4, id="anyio"),
        pytest.param(("anyio.pytest_plugin",), ANYIO_OF_A_MODULE, 4, id="anyio, a module's"),
    ],
)
def test_a_fixture_enters_and_leaves_it(
    tmp_path: Path, plugin: tuple[str, ...], fixture: str, passed: int
) -> None:
    for needed in (plugin[0].partition(".")[0], "trio"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    (tmp_path / "test_theirs.py").write_text(BEGINNING + fixture + TESTS, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-p", *plugin],
        cwd=tmp_path,
        # As if no other plugin were installed.
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert f" {passed} passed in " in ended.stdout, ended.stdout
    assert ended.returncode == 0, ended.stdout
