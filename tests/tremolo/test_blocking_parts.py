"""Parts from a worker thread."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tremolo import BlockingRequest, Request
from tremolo.threads import Threads
from tremolo_core import Data, EndOfMessage

from .fake_exchange import FakeExchange
from .multipart_bodies import CONTENT_TYPE, END, MIXED, part

pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def in_thread(func: Callable[[], T]) -> T:
    return await Threads(1).call(func)


def request_with(body: bytes) -> BlockingRequest:
    exchange = FakeExchange(
        method=b"POST", headers=[CONTENT_TYPE], script=[Data(data=body), EndOfMessage()]
    )
    return BlockingRequest(Request(exchange, body_limit=None, buffer_size=4))


async def test_parts() -> None:
    request = request_with(MIXED)

    def read() -> list[tuple[str, str | None, str | None, bytes]]:
        return [
            (one.name, one.filename, one.content_type, one.read(1) + b"".join(one.stream()))
            for one in request.parts()
        ]

    assert await in_thread(read) == [
        ("text", None, None, "grün".encode()),
        ("empty", None, None, b""),
        ("file", "a.bin", "image/png", b"\r\n--Xb\r\n-\r"),
        ("file", "", "application/octet-stream", b""),
    ]


async def test_a_part_saved(tmp_path: Path) -> None:
    request = request_with(part(b"name=a; filename=b", b"abc") + END)

    def save() -> int:
        found = next(request.parts())
        assert found.head.headers[0][0] == "Content-Disposition"
        return found.save(tmp_path / "kept", max_size=3)

    assert await in_thread(save) == 3
    assert (tmp_path / "kept").read_bytes() == b"abc"


async def test_files() -> None:
    request = request_with(MIXED)
    files = await in_thread(lambda: list(request.files(3)))
    assert [file["name"] for file in files] == ["text", "empty", "file"]
    assert [file["name"] for file in await in_thread(lambda: list(request.files()))] == ["file"]


async def test_all_pieces_of_a_file() -> None:
    request = request_with(part(b"name=a", b"abcdefgh") + part(b"name=b", b"") + END)

    def read() -> list[list[bytes]]:
        return [list(file.stream()) for file in request.files(max_file_size=3)]

    assert await in_thread(read) == [[b"abc", b"def", b"gh"], []]
