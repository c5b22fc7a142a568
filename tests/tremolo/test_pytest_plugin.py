"""The plugin, as it serves the tests of others: each test here runs pytest on some."""

import importlib
import pkgutil
import re

import pytest

import tremolo_core

pytest_plugins = ["pytester"]

CONFTEST = """
import anyio
import pytest
from tremolo import Application

@pytest.fixture
def app():
    app = Application()

    @app.route("/hello")
    async def hello():
        return "Hello world!"

    @app.route("/wait")
    async def wait():
        await anyio.sleep(100)
        return "at last"

    @app.route("/scheme")
    async def peer(context):
        return str(context.client[1])

    return app
"""


@pytest.fixture(autouse=True, scope="module")
def all_of_the_core_is_imported() -> None:
    """What a run is the first to import is forgotten with it, and would be there twice."""
    for module in pkgutil.iter_modules(tremolo_core.__path__, "tremolo_core."):
        importlib.import_module(module.name)


@pytest.fixture(autouse=True)
def conftest(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)


def run(pytester: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(source)
    return pytester.runpytest_inprocess(
        *("-p", "tremolo.pytest_plugin", "-p", "no:cacheprovider", "-W", "error"),
        *("-p", "no:asyncio", "-p", "no:trio"),
        *arguments,
    )


def test_a_client_of_the_tests_own_app(pytester: pytest.Pytester) -> None:
    source = """
        import pytest

        @pytest.mark.anyio
        async def test_it(tremolo_client):
            assert (await tremolo_client.get("/hello")).text == "Hello world!"

        def test_it_without_await(tremolo_sync_client):
            assert tremolo_sync_client.get("/hello").text == "Hello world!"
    """
    run(pytester, source).assert_outcomes(passed=3)
    run(pytester, source, "--tremolo-tcp").assert_outcomes(passed=3)


def test_what_handlers_leave_behind_is_an_error_of_the_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def app():
            async def app(exchange):
                await exchange.respond(200)
                async for _ in numbers():
                    break
            return app

        async def numbers():
            yield 1
            yield 2

        @pytest.mark.anyio
        async def test_it(tremolo_client):
            await tremolo_client.get("/")
        """,
    )
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines("*Misbehaviour: the handler of GET / left an asynchronous*")


def test_the_test_is_shown_and_not_the_client(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import itertools
        import pytest
        from tremolo.testing import Client, SyncClient, split_everywhere

        async def careless(exchange):
            await exchange.respond(200)
            async for _ in numbers():
                break

        async def fickle(exchange):
            await exchange.respond(200, (), b"%d" % next(counter))

        async def numbers():
            yield 1
            yield 2

        counter = itertools.count()

        async def converse(wire):
            await wire.send(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n")
            return await wire.receive_response()

        @pytest.mark.anyio
        async def test_it():
            async with Client(careless) as client:
                await client.get("/")

        def test_it_without_await():
            with SyncClient(careless) as client:
                client.get("/")

        @pytest.mark.anyio
        async def test_every_cut():
            async with Client(fickle) as client:
                await split_everywhere(client, converse)
        """,
    )
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["*Misbehaviour: the handler of GET / left an asynchronous*"])
    result.stdout.fnmatch_lines(
        ["*Misbehaviour: the same bytes, sent again, give the body b'1' in place of b'0': *"]
    )
    shown = re.findall(r"^\S*?(\w+)\.py:\d+: ", result.stdout.str(), re.MULTILINE)
    assert set(shown) == {"test_the_test_is_shown_and_not_the_client"}


def test_what_is_missing_where_no_plugin_runs_the_client(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        async def test_it(tremolo_client): ...

        def test_in_a_plain_function(tremolo_client): ...

        def test_in_another(tremolo_sync_client):
            tremolo_sync_client.get("/hello")
        """,
    )
    result.assert_outcomes(passed=1, errors=2)
    told = "tremolo_client is asynchronous, and no plugin runs such fixtures for this test: mark"
    # On a CI system pytest's summary has the whole of it once more.
    assert len([line for line in result.outlines if line.startswith(told)]) == 2


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("", id="anyio's own, for a module"),
        pytest.param(
            "@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'", id="one for each test"
        ),
        pytest.param(
            "@pytest.fixture\ndef anyio_backend():\n    return 'trio', {}", id="one with options"
        ),
        pytest.param(
            "@pytest.fixture(params=['asyncio', ('asyncio', {'debug': True})])\n"
            "def anyio_backend(request):\n    return request.param",
            id="several for each test",
        ),
        pytest.param(
            "@pytest.fixture(scope='session', params=['trio'])\n"
            "def anyio_backend(request):\n    return request.param",
            id="parameters for all tests",
        ),
    ],
)
def test_on_a_clock_nothing_takes_time(pytester: pytest.Pytester, backend: str) -> None:
    tests = """
import time
import anyio
import pytest

@pytest.mark.anyio
async def test_real_time():
    began = time.monotonic()
    await anyio.sleep(0.01)
    assert time.monotonic() - began >= 0.009

@pytest.mark.anyio
async def test_with_a_clock(tremolo_client, tremolo_clock):
    began = tremolo_clock.time()
    assert (await tremolo_client.get("/wait")).text == "at last"
    assert tremolo_clock.time() - began >= 100

@pytest.mark.anyio
async def test_real_time_again():
    began = time.monotonic()
    await anyio.sleep(0.01)
    assert time.monotonic() - began >= 0.009
"""
    outcomes = run(pytester, f"{tests}\n{backend}").parseoutcomes()
    assert outcomes.pop("passed") % 3 == 0
    assert outcomes == {}


def test_a_plain_function_has_it_too(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_it(tremolo_sync_client, tremolo_clock):
            assert tremolo_sync_client.get("/wait").text == "at last"
        """,
    )
    result.assert_outcomes(passed=1)


def test_on_uvloop_it_is_skipped_and_says_why(pytester: pytest.Pytester) -> None:
    pytest.importorskip("uvloop")
    result = run(
        pytester,
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio", {"use_uvloop": True}

        @pytest.mark.anyio
        async def test_it(tremolo_clock):
            raise AssertionError
        """,
        "-rs",
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("*on uvloop time cannot be the test's")


def test_over_sockets_it_is_skipped_and_says_why(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_it(tremolo_sync_client, tremolo_clock):
            raise AssertionError
        """,
        "-rs",
        "--tremolo-tcp",
    )
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines("*over real sockets time cannot be the test's")


def test_an_event_loop_that_is_shared_cannot_have_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.fixture(scope="session")
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_it(tremolo_clock):
            raise AssertionError
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*give it the scope of a function, or params*")


RACE = """
import anyio
import pytest

@pytest.mark.anyio
async def test_it(tremolo_clock):
    seen = []

    async def note(name):
        seen.append(name)

    async with anyio.create_task_group() as group:
        for name in range(8):
            group.start_soon(note, name)
    assert seen == []
"""


def test_a_test_that_another_plugin_runs_cannot_have_it(pytester: pytest.Pytester) -> None:
    others = """
        import asyncio
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call(pyfuncitem):
            asyncio.run(pyfuncitem.obj(pyfuncitem.funcargs["tremolo_clock"]))
            return True
    """
    pytester.makeconftest(others)
    result = run(
        pytester,
        """
        async def test_it(tremolo_clock):
            raise AssertionError("time would be real")
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines("*mark it with pytest.mark.anyio, or test by Clock().run(...)*")


def test_a_failure_tells_its_seed_which_repeats_it(pytester: pytest.Pytester) -> None:
    first = run(pytester, RACE).stdout.str()
    # Where CI is set pytest tells each failure whole a second time, in its summary.
    seeds = set(re.findall(r"--tremolo-seed=(\d+) repeats it", first))
    assert len(seeds) == 2
    for seed in seeds:
        again = run(pytester, RACE, f"--tremolo-seed={seed}").stdout.str()
        assert set(re.findall(r"--tremolo-seed=(\d+) repeats it", again)) == {seed}
        orders = set(re.findall(r"assert (\[[0-9, .]+\]) ==", again))
        assert orders & set(re.findall(r"assert (\[[0-9, .]+\]) ==", first))


def test_what_is_skipped_is_told_no_seed(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import pytest

        @pytest.mark.anyio
        async def test_it(tremolo_clock):
            pytest.skip("as it should")
        """,
        "-rs",
    )
    result.assert_outcomes(skipped=2)
    result.stdout.no_fnmatch_line("*--tremolo-seed*")


def test_who_asks_for_nothing_is_given_nothing(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        import sys

        def test_it():
            assert True
        """,
    )
    result.assert_outcomes(passed=1)
