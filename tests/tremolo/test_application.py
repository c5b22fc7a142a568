"""What is registered on an application, and what it refuses."""

import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import tremolo
from tremolo import Application, Tremolo, config, program
from tremolo.settings import AppSettings
from tremolo.testing.under_test import Testable
from tremolo_transport import Bind

from .asking import ask


async def hello() -> str:
    return "hello"


async def not_found() -> str:
    return "nothing"


async def body(app: Testable, target: bytes = b"/") -> bytes:
    return (await ask(app, target)).content


def test_both_names_are_one_class() -> None:
    assert Tremolo is Application
    assert tremolo.__version__


def test_its_logger() -> None:
    assert Tremolo().logger.name == "tremolo"
    assert Tremolo("mine").logger.name == "mine"


@pytest.mark.anyio
async def test_decorators_leave_the_function_as_it_is() -> None:
    app = Tremolo()
    assert app.route("/a")(hello) is hello
    assert app.error(404)(not_found) is not_found
    assert await body(app, b"/a") == b"hello"
    assert await body(app, b"/b") == b"nothing"


@pytest.mark.anyio
async def test_error_handlers_can_be_registered_directly() -> None:
    app = Tremolo()
    app.error(404, not_found)
    assert await body(app) == b"nothing"


@pytest.mark.anyio
async def test_add_route_is_for_the_root_by_default() -> None:
    app = Tremolo()
    app.add_route(hello)
    assert await body(app) == b"hello"


def test_a_parameter_that_nothing_provides_is_named_at_registration() -> None:
    app = Tremolo()

    async def handler(reqest: object) -> None: ...

    with pytest.raises(TypeError) as caught:
        app.add_route(handler, "/")
    assert "handler has the parameter 'reqest'" in str(caught.value)
    assert "app, context, fileno, globals, lock, logger, loop, prefix, request, response" in str(
        caught.value
    )


def test_exc_is_provided_for_error_handlers_alone() -> None:
    app = Tremolo()

    async def handler(exc: Exception) -> None: ...

    app.error(404, handler)
    with pytest.raises(TypeError, match="'exc'"):
        app.add_route(handler)


@pytest.mark.anyio
async def test_it_is_picklable() -> None:
    app = Tremolo("mine")
    app.add_route(hello, "/hello", status=201)
    app.error(404, not_found)
    app.context.database = "here"
    app.build()
    twin = pickle.loads(pickle.dumps(app))
    assert await body(twin, b"/hello") == b"hello"
    assert await body(twin) == b"nothing"
    assert twin.context.database == "here"
    assert twin.logger is app.logger


def test_the_settings_are_the_options_of_its_context() -> None:
    app = Tremolo()
    assert app.context.options["buffer_size"] == 16384
    app.build(AppSettings(buffer_size=5))
    assert app.context.options["buffer_size"] == 5


class Programs:
    """In the place of `program.run`: what was to be run."""

    def __init__(self) -> None:
        self.code = 0
        self.ran: list[tuple[Any, config.Config]] = []

    def run(self, build: Callable[[], Any], told: config.Config) -> int:
        # The locks of a run are gone with it.
        self.ran.append((build(), told))
        return self.code


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs()
    monkeypatch.setattr(program, "run", programs.run)
    return programs


@pytest.mark.anyio
async def test_run_is_a_program_of_this_application(programs: Programs) -> None:
    app = Tremolo()
    app.add_route(hello)
    app.run("0.0.0.0", 8000, debug=True, loop="trio", log_level="ERROR", client_max_body_size=5)
    ((handler, told),) = programs.ran
    assert told.binds == (Bind(host="0.0.0.0", port=8000),)
    assert (told.loop, told.log_level) == ("trio", "ERROR")
    # Made for this run, and gone with it.
    assert told.app.lock_file is not None
    settings = dataclasses.replace(told.app, lock_file=None)
    assert settings == AppSettings(debug=True, client_max_body_size=5)
    assert await body(handler) == b"hello"
    assert app.context.options["client_max_body_size"] == 5


def test_run_lets_the_system_choose_the_port(programs: Programs) -> None:
    Tremolo().run("127.0.0.1")
    assert programs.ran[0][1].binds == (Bind(host="127.0.0.1", port=0),)


def test_run_with_bind_instead_of_host_and_port(programs: Programs) -> None:
    Tremolo().run(bind="127.0.0.1:5,[::1]:6")
    assert programs.ran[0][1].binds == (Bind(host="127.0.0.1", port=5), Bind(host="::1", port=6))


def test_run_ends_with_the_exit_code(programs: Programs) -> None:
    programs.code = 3
    with pytest.raises(SystemExit) as caught:
        Tremolo().run("127.0.0.1")
    assert caught.value.code == 3


def test_the_number_of_workers_is_an_option(programs: Programs) -> None:
    with pytest.raises(ValueError, match="worker_num: must be a number"):
        Tremolo().run("127.0.0.1", worker_num="many")  # type: ignore[arg-type]  # what is tested
    assert programs.ran == []


def test_the_port_is_an_option(programs: Programs) -> None:
    Tremolo().run("", "80")  # type: ignore[arg-type]  # what is tested
    assert programs.ran[0][1].binds == (Bind(host="", port=80),)
    with pytest.raises(ValueError, match="port: must be a number from 0 to 65535, not 'web'"):
        Tremolo().run("127.0.0.1", "web")  # type: ignore[arg-type]  # what is tested
    assert len(programs.ran) == 1


def test_an_option_that_is_misspelled_is_named(programs: Programs) -> None:
    with pytest.raises(TypeError, match=r"did you mean worker_num\?"):
        Tremolo().run("127.0.0.1", workers_num=5)
    assert programs.ran == []


def test_other_options_are_the_applications_own(programs: Programs) -> None:
    app = Tremolo()
    shared = {"a": 1}
    app.run("127.0.0.1", buffer_size=5, shared=shared)
    assert app.context.options["shared"] is shared
    assert app.context.options["buffer_size"] == 5
    app.run("127.0.0.1")
    assert "shared" not in app.context.options


def test_the_application_finds_what_run_was_told_but_for_secrets(programs: Programs) -> None:
    app = Tremolo()
    app.run("127.0.0.1", download_rate=5_000, ssl={"cert": "c", "key": "k", "password": "p"})
    assert app.context.options["download_rate"] == 5_000
    assert not [name for name in app.context.options if name.startswith("ssl")]


def test_run_takes_the_options_of_the_other_tremolo(programs: Programs) -> None:
    Tremolo().run(
        "127.0.0.1",
        ssl={"cert": "c.pem", "key": "k.pem"},
        loop="asyncio.SelectorEventLoop",
        experimental=True,
        max_queue_size=8,
        client_max_header_size=8192,
    )
    told = programs.ran[0][1]
    assert (told.tls.certificate, told.tls.key) == ("c.pem", "k.pem")
    assert told.loop == "asyncio"
    assert (told.server.limits.read_ahead, told.server.limits.head) == (8 * 16_384, 8192)


def test_run_must_be_told_where(programs: Programs) -> None:
    with pytest.raises(ValueError, match="where to listen"):
        Tremolo().run()


def test_a_value_that_cannot_be_is_refused(programs: Programs) -> None:
    with pytest.raises(ValueError, match="loop"):
        Tremolo().run("127.0.0.1", loop="curio")
