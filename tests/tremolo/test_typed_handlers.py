"""Handlers in the typed style; what the type checker says of the public API is checked with it.

`warn_unused_ignores` is on: each `type: ignore` here is a mistake that must go on
being one, and each `assert_type` what an editor completes from.
"""

from collections.abc import AsyncIterator
from typing import Any, assert_type
from uuid import UUID

import pytest

from tremolo import BlockingRequest, BlockingResponse, Request, Response, Tremolo
from tremolo.contexts import ConnectionContext, RequestContext, WorkerContext
from tremolo.exceptions import HTTPRedirect, NotFound
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

app = Tremolo()


@app.get("/items/{id:int}")
async def item(id: int, request: Request) -> dict[str, int]:
    assert_type(request.method, bytes)
    assert_type(request.query, dict[str, list[str]])
    assert_type(request.ctx, RequestContext)
    return {"id": id}


@app.post("/items", max_body_size=1_000, status=201)
async def create(request: Request, response: Response) -> list[Any]:
    assert_type(await request.body(), bytes)
    assert_type(await request.form(), dict[str, list[str]])
    assert_type(response.redirect("/"), HTTPRedirect)
    return [await request.json()]


@app.route("/files/{name}/{number:uuid}/{rest:path}", methods=["GET"])
def plain(
    name: str, number: UUID, rest: str, request: BlockingRequest, response: BlockingResponse
) -> str:
    assert_type(request.body(), bytes)
    assert_type(response.headers, dict[bytes, list[bytes]])
    return f"{name} {number.int} {rest}"


@app.route("/stream")
async def stream(context: ConnectionContext, globals: WorkerContext) -> AsyncIterator[str]:
    yield "typed"


@app.error(404)
async def missing(exc: NotFound) -> str:
    return str(exc)


@app.on_request
async def before(request: Request) -> None:
    request.context.seen = True


@app.on_connect(priority=1)
async def connected(context: ConnectionContext) -> None:
    context.seen = True


async def mistakes(request: Request, response: Response) -> None:
    """Never called: each line is one that the type checker refuses."""
    request.methd  # type: ignore[attr-defined] # misspelt # noqa: B018
    request.body() + b""  # type: ignore[operator] # it is not awaited
    response.set_status("404")  # type: ignore[arg-type] # of another type
    response.set_cookie("name", value=5)  # type: ignore[arg-type] # of another type
    await response.write(5)  # type: ignore[arg-type] # of another type
    await response.end({"a": 1})  # type: ignore[arg-type] # of another type
    app.get("/x", methods=5, name=5)  # type: ignore[arg-type] # of another type
    app.route("/x", methods=5)  # type: ignore[arg-type] # of another type
    app.hook("nothing")  # type: ignore[call-overload] # no such name
    app.middleware("nothing")  # type: ignore[call-overload] # no such name
    app.error("404")  # type: ignore[arg-type] # of another type
    app.add_route("not callable", "/x")  # type: ignore[arg-type] # of another type
    app.mount("/x", "not an application")  # type: ignore[arg-type] # of another type
    app.url_for(5)  # type: ignore[arg-type] # of another type


async def test_decorators_leave_the_functions_their_types() -> None:
    @app.get("/again/{id:int}")
    async def handler(id: int) -> dict[str, int]:
        return {"id": id}

    assert_type(await handler(5), dict[str, int])
    assert await handler(5) == {"id": 5}


async def test_they_run() -> None:
    async with Client(app) as client:
        for target, body in (
            ("/items/5", '{"id":5}'),
            ("/items/x", "Not Found"),
            ("/files/a%20b/00000000-0000-0000-0000-000000000005/c/d", "a b 5 c/d"),
            ("/stream", "typed"),
        ):
            assert (await client.get(target)).text == body
