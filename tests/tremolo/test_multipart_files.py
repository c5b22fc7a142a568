"""Parts as dictionaries, whole, or in several where they are large."""

from collections.abc import Iterable

import anyio
import pytest

from tremolo.multipart_files import Files, MultipartFile
from tremolo.parts import Parts
from tremolo.request_body import RequestBody
from tremolo_core import Data, EndOfMessage, Event

from .fake_exchange import FakeExchange
from .multipart_bodies import BOUNDARY, END, MIXED, SMALL, part

pytestmark = pytest.mark.anyio

LARGE = part(b'name="f"; filename="x"', b"abcdefghij") + part(b"name=b", b"2") + END


def parts_of(*pieces: bytes, end: Iterable[Event] = (EndOfMessage(),)) -> Parts:
    exchange = FakeExchange(method=b"POST", script=[*(Data(data=piece) for piece in pieces), *end])
    return Parts(RequestBody(exchange, limit=None, piece_size=7), BOUNDARY)


def files_of(parts: Parts, *, count: int = 100, size: int = 100) -> Files:
    return Files(parts, count=count, size=size)


async def test_a_small_form() -> None:
    [file] = [file async for file in files_of(parts_of(SMALL))]
    assert file == {"name": "a", "data": b"1", "eof": True}
    assert isinstance(file["data"], bytes)


async def test_a_form_of_all_kinds() -> None:
    assert [file async for file in files_of(parts_of(MIXED))] == [
        {"name": "text", "data": "grün".encode(), "eof": True},
        {"name": "empty", "data": b"", "eof": True},
        {
            "name": "file",
            "filename": "a.bin",
            "type": "image/png",
            "data": b"\r\n--Xb\r\n-\r",
            "eof": True,
        },
        {
            "name": "file",
            "filename": "",
            "type": "application/octet-stream",
            "data": b"",
            "eof": True,
        },
    ]


async def test_a_form_without_parts() -> None:
    assert [file async for file in files_of(parts_of(END))] == []


@pytest.mark.parametrize(
    ("size", "pieces"),
    [
        (4, [(b"abcd", False), (b"efgh", False), (b"ij", True)]),
        (5, [(b"abcde", False), (b"fghij", True)]),
        (9, [(b"abcdefghi", False), (b"j", True)]),
        (10, [(b"abcdefghij", True)]),
    ],
)
async def test_a_large_part_comes_in_several(size: int, pieces: list[tuple[bytes, bool]]) -> None:
    files = [file async for file in files_of(parts_of(LARGE), size=size)]
    assert [(file["data"], file["eof"]) for file in files] == [*pieces, (b"2", True)]
    assert {file["filename"] for file in files[:-1]} == {"x"}


async def test_all_pieces_of_one_part() -> None:
    files = files_of(parts_of(LARGE), size=4)
    file = await anext(files)
    assert [data async for data in file.stream()] == [b"abcd", b"efgh", b"ij"]
    assert file["eof"]
    assert (await anext(files))["name"] == "b"


async def test_a_part_that_is_whole_is_one_piece_and_an_empty_one_none() -> None:
    files = [file async for file in files_of(parts_of(MIXED))]
    streams = [[data async for data in file.stream()] for file in files]
    assert streams == [["grün".encode()], [], [b"\r\n--Xb\r\n-\r"], []]


async def test_a_stream_of_a_part_that_was_left_behind() -> None:
    parts = parts_of(LARGE)
    file = await anext(files_of(parts, size=4))
    await parts.next_part()
    with pytest.raises(RuntimeError, match="left behind"):
        [data async for data in file.stream()]


async def test_the_number_of_parts_ends_it_and_another_goes_on() -> None:
    parts = parts_of(MIXED)
    assert [file["name"] async for file in files_of(parts, count=1)] == ["text"]
    assert [file["name"] async for file in files_of(parts, count=2)] == ["empty", "file"]
    assert [file["filename"] async for file in files_of(parts)] == [""]
    assert [file async for file in files_of(parts)] == []


async def test_a_part_of_several_counts_as_one() -> None:
    files = [file async for file in files_of(parts_of(LARGE), count=1, size=4)]
    assert b"".join(file["data"] for file in files) == b"abcdefghij"


@pytest.mark.parametrize("data", [b"abc", b""])
async def test_a_cancelled_step_has_lost_nothing(data: bytes) -> None:
    body = part(b"name=a", data) + END
    at = body.index(END) - len(b"\r\n")
    exchange = FakeExchange(method=b"POST", script=[Data(data=body[:at])])
    files = files_of(Parts(RequestBody(exchange, limit=None, piece_size=100), BOUNDARY), count=1)
    found: list[MultipartFile] = []

    async def step() -> None:
        found.append(await anext(files))

    for _ in range(2):
        async with anyio.create_task_group() as group:
            group.start_soon(step)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    assert found == []
    exchange.script = [Data(data=body[at:]), EndOfMessage()]
    assert [file async for file in files] == [{"name": "a", "data": data, "eof": True}]
