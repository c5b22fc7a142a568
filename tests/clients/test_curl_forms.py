"""curl's `-F` and `-T` to handlers of the framework."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import tremolo
from tremolo import Request, Tremolo

from .test_curl import curl, pytestmark

__all__ = ("pytestmark",)


@pytest.fixture
async def app_url() -> AsyncIterator[str]:
    app = Tremolo()

    @app.post("/form")
    async def form(request: Request) -> dict[str, list[str]]:
        return await request.form()

    @app.post("/parts")
    async def parts(request: Request) -> AsyncIterator[str]:
        async for part in request.parts():
            digest = hashlib.sha256()
            async for piece in part.stream():
                digest.update(piece)
            yield f"{part.name} {part.filename} {part.content_type} {digest.hexdigest()}\n"

    @app.put("/raw")
    async def raw(request: Request) -> str:
        digest = hashlib.sha256()
        async for piece in request.stream():
            digest.update(piece)
        return digest.hexdigest()

    async with tremolo.serve(app, client_max_body_size=10_000_000) as server:
        host, port = server.addresses[0]
        yield f"http://{host}:{port}"


async def test_data(app_url: str) -> None:
    assert await curl("--data-urlencode", "a=x &ü", "-d", "b=2", f"{app_url}/form") == (
        b'{"a":["x &\xc3\xbc"],"b":["2"]}'
    )


async def test_a_small_form(app_url: str) -> None:
    assert (
        await curl("-F", "a=1", "-F", "b=ü", f"{app_url}/form") == '{"a":["1"],"b":["ü"]}'.encode()
    )


async def test_files(app_url: str, tmp_path: Path) -> None:
    large, small = os.urandom(3_000_000), b"abc"
    (tmp_path / 'a"b.bin').write_bytes(large)
    (tmp_path / "größe 100%.txt").write_bytes(small)
    output = await curl(
        *("-F", f'f=@"{tmp_path}/a\\"b.bin"'),
        *("-F", f"g=@{tmp_path}/größe 100%.txt", f"{app_url}/parts"),
    )
    assert output.decode().splitlines() == [
        f'f a"b.bin application/octet-stream {hashlib.sha256(large).hexdigest()}',
        f"g größe 100%.txt text/plain {hashlib.sha256(small).hexdigest()}",
    ]


async def test_a_form_in_chunks(app_url: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    output = await curl(
        *("-H", "Transfer-Encoding: chunked", "-F", f"f=@{tmp_path}/x;filename=y"),
        f"{app_url}/parts",
    )
    assert output.startswith(b"f y application/octet-stream ")


async def test_an_upload(app_url: str, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    (tmp_path / "x").write_bytes(data)
    assert await curl("-T", str(tmp_path / "x"), f"{app_url}/raw") == (
        hashlib.sha256(data).hexdigest().encode()
    )


async def test_a_file_that_is_too_large(app_url: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(10_000_001))
    output = await curl(
        "-F", f"f=@{tmp_path}/x", "-w", "%{http_code}", "-o", os.devnull, app_url + "/parts"
    )
    assert output == b"413"
