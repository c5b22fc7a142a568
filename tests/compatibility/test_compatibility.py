"""The application of `application` answers every case, in memory and over sockets."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tremolo import serve
from tremolo_transport import memory_stream_pair, serve_connection

from .application import app
from .cases import CASES as ROWS
from .cases import Case
from .stream_cases import STREAM_CASES
from .talking import differences

CASES = (*ROWS, *STREAM_CASES)

pytestmark = pytest.mark.anyio

TOPICS = sorted({case.topic for case in CASES if case.topic is not None})


async def received(stream: ByteStream, case: Case) -> bytes:
    answer = bytearray()

    async def send() -> None:
        try:
            await stream.send(case.request.encode("latin-1"))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            # It is refused before all of it was sent.
            return

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(send)
            try:
                while True:
                    answer += await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                group.cancel_scope.cancel()
    return bytes(answer)


@asynccontextmanager
async def in_memory() -> AsyncIterator[Any]:
    handler = app.build()
    async with handler.lifespan(), anyio.create_task_group() as group:

        async def ask(case: Case) -> bytes:
            client, server = memory_stream_pair()
            group.start_soon(serve_connection, server, handler)
            async with client:
                return await received(client, case)

        yield ask


@asynccontextmanager
async def over_sockets() -> AsyncIterator[Any]:
    async with serve(app) as server:
        (host, port), *_ = server.addresses
        assert port is not None

        async def ask(case: Case) -> bytes:
            async with await anyio.connect_tcp(host, port) as stream:
                return await received(stream, case)

        yield ask


@pytest.mark.parametrize("where", [in_memory, over_sockets])
async def test_it_answers_as_applications_rely_on(where: Any, anyio_backend_name: str) -> None:
    wrong: dict[str, list[str]] = {}
    async with AsyncExitStack() as stack:
        ask = await stack.enter_async_context(where())
        for case in CASES:
            if case.name in ("/8/task", "/8/tasks") and anyio_backend_name == "trio":
                # The handlers themselves sleep by asyncio.
                continue
            if found := differences(case, await ask(case)):
                wrong[case.name] = found
    assert not wrong


@pytest.mark.parametrize("topic", TOPICS)
def test_every_difference_stands_on_the_migration_page(topic: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "migration.md"
    assert f"| {topic} |" in page.read_text(encoding="utf-8")
