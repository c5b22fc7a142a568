"""What handlers are given because they name it, and others are not."""

from typing import Any

import pytest

from tremolo import EventStream, Tremolo
from tremolo.testing import Client

pytestmark = pytest.mark.anyio


async def test_what_is_not_named_is_not_there() -> None:
    app = Tremolo()

    @app.route("/without")
    async def without(**server: Any) -> list[str]:
        return sorted(server)

    @app.route("/with")
    async def with_events(sse: EventStream | None = None, **server: Any) -> str:
        return f"{type(sse).__name__} {'request' in server} {'sse' in server}"

    async with Client(app) as client:
        assert "sse" not in (await client.get("/without")).json()
        assert (await client.get("/with")).text == "EventStream True False"


async def test_a_middleware_is_not_asked_whether_the_answer_is_a_stream() -> None:
    app = Tremolo()
    seen = []

    @app.on_request
    async def look(sse: Any = None, **server: Any) -> None:
        seen.append(sse)

    @app.route("/")
    async def index(sse: EventStream) -> str:
        return "plain"

    async with Client(app) as client:
        assert (await client.get("/")).text == "plain"
    assert seen == [None]
