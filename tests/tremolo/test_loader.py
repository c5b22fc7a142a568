"""From what the command line names to a handler, and the one line for everything that fails."""

import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tremolo import Application
from tremolo.config import Config, configure
from tremolo.dispatcher import Dispatcher
from tremolo.loader import (
    LoadError,
    ModuleFailed,
    NotAnApplication,
    build,
    handler_for,
    load,
)
from tremolo_asgi import AsgiHandler, LifespanFailed

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a module into the current directory; all are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])

    def write_module(name: str, source: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        return path

    yield write_module
    # The house's own modules stay: of their classes there is to be one.
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    "target",
    ["one", "one:app", "one:inner.app", "one.py", "./one.py:app", "one.py:inner.app"],
)
def test_a_target_is_found(write: Write, target: str) -> None:
    write("one.py", "app = 'it'\nclass inner:\n    app = 'it'\n")
    assert load(target) == "it"


def test_a_module_of_a_package_is_found(write: Write) -> None:
    write("package/__init__.py", "")
    write("package/one.py", "from . import two\napp = two.name\n")
    write("package/two.py", "name = 'it'\n")
    assert load("package.one:app") == "it"


def test_a_file_finds_its_neighbours(write: Write) -> None:
    write("somewhere/one.py", "import neighbour\napp = neighbour.name\n")
    write("somewhere/neighbour.py", "name = 'it'\n")
    assert load("somewhere/one.py") == "it"


def test_an_absolute_path_is_found(write: Write) -> None:
    path = write("somewhere/one.py", "app = 'it'\n")
    assert load(f"{path}:app") == "it"


def test_a_file_is_run_once(write: Write) -> None:
    write("one.py", "app = object()\n")
    assert load("one.py") is load("./one.py") is load("one")


@pytest.mark.parametrize("name", ["http", "tremolo", "my-app"])
def test_a_file_may_have_the_name_of_another_module(write: Write, name: str) -> None:
    write(f"{name}.py", "class Kind: ...\napp = Kind\n")
    kept = sys.modules.get(name)
    kind = load(f"{name}.py")
    assert sys.modules.get(name) is kept or name == "my-app"
    assert sys.modules[kind.__module__].Kind is kind


def test_a_file_that_fails_is_forgotten(write: Write) -> None:
    write("one.py", "raise ValueError")
    with pytest.raises(LoadError):
        load("one.py")
    assert "one" not in sys.modules


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("missing", "cannot load 'missing': there is no module 'missing' in "),
        ("package.missing:app", "cannot load 'package.missing': there is no module 'package.mi"),
        ("one.sub:app", "cannot load 'one.sub': there is no module 'one.sub' in"),
        ("missing.py", "cannot load 'missing.py': there is no such file"),
        ("missing.py:app", "cannot load 'missing.py': there is no such file"),
        ("directory/missing:app", "cannot load 'directory/missing': there is no such file"),
        ("one:nothing", "cannot load 'one:nothing': there is no 'nothing' in 'one'"),
        ("one:app.nothing", "cannot load 'one:app.nothing': there is no 'app.nothing' in 'one'"),
        ("one.py:nothing", "cannot load 'one.py:nothing': there is no 'nothing' in 'one.py'"),
        ("one:", "cannot load 'one:': expected MODULE:NAME or FILE.py:NAME"),
        (":app", "cannot load ':app': expected MODULE:NAME or FILE.py:NAME"),
        ("", "cannot load '': expected MODULE:NAME or FILE.py:NAME"),
        ("..one:app", "cannot load '..one': that is no name of a module"),
        ("one..two", "cannot load 'one..two': that is no name of a module"),
        ("one.txt/x:app", "cannot load 'one.txt/x': there is no such file"),
        ("./text:app", "cannot load './text': a Python file's name ends with .py"),
    ],
)
def test_what_is_not_there_is_named(write: Write, target: str, text: str) -> None:
    write("one.py", "app = 'it'\n")
    write("package/__init__.py", "")
    write("text", "app = 'it'\n")
    with pytest.raises(LoadError) as caught:
        load(target)
    assert str(caught.value).startswith(text)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, ModuleFailed)


@pytest.mark.parametrize("target", ["one:app", "one.py:app"])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import not_there\n", "No module named 'not_there' ({one}, line 2)"),
        ("import inner\n", "No module named 'not_there' ({inner}, line 4)"),
        ("from inner2 import name\n", "cannot import name 'name' from 'inner2'"),
        ("raise ImportError('install it')\n", "install it ({one}, line 2)"),
    ],
)
def test_an_import_that_fails_inside_is_told_from_a_missing_module(
    write: Write, target: str, source: str, text: str
) -> None:
    one = write("one.py", "app = None\n" + source)
    inner = write("inner.py", "\n\n\nimport not_there\n")
    write("inner2.py", "")
    with pytest.raises(LoadError) as caught:
        load(target)
    place = target.removesuffix(":app")
    assert str(caught.value).startswith(f"cannot load {place!r}: an import in it failed: ")
    assert text.format(one=one, inner=inner) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["one:app", "one.py:app"])
@pytest.mark.parametrize(
    ("source", "wrong"), [("app = 'it\n", "one.py"), ("import inner\n", "inner.py")]
)
def test_what_is_no_python_is_named(write: Write, target: str, source: str, wrong: str) -> None:
    path = write("one.py", "\n" + source).parent / wrong
    write("inner.py", "\n'unfinished\n")
    with pytest.raises(LoadError) as caught:
        load(target)
    assert f"unterminated string literal (detected at line 2) ({path}, line 2)" in str(caught.value)
    assert not isinstance(caught.value, ModuleFailed)


@pytest.mark.parametrize("target", ["one:app", "one.py:app"])
@pytest.mark.parametrize("error", ["ValueError('oops')", "SystemExit(5)"])
def test_an_error_of_the_module_keeps_its_traceback(write: Write, target: str, error: str) -> None:
    path = write("one.py", f"def fail():\n    raise {error}\nfail()\n")
    with pytest.raises(ModuleFailed, match=r"it raised (ValueError|SystemExit)$") as caught:
        load(target)
    assert caught.value.__cause__ is not None
    frames = traceback.extract_tb(caught.value.__cause__.__traceback__)
    assert [(frame.filename, frame.lineno) for frame in frames] == [(str(path), 3), (str(path), 2)]


def test_an_interrupt_is_no_fault_of_the_module(write: Write) -> None:
    write("one.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load("one.py")
    with pytest.raises(KeyboardInterrupt):
        load("one")


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


class Asgi:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class Endpoint:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None: ...


def test_an_application_of_the_framework_is_built_with_the_settings() -> None:
    app = Application()
    handler = handler_for(app, configure({"debug": True, "client_max_body_size": 9}))
    assert not isinstance(handler, AsgiHandler)
    assert app.context.options["debug"] is True
    assert app.context.options["client_max_body_size"] == 9


@pytest.mark.parametrize("app", [asgi, Asgi(), Endpoint, Asgi().__call__, lambda *arguments: None])
def test_whatever_can_be_called_so_speaks_asgi(app: object) -> None:
    assert isinstance(handler_for(app, Config()), AsgiHandler)


class Old:
    """As ASGI 2 had it."""

    def __init__(self, scope: Any) -> None: ...


async def handler_of_exchanges(exchange: Any) -> None: ...


def factory() -> object: ...


@pytest.mark.parametrize("app", [Old, handler_of_exchanges, factory, Asgi])
def test_another_callable_is_refused(app: Any) -> None:
    with pytest.raises(NotAnApplication, match="is called with scope, receive and send, but this"):
        handler_for(app, Config())


@pytest.mark.parametrize("app", [None, "example:app", 5, {"a": 1}])
def test_what_cannot_be_called_is_refused(app: object) -> None:
    with pytest.raises(TypeError, match=f"is no application, but of type {type(app).__name__}"):
        handler_for(app, Config())


def test_what_python_knows_no_parameters_of_is_taken() -> None:
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(max)
    assert isinstance(handler_for(max, Config()), AsgiHandler)


async def stuck(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await anyio.sleep_forever()


@pytest.mark.anyio
async def test_the_lifespan_is_as_configured() -> None:
    async def live(app: Any, **options: object) -> None:
        handler = handler_for(app, configure(options))
        assert isinstance(handler, AsgiHandler)
        async with handler.lifespan():
            pass

    with pytest.raises(LifespanFailed, match=r"returned before lifespan\.startup"):
        await live(asgi, lifespan="on")
    await live(asgi, lifespan="auto")
    await live(stuck, lifespan="off")
    with pytest.raises(LifespanFailed, match="did not shut down in time"):
        await live(stuck, shutdown_timeout=0)


def test_a_target_is_built(write: Write) -> None:
    write("one.py", "async def app(scope, receive, send): ...\nnumber = 5\n")
    assert isinstance(build("one:app", Config()), AsgiHandler)
    with pytest.raises(NotAnApplication, match=r"^'one:number' is no application"):
        build("one:number", Config())


def test_an_application_may_be_made_by_a_function(write: Write) -> None:
    write("code/makes.py", "from tremolo import Tremolo\ndef make():\n    return Tremolo('made')\n")
    config = configure({"factory": True, "app_dir": "code"})
    handler = build("makes:make", config)
    assert isinstance(handler, Dispatcher)


@pytest.mark.parametrize("place", ["nowhere", "one.py"])
def test_modules_are_not_looked_for_where_there_is_no_directory(write: Write, place: str) -> None:
    # It is found here, but that is not where it was said to be.
    write("one.py", "async def app(scope, receive, send): ...\n")
    with pytest.raises(LoadError, match=f"^cannot load 'one:app': '{place}' is no directory$"):
        build("one:app", configure({"app_dir": place}))


@pytest.mark.parametrize(
    ("source", "error", "text"),
    [
        ("make = 5", NotAnApplication, "'makes:make' makes no application: it is int"),
        (
            "def make():\n    1 / 0",
            ModuleFailed,
            "cannot load 'makes:make': it raised Zero",
        ),
        ("def make():\n    return 5", NotAnApplication, "'makes:make' is no application"),
    ],
)
def test_a_function_that_makes_none_is_refused(
    write: Write, source: str, error: type[LoadError], text: str
) -> None:
    write("makes.py", source)
    with pytest.raises(error, match=text):
        build("makes:make", configure({"factory": True}))
