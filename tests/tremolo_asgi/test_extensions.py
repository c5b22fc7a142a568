"""What extensions put on the wire, and that they are offered exactly where they do."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tremolo.testing import Answer, Client
from tremolo_core import Headers

pytestmark = pytest.mark.anyio

Send = Callable[[Any], Awaitable[None]]
Act = Callable[[Any, Send], Awaitable[None]]

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
OLD = b"GET / HTTP/1.0\r\nHost: a\r\n"
TE = b"TE: trailers\r\n"
START = {"type": "http.response.start", "status": 200}
WITH_TRAILERS = {**START, "trailers": True}


def body(data: bytes = b"", *, more: bool = False) -> Any:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def answer_of(act: Act, asked: bytes = GET, *, tcp: bool = False) -> Answer:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await act(scope, send)

    async with Client(app, tcp=tcp) as client, client.connection() as wire:
        await wire.send(asked + b"\r\n")
        return await wire.receive_response()


async def test_trailers_are_sent_to_who_wants_them() -> None:
    async def act(scope: Any, send: Send) -> None:
        assert "http.response.trailers" in scope["extensions"]
        await send(WITH_TRAILERS)
        await send(body(b"abc"))
        await send({"type": "http.response.trailers", "headers": [(b"Checksum", b"1")]})

    answer = await answer_of(act, GET + TE)
    assert answer.body == b"abc"
    assert answer.trailers == Headers([(b"checksum", b"1")])
    assert answer.headers.get(b"transfer-encoding") == b"chunked"


@pytest.mark.parametrize("asked", [GET, OLD + TE])
async def test_nobody_else_is_offered_any(asked: bytes) -> None:
    async def act(scope: Any, send: Send) -> None:
        assert "http.response.trailers" not in scope["extensions"]
        await send(START)
        await send(body(b"abc"))

    answer = await answer_of(act, asked)
    assert (answer.body, answer.trailers) == (b"abc", Headers())


async def test_hints_are_an_interim_answer() -> None:
    async def act(scope: Any, send: Send) -> None:
        assert "http.response.early_hint" in scope["extensions"]
        await send({"type": "http.response.early_hint", "links": [b"</a>; rel=preload"]})
        await send(START)
        await send(body(b"abc"))

    answer = await answer_of(act)
    [hint] = answer.interim
    assert (hint.status, hint.headers.get(b"link")) == (103, b"</a>; rel=preload")
    assert (answer.status, answer.body) == (200, b"abc")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1_000)
    return path


@pytest.mark.parametrize("tcp", [False, True], ids=["memory", "tcp"])
async def test_a_file_by_its_path(path: Path, tcp: bool) -> None:
    async def act(scope: Any, send: Send) -> None:
        assert "http.response.pathsend" in scope["extensions"]
        await send(START)
        await send({"type": "http.response.pathsend", "path": str(path)})

    answer = await answer_of(act, tcp=tcp)
    assert answer.headers.get(b"content-length") == b"256000"
    assert answer.body == bytes(range(256)) * 1_000


@pytest.mark.parametrize("tcp", [False, True], ids=["memory", "tcp"])
@pytest.mark.parametrize("length", [True, False], ids=["with its length", "chunked"])
async def test_parts_of_an_open_file(path: Path, tcp: bool, length: bool) -> None:
    async def act(scope: Any, send: Send) -> None:
        kind = "http.response.zerocopysend"
        assert kind in scope["extensions"]
        descriptor = os.open(path, os.O_RDONLY)
        try:
            await send({**START, "headers": [(b"content-length", b"156007")] * length})
            part = {"type": kind, "file": descriptor, "offset": 2, "count": 3, "more_body": True}
            await send(part)
            await send(body(b"--", more=True))
            # Where no offset is given, it is where the file stands, which moves.
            await send({"type": kind, "file": descriptor, "count": 2, "more_body": True})
            os.lseek(descriptor, 100_000, os.SEEK_SET)
            await send({"type": kind, "file": descriptor})
            assert os.lseek(descriptor, 0, os.SEEK_CUR) == 256_000
        finally:
            os.close(descriptor)

    answer = await answer_of(act, tcp=tcp)
    assert answer.body == b"\2\3\4--\0\1" + (bytes(range(256)) * 1_000)[100_000:]


@pytest.mark.parametrize("asked", [GET, OLD])
async def test_debug_and_push_are_not_offered(asked: bytes) -> None:
    async def act(scope: Any, send: Send) -> None:
        assert not {"http.response.debug", "http.response.push"} & set(scope["extensions"])
        await send(START)
        await send(body())

    assert (await answer_of(act, asked)).status == 200
