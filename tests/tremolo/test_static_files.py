"""Folders behind a prefix, as clients see them."""

import gzip
import os
import pickle
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tremolo import Tremolo
from tremolo.static_files import static_files
from tremolo.testing import Client, Clock

from .asking import ask_all

pytestmark = pytest.mark.anyio

PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_bytes(b"home")
    (root / "sub" / "index.html").write_bytes(b"sub")
    (root / "a b.txt").write_bytes(b"0123456789")
    (root / "a b.txt.gz").write_bytes(gzip.compress(b"packed"))
    (root / ".env").write_bytes(b"secret")
    (tmp_path / "outside.txt").write_bytes(b"secret")
    return root


@pytest.fixture
def app(root: Path) -> Tremolo:
    app = Tremolo()
    app.static("/files", root, cache_control="max-age=60")
    app.static("/slow", root, rate=1_000, name="slow")
    return app


@pytest.fixture
async def client(app: Tremolo) -> AsyncIterator[Client]:
    async with Client(app, headers=PLAIN) as client:
        yield client


async def test_a_file(app: Tremolo, client: Client) -> None:
    assert app.url_for("static", rest="a b.txt") == "/files/a%20b.txt"
    response = await client.get("/files/a%20b.txt?x=y")
    assert (response.status_code, response.content) == (200, b"0123456789")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["cache-control"] == "max-age=60"
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "content-encoding" not in response.headers


async def test_a_rate(tremolo_clock: Clock, client: Client, root: Path) -> None:
    (root / "large").write_bytes(bytes(10_000))
    began = tremolo_clock.time()
    assert len((await client.get("/slow/large")).content) == 10_000
    assert tremolo_clock.time() - began == pytest.approx(10, abs=1)


async def test_a_range_and_a_condition(client: Client) -> None:
    response = await client.get("/files/a%20b.txt", headers={"range": "bytes=-3"})
    assert (response.status_code, response.content) == (206, b"789")
    condition = {"if-none-match": response.headers["etag"]}
    response = await client.get("/files/a%20b.txt", headers=condition)
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["cache-control"] == "max-age=60"
    assert response.headers["vary"] == "Accept-Encoding"


async def test_a_variant(client: Client) -> None:
    response = await client.get("/files/a%20b.txt", headers={"accept-encoding": "gzip"})
    assert response.content == b"packed"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["etag"] != (await client.get("/files/a%20b.txt")).headers["etag"]


async def test_other_methods(client: Client) -> None:
    response = await client.head("/files/a%20b.txt")
    assert (response.headers["content-length"], response.content) == ("10", b"")
    response = await client.delete("/files/a%20b.txt")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_an_index(client: Client) -> None:
    assert (await client.get("/files/")).content == b"home"
    assert (await client.get("/files/sub/")).content == b"sub"


async def test_a_folder_ends_with_a_slash(app: Tremolo) -> None:
    answers = await ask_all(app, b"/files", b"/files/sub?a=b", b"//files/sub", b"///files/sub")
    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (301, "/files/"),
        (301, "/files/sub/?a=b"),
        (301, "/files/sub/"),
        (301, "/files/sub/"),
    ]


async def test_what_nobody_gets(app: Tremolo) -> None:
    paths = (
        *("none", ".env", "%2eenv", "../outside.txt", "..%2foutside.txt", "%2e%2e/outside.txt"),
        *("..%5coutside.txt", "sub%2findex.html", "sub%5cindex.html", "a%20b.txt%00", "%00"),
        *("a%20b.txt/", "sub/..%2f..%2foutside.txt", "%ff", "....//outside.txt", "a" * 5_000),
        *("%252e%252e/outside.txt", "/etc/passwd", "//etc/passwd"),
    )
    answers = await ask_all(app, *(f"/files/{path}".encode() for path in paths))
    found = [
        path for path, answer in zip(paths, answers, strict=True) if answer.text != "Not Found"
    ]
    assert not found
    assert {answer.status_code for answer in answers} == {404}


async def test_at_the_root(root: Path) -> None:
    app = Tremolo()
    app.static("/", root)

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    async with Client(app) as client:
        assert (await client.get("/sub/")).content == b"sub"
        assert (await client.get("/hello")).content == b"hello"
        response = await client.get("/")
    assert response.content == b"home"
    assert "cache-control" not in response.headers


async def test_other_indexes_and_none(root: Path) -> None:
    app = Tremolo()
    app.static("/one", root, index=["a b.txt", "index.html"], dot_files=True, precompressed=False)
    app.static("/none", root, index=(), name="none")
    async with Client(app, headers={"accept-encoding": "gzip"}) as client:
        assert (await client.get("/one/")).content == b"0123456789"
        assert (await client.get("/one/.env")).content == b"secret"
        assert (await client.get("/none/")).status_code == 404
        assert (await client.get("/none/sub")).status_code == 404


async def test_below_another_application(root: Path) -> None:
    below, app = Tremolo(), Tremolo()
    below.static("/files", root)
    app.mount("/sub", below)
    file, folder = await ask_all(app, b"/sub/files/a%20b.txt", b"/sub/files", headers=PLAIN)
    assert file.content == b"0123456789"
    assert folder.headers["location"] == "/sub/files/"


def test_a_folder_that_is_none(root: Path) -> None:
    with pytest.raises(ValueError, match="is no folder"):
        Tremolo().static("/files", root / "a b.txt")


def test_it_can_be_sent_to_another_process(root: Path) -> None:
    made = static_files(root, index="i", dot_files=False, precompressed=True, cache_control=None)
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.folder.root == os.path.realpath(root)
