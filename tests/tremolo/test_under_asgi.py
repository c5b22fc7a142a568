"""Applications of the framework under another ASGI server, and under themselves."""

import pickle
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tremolo import Request, Tremolo
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

steps: list[str] = []


def application() -> Tremolo:
    app = Tremolo()

    @app.route("/hello/{name}")
    async def hello(name: str, request: Request) -> str:
        return f"hello {name} at {request.path.decode()}"

    @app.post("/echo")
    async def echo(request: Request) -> AsyncIterator[bytes]:
        async for piece in request.stream():
            yield piece

    @app.route("/fail")
    async def fail() -> None:
        raise ValueError("oops")

    @app.on_worker_start
    async def start() -> None:
        steps.append("up")

    @app.on_worker_stop
    async def stop() -> None:
        steps.append("down")

    return app


async def test_it_answers() -> None:
    async with Client(application().asgi) as client:
        assert (await client.get("/hello/caf%C3%A9")).text == "hello café at /hello/caf%C3%A9"
        assert (await client.get("/missing")).status_code == 404
        assert (await client.head("/hello/a")).headers["content-length"] == "19"


async def test_bodies_stream_through_it() -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(100):
            yield b"%d," % number

    async with Client(application().asgi) as client:
        response = await client.post("/echo", content=body())
    assert response.content == b"".join([b"%d," % number for number in range(100)])


async def test_a_body_beyond_the_limit_is_413() -> None:
    async with Client(application().asgi) as client:
        assert (await client.post("/echo", content=b"a" * 3_000_000)).status_code == 413


async def test_its_errors_are_answered() -> None:
    async with Client(application().asgi, raise_server_exceptions=False) as client:
        assert (await client.get("/fail")).status_code == 500


async def test_its_hooks_run_in_the_lifespan() -> None:
    steps.clear()
    async with Client(application().asgi, lifespan="on"):
        assert steps == ["up"]
    assert steps == ["up", "down"]


async def test_it_is_an_asgi_application_itself() -> None:
    app = application()
    assert app.asgi is app.asgi
    starlette = Starlette(routes=[Mount("/inner", app)])
    async with Client(starlette) as client:
        assert (await client.get("/inner/hello/a")).text == "hello a at /hello/a"


async def test_and_so_on() -> None:
    outer = Tremolo()
    outer.mount("/a", Starlette(routes=[Mount("/b", application())]))
    async with Client(outer.asgi) as client:
        assert (await client.get("/a/b/hello/c")).text == "hello c at /hello/c"


async def test_it_can_be_pickled_before_it_is_built() -> None:
    assert isinstance(pickle.loads(pickle.dumps(Tremolo())), Tremolo)
