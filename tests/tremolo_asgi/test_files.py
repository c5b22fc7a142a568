"""The files that extensions send: what is sent of them, and what cannot be."""

import os
from pathlib import Path

import pytest

from tremolo_asgi import MessageError
from tremolo_asgi.files import OpenPart, open_part, open_path
from tremolo_asgi.http_messages import FilePart
from tremolo_core import Headers, Response


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


@pytest.mark.anyio
async def test_a_path_is_a_whole_file(path: Path) -> None:
    part = await open_path(str(path))
    with part.file:
        assert (part.offset, part.count) == (0, 10)


@pytest.mark.anyio
async def test_a_path_may_lead_nowhere(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await open_path(str(tmp_path / "missing"))
    with pytest.raises(IsADirectoryError):
        await open_path(str(tmp_path))
    with pytest.raises(MessageError, match="what is to be sent is no regular file"):
        await open_path("/dev/null")


@pytest.mark.parametrize(
    ("offset", "count", "sent"),
    [
        (None, None, (2, 8)),
        (None, 3, (2, 3)),
        (4, None, (4, 6)),
        (4, 2, (4, 2)),
        (0, 0, (0, 0)),
        (11, None, (11, 0)),
    ],
)
@pytest.mark.parametrize("by_descriptor", [False, True])
def test_a_part_of_a_file(
    path: Path, offset: int | None, count: int | None, sent: object, by_descriptor: bool
) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(2)
        asked = FilePart(
            file=file.fileno() if by_descriptor else file, offset=offset, count=count, more=False
        )
        with open_part(asked) as part:
            assert (part.offset, part.count) == sent
        # Only a part that begins where the file stands moves it.
        moved = 2 if offset is not None else 2 + part.count
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == moved


def test_more_than_there_is(path: Path) -> None:
    with path.open("rb") as file:
        asked = FilePart(file=file, offset=8, count=3, more=False)
        with (
            pytest.raises(MessageError, match="is 3, where the file has 2 bytes"),
            open_part(asked),
        ):
            pass


def test_a_pipe_is_no_file() -> None:
    read, write = os.pipe()
    try:
        asked = FilePart(file=read, offset=None, count=None, more=False)
        with pytest.raises(MessageError, match="no regular file"), open_part(asked):
            pass
    finally:
        os.close(read)
        os.close(write)
    with pytest.raises(MessageError, match="Bad file descriptor"), open_part(asked):
        pass


@pytest.mark.parametrize(
    ("declared", "whole", "fits"),
    [
        ([], True, True),
        ([b"5"], True, True),
        ([b"4"], True, False),
        ([b"6"], True, False),
        ([b"4"], False, False),
        ([b"6"], False, True),
    ],
)
def test_a_length_that_was_declared_is_kept(
    path: Path, declared: list[bytes], whole: bool, fits: bool
) -> None:
    head = Response(status=200, headers=Headers((b"content-length", size) for size in declared))
    with path.open("rb") as file:
        part = OpenPart(file=file, offset=0, count=5)
        if fits:
            part.must_fit(head, whole=whole)
        else:
            with pytest.raises(MessageError, match="has 5 bytes to send, where Content-Length is"):
                part.must_fit(head, whole=whole)
