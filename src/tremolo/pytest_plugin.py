"""What pytest is given: fixtures for clients and for the clock. Anyio's plugin runs the tests.

Nothing of `tremolo.testing` is imported before a test asks for it: the plugin
is loaded wherever Tremolo is installed, also where httpx is not.
"""

import inspect
from collections.abc import AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

try:
    import pytest
except ImportError:
    raise ImportError("tremolo.pytest_plugin is loaded by pytest, which is not here") from None

if TYPE_CHECKING:
    from .testing import Client, Clock, SyncClient

__all__ = (
    "pytest_addoption",
    "pytest_fixture_setup",
    "pytest_pyfunc_call",
    "pytest_runtest_setup",
    "tremolo_client",
    "tremolo_clock",
    "tremolo_sync_client",
)

_BACKEND: Final = "anyio_backend"
_CLIENT: Final = "tremolo_client"
_CLOCK: Final = "tremolo_clock"

_clocks = pytest.StashKey["Clock"]()
"""The clock of a test that has one."""
_backends = pytest.StashKey[list[object]]()
"""The values of anyio's fixture that are on that clock."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options to pytest's."""
    group = parser.getgroup("tremolo")
    group.addoption(
        "--tremolo-seed",
        type=int,
        default=None,
        metavar="NUMBER",
        help="the order of tasks in tests that have a tremolo_clock; by default another each time",
    )
    group.addoption(
        "--tremolo-tcp",
        action="store_true",
        default=False,
        help="have tremolo_client and tremolo_sync_client use real sockets",
    )


# The clock has to be there before the event loop is made, and anyio makes that
# of its fixture `anyio_backend`.


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make the clock of a test that asks for one, and put it into the backend it is run with."""
    if _CLOCK not in getattr(item, "fixturenames", ()):
        return
    from .testing import Clock

    item.stash[_clocks] = Clock(seed=item.config.getoption("--tremolo-seed", default=None))
    item.stash[_backends] = []
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if _BACKEND in parameters:
        parameters[_BACKEND] = _put_on_clock(item, parameters[_BACKEND])


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Do the same where the backend is no parameter, if it belongs to the one test.

    And say what is missing where no plugin runs the asynchronous fixture.
    """
    if fixturedef.argname == _CLIENT:
        return (yield from _with_a_plugin(fixturedef, request))
    if fixturedef.argname != _BACKEND or request.scope != "function":
        return (yield)
    if _CLOCK not in request.fixturenames:
        return (yield)
    func = fixturedef.func
    vars(fixturedef)["func"] = lambda **arguments: _put_on_clock(request.node, func(**arguments))
    try:
        return (yield)
    finally:
        vars(fixturedef)["func"] = func


def _with_a_plugin(
    fixturedef: pytest.FixtureDef[Any], request: Any
) -> Generator[None, object, object]:
    """Let the fixture be set up; raise what is to be done if nobody does so."""
    try:
        result = yield
    except pytest.fail.Exception as error:
        if "async fixture" not in str(error):
            raise
    else:
        if not inspect.isasyncgen(result):
            return result
    missing = pytest.fail.Exception(
        f"{_CLIENT} is asynchronous, and no plugin runs such fixtures for this test: mark the test"
        " with pytest.mark.anyio, or with pytest-asyncio set asyncio_mode = auto or write a"
        " fixture of your own, with pytest_asyncio.fixture. In a plain function use"
        " tremolo_sync_client",
        pytrace=False,
    )
    # Without a result pytest would not clear up, and stumble over that in the next test.
    fixturedef.cached_result = (None, fixturedef.cache_key(request), (missing, None))
    raise missing


def _put_on_clock(item: pytest.Item, backend: object) -> object:
    """The same backend, on the clock of `item` if it can be."""
    if backend in item.stash[_backends]:
        return backend
    name, options = _name_and_options(backend)
    if name not in ("asyncio", "trio") or options.get("use_uvloop"):
        return backend
    options = {**options, **item.stash[_clocks].backend_options(name)}
    item.stash[_backends].append((name, options))
    return name, options


def _name_and_options(backend: Any) -> tuple[Any, dict[str, Any]]:
    name, options = (backend, {}) if isinstance(backend, str) else backend
    return name, options


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Tell the seed of a test that fails."""
    try:
        return (yield)
    except BaseException as error:
        clock = pyfuncitem.stash.get(_clocks, None)
        if clock is not None and not isinstance(error, pytest.skip.Exception):
            error.add_note(
                f"the tasks ran in the order of seed {clock.seed}: --tremolo-seed={clock.seed}"
                " repeats it"
            )
        raise


@pytest.fixture
def tremolo_clock(request: pytest.FixtureRequest) -> "Clock":
    """The clock that the test runs on: time jumps when all wait, and nothing takes any.

    Tests on uvloop are skipped: it has no such time.
    """
    item = request.node
    if _BACKEND in request.fixturenames:
        backend = request.getfixturevalue(_BACKEND)
        if isinstance(backend, tuple) and backend[1].get("use_uvloop"):
            pytest.skip("on uvloop time cannot be the test's")
        if backend not in item.stash[_backends]:
            pytest.fail(
                f"{_CLOCK} needs an event loop of its own, but the fixture {_BACKEND} is shared"
                " with other tests: give it the scope of a function, or params"
            )
    elif inspect.iscoroutinefunction(request.function):
        # Time would be real, and nothing would tell.
        pytest.fail(
            f"{_CLOCK} drives tests that anyio's plugin runs, and another plugin runs this one:"
            " mark it with pytest.mark.anyio, or test by Clock().run(...) in a plain function"
        )
    clock: Clock = item.stash[_clocks]
    return clock


@pytest.fixture
async def tremolo_client(request: pytest.FixtureRequest, app: Any) -> AsyncIterator["Client"]:
    """A `tremolo.testing.Client` for what the test's own fixture `app` returns."""
    from .testing import Client

    async with Client(app, tcp=_over_tcp(request)) as client:
        yield client


@pytest.fixture
def tremolo_sync_client(request: pytest.FixtureRequest, app: Any) -> Iterator["SyncClient"]:
    """A `tremolo.testing.SyncClient` likewise, on the test's clock if it has one."""
    from .testing import SyncClient

    clock = request.node.stash.get(_clocks, None)
    with SyncClient(app, tcp=_over_tcp(request), clock=clock) as client:
        yield client


def _over_tcp(request: pytest.FixtureRequest) -> bool:
    tcp = bool(request.config.getoption("--tremolo-tcp", default=False))
    if tcp and _CLOCK in request.fixturenames:
        pytest.skip("over real sockets time cannot be the test's")
    return tcp
