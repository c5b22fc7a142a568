"""Registering routes by method, by name, and by class; and the way back from a name."""

import pickle

import pytest

from tests.cases import for_each
from tremolo import Tremolo
from tremolo.testing import Client

from .asking import ask


async def hello() -> str:
    return "hello"


@pytest.mark.anyio
@for_each("method", ["delete", "get", "head", "options", "patch", "post", "put"])
async def test_there_is_a_decorator_for_each_method(method: str) -> None:
    app = Tremolo()
    assert getattr(app, method)("/", status=201, name="it")(hello) is hello
    async with Client(app) as client:
        accepted = await client.request(method, "/")
        assert accepted.status_code == 201
        assert accepted.text == ("hello" if method != "head" else "")
        assert (await client.request("OTHER", "/")).status_code == 405
    assert app.url_for("it") == "/"


def test_routes_have_names_and_the_way_back() -> None:
    app = Tremolo()
    app.get("/items/{id:int}", name="item")(hello)
    app.get("/hello")(hello)
    assert app.url_for("item", id=5) == "/items/5"
    assert app.url_for("hello") == "/hello"
    app.get("/other")(hello)
    assert app.url_for("hello") == "/other"
    with pytest.raises(LookupError, match="called 'nothing'; there are hello, item"):
        app.url_for("nothing")


def test_a_parameter_of_the_path_may_be_called_name() -> None:
    app = Tremolo()

    @app.get("/{name}")
    async def user(name: str) -> None: ...

    assert app.url_for("user", name="me") == "/me"


class View:
    async def get(self) -> str:
        return "view"


class NoView:
    async def fetch(self) -> str:
        return "nothing"


@pytest.mark.anyio
async def test_a_class_is_picklable_and_stays_as_it_is() -> None:
    app = Tremolo()
    assert app.route("/")(View) is View
    assert (await ask(pickle.loads(pickle.dumps(app)))).text == "view"
    assert app.url_for("View") == "/"


def test_a_class_that_cannot_be_is_refused() -> None:
    app = Tremolo()
    with pytest.raises(TypeError, match="those that it defines"):
        app.add_route(View, methods=["GET"])
    with pytest.raises(ValueError, match="NoView defines none of"):
        app.add_route(NoView)
    with pytest.raises(TypeError, match="View cannot be made of these options"):
        app.add_route(View, model="M")
