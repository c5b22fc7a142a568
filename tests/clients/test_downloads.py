"""curl and wget, resuming downloads of the framework and being held back by it."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from tremolo import Response, Tremolo, serve

pytestmark = pytest.mark.anyio

CURL = ("curl", "-q", "--noproxy", "*", "-sS", "--max-time", "60")
WGET = ("wget", "--no-config", "--no-proxy", "-q", "-T", "60")

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
needs_wget = pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed here")

CONTENT = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(100_000))
"""3.2 MB, no two parts of which are the same."""


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "big.bin").write_bytes(CONTENT)
    app = Tremolo()
    app.static("/static", folder)

    @app.get("/file")
    async def file(response: Response) -> None:
        await response.sendfile(folder / "big.bin", filename="résumé.bin")

    async with serve(app) as server:
        yield server.urls[0].rstrip("/")


async def run(*command: str, code: int = 0) -> bytes:
    done = await anyio.run_process(command, check=False)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout


async def content_of(path: Path) -> bytes:
    return await anyio.Path(path).read_bytes()


@needs_curl
@pytest.mark.parametrize("path", ["static/big.bin", "file"])
@pytest.mark.parametrize("there", [0, 1, 1_000_000, len(CONTENT) - 1])
async def test_curl_resumes(url: str, tmp_path: Path, path: str, there: int) -> None:
    target = tmp_path / "target"
    await anyio.Path(target).write_bytes(CONTENT[:there])
    await run(*CURL, "-C", "-", "-o", str(target), f"{url}/{path}")
    assert await content_of(target) == CONTENT


@needs_curl
async def test_curl_asks_for_ranges(url: str) -> None:
    assert await run(*CURL, "-r", "5-9", f"{url}/file") == CONTENT[5:10]
    assert await run(*CURL, "-r", "-7", f"{url}/file") == CONTENT[-7:]
    several = await run(*CURL, "-r", "10-19,0-4", f"{url}/file")
    assert several.index(CONTENT[10:20]) < several.index(CONTENT[:5])
    status = await run(
        *CURL, "-o", "-", "-w", "%{http_code}", "-r", f"{len(CONTENT)}-", f"{url}/file"
    )
    assert status == b"416"


@needs_curl
async def test_curl_asks_only_for_what_is_new(url: str, tmp_path: Path) -> None:
    tag, target = str(tmp_path / "tag"), tmp_path / "target"
    command = [*CURL, "-o", str(target), "-w", "%{http_code}", f"{url}/static/big.bin"]
    assert await run(*command, "--etag-save", tag) == b"200"
    assert await content_of(target) == CONTENT
    assert await run(*command, "--etag-compare", tag) == b"304"
    assert await run(*command, "-z", str(target)) == b"304"


@needs_curl
async def test_curl_takes_its_time(url: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    await run(*CURL, "--limit-rate", "4M", "-o", str(target), f"{url}/file")
    assert await content_of(target) == CONTENT


@needs_curl
async def test_curl_saves_under_the_name_that_it_is_told(url: str, tmp_path: Path) -> None:
    await run(*CURL, "-OJ", "--output-dir", str(tmp_path), f"{url}/file")
    assert await content_of(tmp_path / "r_sum_.bin") == CONTENT


@needs_wget
@pytest.mark.parametrize("there", [1, 1_000_000, len(CONTENT)])
async def test_wget_resumes(url: str, tmp_path: Path, there: int) -> None:
    target = tmp_path / "big.bin"
    await anyio.Path(target).write_bytes(CONTENT[:there])
    await run(*WGET, "-c", "-P", str(tmp_path), f"{url}/static/big.bin")
    assert await content_of(target) == CONTENT
