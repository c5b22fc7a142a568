"""Parts as the body arrives: read in pieces, by size, to a file, or not at all."""

from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from tremolo.exceptions import BadRequest, PayloadTooLarge
from tremolo.parts import Part, Parts
from tremolo.request_body import RequestBody
from tremolo_core import ConnectionClosed, Data, EndOfMessage, Event
from tremolo_transport.exchange import ClientDisconnected

from .fake_exchange import FakeExchange
from .multipart_bodies import BOUNDARY, END, MIXED, part

pytestmark = pytest.mark.anyio

FILE_HEAD = part(b'name="f"; filename="x"', b"").removesuffix(b"\r\n")


def parts_of(
    *pieces: bytes, end: Iterable[Event] = (EndOfMessage(),), piece_size: int = 8
) -> tuple[Parts, FakeExchange]:
    script: list[Event] = [*(Data(data=piece) for piece in pieces), *end]
    exchange = FakeExchange(method=b"POST", script=script)
    return Parts(RequestBody(exchange, limit=None, piece_size=piece_size), BOUNDARY), exchange


async def following(parts: Parts) -> Part:
    found = await parts.next_part()
    assert found is not None
    return found


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def read_all(found: Part) -> bytes:
    return b"".join([piece async for piece in found.stream()])


async def test_parts_with_their_data() -> None:
    parts, _ = parts_of(MIXED)
    assert [(one.name, one.filename, await read_all(one)) async for one in parts] == [
        ("text", None, "grün".encode()),
        ("empty", None, b""),
        ("file", "a.bin", b"\r\n--Xb\r\n-\r"),
        ("file", "", b""),
    ]
    assert await parts.next_part() is None


@pytest.mark.parametrize("size", [20, 200_000])
async def test_data_in_pieces_however_much_of_it_arrives_at_once(size: int) -> None:
    data = bytes(size)
    parts, _ = parts_of(part(b'name="f"; filename="x"', data) + END, piece_size=size // 4)
    pieces = [piece async for piece in (await following(parts)).stream()]
    assert max(map(len, pieces)) == size // 4
    assert b"".join(pieces) == data


async def test_what_is_not_read_is_skipped() -> None:
    parts, _ = parts_of(MIXED)
    assert [one.content_type async for one in parts] == [
        None,
        None,
        "image/png",
        "application/octet-stream",
    ]


async def test_a_part_that_was_left_behind_says_so() -> None:
    parts, _ = parts_of(MIXED)
    first = await following(parts)
    await following(parts)
    with pytest.raises(RuntimeError, match="'text' was left behind"):
        await first.read(1)


async def test_data_by_size() -> None:
    parts, _ = parts_of(part(b"name=a", b"abcdefghijklmnopqrstuvwxyz") + END)
    found = await following(parts)
    assert await found.read(0) == b""
    assert await found.read(10) == b"abcdefghij"
    assert await found.next_piece() != b""
    assert (await found.read(100)).endswith(b"xyz")
    assert await found.read(1) == await found.next_piece() == b""


async def test_nothing_is_asked_for_before_it_is_wanted() -> None:
    parts, exchange = parts_of(FILE_HEAD, b"12345678", b"x" * 8, b"x" * 8, END)
    found = await following(parts)
    assert await found.next_piece() == b"12345678"
    assert len(exchange.script) == 4


async def test_what_stands_behind_the_form_is_read_with_it() -> None:
    parts, exchange = parts_of(END, b"epilogue")
    assert await parts.next_part() is None
    assert exchange.script == []


async def test_a_truncated_body_is_malformed_where_it_ends() -> None:
    parts, _ = parts_of(FILE_HEAD + b"half")
    found = await following(parts)
    with pytest.raises(BadRequest, match="ends before its last boundary"):
        await read_all(found)
    with pytest.raises(BadRequest):
        await parts.next_part()


async def test_a_client_that_leaves() -> None:
    parts, _ = parts_of(FILE_HEAD + b"half", end=[ConnectionClosed()])
    found = await following(parts)
    with pytest.raises(ClientDisconnected):
        await read_all(found)


@pytest.mark.parametrize("size", [0, 1])
async def test_the_body_may_be_limited(size: int) -> None:
    body = part(b"name=a", b"abc") + END
    parts, _ = parts_of(body)
    parts.limit(len(body) - 1 + size)
    if size:
        assert [await read_all(one) async for one in parts] == [b"abc"]
    else:
        for _ in range(2):
            with pytest.raises(PayloadTooLarge):
                [await read_all(one) async for one in parts]


async def test_a_cancelled_read_has_lost_nothing() -> None:
    parts, exchange = parts_of(FILE_HEAD + b"abc", end=[])
    found = await following(parts)
    async with anyio.create_task_group() as group:
        group.start_soon(found.read, 100)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    exchange.script = [Data(data=b"de\r\n" + END), EndOfMessage()]
    assert await found.read(100) == b"abcde"


async def test_save(tmp_path: Path) -> None:
    data = bytes(range(256)) * 2_000
    parts, _ = parts_of(part(b'name="f"; filename="x"', data) + END, piece_size=10_000)
    found = await following(parts)
    assert await found.read(1) == b"\0"
    assert await found.save(tmp_path / "kept") == len(data) - 1
    assert (tmp_path / "kept").read_bytes() == data[1:]
    assert names(tmp_path) == ["kept"]


async def test_save_takes_the_place_of_a_file_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"old")
    parts, _ = parts_of(FILE_HEAD + b"half")
    with pytest.raises(BadRequest):
        await (await following(parts)).save(path)
    assert path.read_bytes() == b"old"
    parts, _ = parts_of(part(b"name=a", b"new") + END)
    assert await (await following(parts)).save(str(path)) == 3
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["kept"]


@pytest.mark.parametrize("max_size", [2, 3])
async def test_save_may_be_limited(tmp_path: Path, max_size: int) -> None:
    parts, _ = parts_of(part(b"name=a", b"abc") + END)
    found = await following(parts)
    if max_size == 3:
        assert await found.save(tmp_path / "kept", max_size=max_size) == 3
    else:
        with pytest.raises(PayloadTooLarge):
            await found.save(tmp_path / "kept", max_size=max_size)
        assert names(tmp_path) == []


async def test_a_cancelled_save_leaves_no_file(tmp_path: Path) -> None:
    parts, _ = parts_of(FILE_HEAD + b"abc", end=[])
    found = await following(parts)
    async with anyio.create_task_group() as group:
        group.start_soon(found.save, tmp_path / "kept")
        while not names(tmp_path):
            await anyio.wait_all_tasks_blocked()
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert names(tmp_path) == []


async def test_save_where_there_is_no_directory(tmp_path: Path) -> None:
    parts, _ = parts_of(part(b"name=a", b"abc") + END)
    found = await following(parts)
    with pytest.raises(FileNotFoundError):
        await found.save(tmp_path / "no" / "kept")
