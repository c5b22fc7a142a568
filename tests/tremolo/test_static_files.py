"""Folders behind a prefix, as clients see them."""

import os
from pathlib import Path

import pytest

from tremolo import Tremolo
from tremolo.settings import AppSettings
from tremolo.static_files import static_files

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_bytes(b"home")
    (root / "sub" / "index.html").write_bytes(b"sub")
    (root / "a b.txt").write_bytes(b"0123456789")
    (root / "a b.txt.gz").write_bytes(b"packed")
    (root / ".env").write_bytes(b"secret")
    (tmp_path / "outside.txt").write_bytes(b"secret")
    return root


@pytest.fixture
def app(root: Path) -> Tremolo:
    app = Tremolo()
    app.static("/files", root, cache_control="max-age=60", rate=1_000)
    return app


async def ask(
    app: Tremolo, target: str, *headers: tuple[bytes, bytes], method: bytes = b"GET"
) -> FakeExchange:
    exchange = FakeExchange(target.encode(), method=method, headers=headers)
    await app.build(AppSettings())(exchange)
    return exchange


def fields_of(exchange: FakeExchange) -> dict[bytes, bytes]:
    return dict(exchange.response.headers)


async def test_a_file(app: Tremolo) -> None:
    assert app.url_for("static", rest="a b.txt") == "/files/a%20b.txt"
    exchange = await ask(app, "/files/a%20b.txt?x=y")
    fields = fields_of(exchange)
    assert (exchange.status, exchange.body, exchange.complete) == (200, b"0123456789", True)
    assert fields[b"content-type"] == b"text/plain; charset=utf-8"
    assert fields[b"cache-control"] == b"max-age=60"
    assert fields[b"vary"] == b"Accept-Encoding"
    assert fields[b"x-content-type-options"] == b"nosniff"
    assert b"content-encoding" not in fields
    assert exchange.paces[0][0] == 1_000


async def test_a_range_and_a_condition(app: Tremolo) -> None:
    exchange = await ask(app, "/files/a%20b.txt", (b"range", b"bytes=-3"))
    assert (exchange.status, exchange.body) == (206, b"789")
    etag = fields_of(exchange)[b"etag"]
    exchange = await ask(app, "/files/a%20b.txt", (b"if-none-match", etag))
    assert (exchange.status, exchange.body) == (304, b"")
    assert fields_of(exchange)[b"cache-control"] == b"max-age=60"
    assert fields_of(exchange)[b"vary"] == b"Accept-Encoding"


async def test_a_variant(app: Tremolo) -> None:
    exchange = await ask(app, "/files/a%20b.txt", (b"accept-encoding", b"gzip"))
    fields = fields_of(exchange)
    assert exchange.body == b"packed"
    assert fields[b"content-encoding"] == b"gzip"
    assert fields[b"content-type"] == b"text/plain; charset=utf-8"
    plain = await ask(app, "/files/a%20b.txt")
    assert fields[b"etag"] != fields_of(plain)[b"etag"]


async def test_head(app: Tremolo) -> None:
    exchange = await ask(app, "/files/a%20b.txt", method=b"HEAD")
    assert fields_of(exchange)[b"content-length"] == b"10"
    assert (exchange.body, exchange.complete) == (b"", True)


async def test_other_methods(app: Tremolo) -> None:
    exchange = await ask(app, "/files/a%20b.txt", method=b"DELETE")
    assert exchange.status == 405
    assert fields_of(exchange)[b"allow"] == b"GET, HEAD, OPTIONS"


@pytest.mark.parametrize(("target", "body"), [("/files/", b"home"), ("/files/sub/", b"sub")])
async def test_an_index(app: Tremolo, target: str, body: bytes) -> None:
    assert (await ask(app, target)).body == body


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/files", b"/files/"),
        ("/files/sub?a=b", b"/files/sub/?a=b"),
        ("//files/sub", b"/files/sub/"),
        ("///files/sub", b"/files/sub/"),
    ],
)
async def test_a_folder_ends_with_a_slash(app: Tremolo, target: str, location: bytes) -> None:
    exchange = await ask(app, target)
    assert (exchange.status, fields_of(exchange)[b"location"]) == (301, location)


@pytest.mark.parametrize(
    "path",
    [
        *("none", ".env", "%2eenv", "../outside.txt", "..%2foutside.txt", "%2e%2e/outside.txt"),
        *("..%5coutside.txt", "sub%2findex.html", "sub%5cindex.html", "a%20b.txt%00", "%00"),
        *("a%20b.txt/", "sub/..%2f..%2foutside.txt", "%ff", "....//outside.txt", "a" * 5_000),
        *("%252e%252e/outside.txt", "/etc/passwd", "//etc/passwd"),
    ],
)
async def test_what_nobody_gets(app: Tremolo, path: str) -> None:
    exchange = await ask(app, f"/files/{path}")
    assert exchange.status == 404
    assert b"secret" not in exchange.body


async def test_at_the_root(root: Path) -> None:
    app = Tremolo()
    app.static("/", root)

    @app.get("/hello")
    async def hello() -> str:
        return "hello"

    assert (await ask(app, "/")).body == b"home"
    assert (await ask(app, "/sub/")).body == b"sub"
    assert (await ask(app, "/hello")).body == b"hello"
    assert b"cache-control" not in fields_of(await ask(app, "/"))


async def test_other_indexes_and_none(root: Path) -> None:
    app = Tremolo()
    app.static("/one", root, index=["a b.txt", "index.html"], dot_files=True, precompressed=False)
    app.static("/none", root, index=(), name="none")
    assert (await ask(app, "/one/", (b"accept-encoding", b"gzip"))).body == b"0123456789"
    assert (await ask(app, "/one/.env")).body == b"secret"
    assert (await ask(app, "/none/")).status == 404
    assert (await ask(app, "/none/sub")).status == 404


async def test_below_another_application(root: Path) -> None:
    below, app = Tremolo(), Tremolo()
    below.static("/files", root)
    app.mount("/sub", below)
    assert (await ask(app, "/sub/files/a%20b.txt")).body == b"0123456789"
    exchange = await ask(app, "/sub/files")
    assert fields_of(exchange)[b"location"] == b"/sub/files/"


def test_a_folder_that_is_none(root: Path) -> None:
    with pytest.raises(ValueError, match="is no folder"):
        Tremolo().static("/files", root / "a b.txt")


def test_it_can_be_sent_to_another_process(root: Path) -> None:
    import pickle

    made = static_files(root, index="i", dot_files=False, precompressed=True, cache_control=None)
    assert pickle.loads(pickle.dumps(made)) == made
    assert made.folder.root == os.path.realpath(root)
