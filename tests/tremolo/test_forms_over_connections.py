"""Forms through the whole house: as clients send them, and cut wherever a network may cut."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tremolo import BlockingRequest, Request, Tremolo, multipart_decoder
from tremolo.testing import Client, Wire, split_everywhere

from .multipart_bodies import MIXED, part

pytestmark = pytest.mark.anyio

LARGE = bytes(range(256)) * 4_000


@pytest.fixture
def app(tmp_path: Path) -> Tremolo:
    app = Tremolo()

    @app.route("/form")
    async def form(request: Request) -> dict[str, Any]:
        fields = await request.form()
        files = request.context.files
        return {
            **fields,
            **{name: [file["data"].decode("latin-1") for file in files[name]] for name in files},
        }

    @app.route("/plain-form")
    def plain_form(request: BlockingRequest) -> dict[str, Any]:
        return {**request.form(max_fields=2)}

    @app.route("/files")
    async def files(request: Request) -> list[list[Any]]:
        return [
            [file["name"], len(file["data"]), file["eof"]]
            async for file in request.files(max_file_size=1_000_000)
        ]

    @app.route("/digests")
    async def digests(request: Request) -> AsyncIterator[str]:
        async for one in request.parts():
            digest = hashlib.sha256()
            async for piece in one.stream():
                digest.update(piece)
            yield f"{one.filename} {digest.hexdigest()}\n"

    @app.route("/plain-digests")
    def plain_digests(request: BlockingRequest) -> Iterator[str]:
        for one in request.parts():
            digest = hashlib.sha256()
            for piece in one.stream():
                digest.update(piece)
            yield f"{one.filename} {digest.hexdigest()}\n"

    @app.route("/save")
    async def save(request: Request) -> str:
        sizes = [await one.save(tmp_path / one.name) async for one in request.parts()]
        return str(sizes)

    @app.route("/first")
    async def first(request: Request) -> str:
        return (await anext(request.parts())).name

    return app


@pytest.fixture
async def client(app: Tremolo) -> AsyncIterator[Client]:
    async with Client(app) as client:
        yield client


async def test_a_form_of_three_bytes(client: Client) -> None:
    response = await client.post(
        "/form", content=b"a=1", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert response.json() == {"a": ["1"]}


@pytest.mark.parametrize("path", ["/form", "/plain-form"])
async def test_a_form_of_a_client_library(client: Client, path: str) -> None:
    assert (await client.post(path, data={"a": "ü", "b": "2"})).json() == {"a": ["ü"], "b": ["2"]}


async def test_a_small_form_with_a_file(client: Client) -> None:
    response = await client.post("/form", data={"a": "1"}, files={"f": ("x.txt", b"abc")})
    assert response.json() == {"a": ["1"], "f": ["abc"]}


async def test_files(client: Client) -> None:
    response = await client.post("/files", files={"f": ("x", LARGE), "g": ("y", b"")})
    assert response.json() == [["f", 1_000_000, False], ["f", 24_000, True], ["g", 0, True]]


@pytest.mark.parametrize("path", ["/digests", "/plain-digests"])
async def test_parts(client: Client, path: str) -> None:
    response = await client.post(path, files={"f": ("x", LARGE), "g": ("y", b"abc")})
    assert response.text == (
        f"x {hashlib.sha256(LARGE).hexdigest()}\ny {hashlib.sha256(b'abc').hexdigest()}\n"
    )


async def test_files_that_are_saved(client: Client, tmp_path: Path) -> None:
    response = await client.post("/save", files={"f": ("x", LARGE), "g": ("y", b"")})
    assert response.text == f"[{len(LARGE)}, 0]"
    assert (tmp_path / "f").read_bytes() == LARGE
    assert (tmp_path / "g").read_bytes() == b""


async def test_what_nobody_reads_is_small_or_ends_the_connection(client: Client) -> None:
    assert (await client.post("/first", files={"f": b"abc"})).text == "f"
    assert (await client.post("/first", files={"f": LARGE * 2})).text == "f"
    assert (await client.post("/first", files={"f": b"abc"})).text == "f"


HEAD = b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=XbX\r\n"


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def in_chunks(body: bytes) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (body[:90], body[90:]))
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@pytest.mark.parametrize("framed", [with_length, in_chunks])
async def test_it_does_not_matter_how_a_form_is_cut(
    client: Client, framed: Callable[[bytes], bytes]
) -> None:
    async def post(wire: Wire) -> bytes:
        await wire.send(framed(MIXED))
        answer = await wire.receive_response()
        assert answer.status == 200
        return answer.body

    await split_everywhere(client, post)


@pytest.mark.parametrize("framed", [with_length, in_chunks])
async def test_a_truncated_form_is_refused(
    client: Client, framed: Callable[[bytes], bytes]
) -> None:
    async with client.connection() as wire:
        await wire.send(framed(MIXED[:-20]))
        assert (await wire.receive_response()).status == 400


async def test_a_form_that_is_too_large_is_refused_before_it_is_sent(client: Client) -> None:
    async with client.connection() as wire:
        await wire.send(HEAD + b"Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n")
        assert (await wire.receive_response()).status == 413


async def test_too_many_fields(client: Client) -> None:
    response = await client.post("/plain-form", data={"a": "1", "b": "2", "c": "3"})
    assert response.status_code == 413


async def test_a_body_that_is_no_form(client: Client) -> None:
    response = await client.post("/form", content=b"a=1", headers={"content-type": "text/plain"})
    assert (response.status_code, response.text) == (400, "invalid Content-Type: this is no form")


async def test_without_the_extra_a_form_is_500_and_the_log_says_what_to_install(
    app: Tremolo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(multipart_decoder, "_multipart", None)
    async with Client(app, raise_server_exceptions=False) as client:
        assert (await client.post("/form", files={"f": b"abc"})).status_code == 500
        response = await client.post("/form", data={"a": "1"})
    assert response.json() == {"a": ["1"]}
    assert "pip install 'tremolo-anyio[forms]'" in caplog.text


async def test_many_small_parts(client: Client) -> None:
    body = b"".join(part(b'name="%d"; filename="f"' % number, b"x") for number in range(2_000))
    response = await client.post(
        "/files",
        content=body + b"--XbX--",
        headers={"content-type": "multipart/form-data; boundary=XbX"},
    )
    # The default of `max_files`.
    assert [name for name, _, _ in response.json()] == [str(number) for number in range(1_024)]
    assert isinstance(response, httpx.Response)
