"""curl, which has strong opinions about HTTP and says so with its exit code."""

import os
import shutil
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from .handlers import PIECE, Handlers, checksum

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here"),
]

# Nothing of the machine's own: no configuration file, no proxy. Silent, but for errors.
CURL = ("curl", "-q", "--noproxy", "*", "-sS", "--max-time", "60")


async def curl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What curl writes; a failure of it fails the test."""
    done = await anyio.run_process([*CURL, *arguments], input=stdin, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


async def curl_with_heads(*arguments: str, stdin: bytes = b"") -> tuple[list[bytes], bytes]:
    """All heads, interim ones too, and the body."""
    *heads, body = (await curl("-i", *arguments, stdin=stdin)).split(b"\r\n\r\n")
    return heads, body


def fields(head: bytes) -> dict[bytes, bytes]:
    lines = head.split(b"\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(b": ", 1) for line in lines)}


async def test_get(url: str) -> None:
    [head], body = await curl_with_heads(f"{url}/hello")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert fields(head)[b"content-length"] == b"13"
    assert fields(head)[b"content-type"] == b"text/plain"
    assert fields(head)[b"server"] == b"Tremolo"
    assert b"date" in fields(head)
    assert body == b"Hello world!\n"


async def test_get_of_a_body_of_unknown_length(url: str) -> None:
    [head], body = await curl_with_heads(f"{url}/pieces/20")
    assert fields(head)[b"transfer-encoding"] == b"chunked"
    assert b"content-length" not in fields(head)
    assert body == PIECE * 20


async def test_pieces_come_as_they_are_sent(url: str, handlers: Handlers) -> None:
    async with await anyio.open_process([*CURL, "--no-buffer", f"{url}/released"]) as process:
        assert process.stdout is not None
        assert await process.stdout.receive() == b"first\n"
        handlers.release.set()
        assert await process.stdout.receive() == b"last\n"
        assert await process.wait() == 0


async def test_head(url: str) -> None:
    output = await curl("--head", f"{url}/hello")
    assert output.startswith(b"HTTP/1.1 200 OK\r\n")
    assert output.endswith(b"\r\n\r\n")
    assert fields(output.removesuffix(b"\r\n\r\n"))[b"content-length"] == b"13"


async def test_head_of_a_streamed_body_leaves_the_connection_in_order(url: str) -> None:
    output = await curl(
        *("--head", f"{url}/pieces/3", "-w", "%{num_connects}"),
        *("--next", *CURL[1:], f"{url}/hello", "-w", "%{num_connects}"),
    )
    head, _, rest = output.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest == b"1Hello world!\n0"


async def test_an_answer_without_content(url: str) -> None:
    [head], body = await curl_with_heads(f"{url}/empty")
    assert head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert body == b""


async def test_one_connection_is_used_again(url: str) -> None:
    output = await curl(
        *("-w", " %{num_connects}\n", f"{url}/connection", f"{url}/connection"),
        *(f"{url}/connection",),
    )
    first, second, third = output.splitlines()
    assert first.endswith(b" 1")
    assert second == third == first.removesuffix(b"1") + b"0"


async def test_many_at_once(url: str) -> None:
    if b"--parallel" not in await curl("--help", "all"):
        pytest.skip("this curl is too old to do several things at once")
    output = await curl("--parallel", "--parallel-max", "20", f"{url}/hello/[1-100]")
    assert output == b"Hello world!\n" * 100


# Uploads.


async def test_post_without_expect(url: str) -> None:
    heads, body = await curl_with_heads("-H", "Expect:", "--data", "a=1&b=2", f"{url}/checksum")
    assert len(heads) == 1
    assert body == checksum(b"a=1&b=2")


async def test_post_with_expect(url: str) -> None:
    heads, body = await curl_with_heads(
        "-H", "Expect: 100-continue", "--data", "a=1&b=2", f"{url}/checksum"
    )
    assert heads[0] == b"HTTP/1.1 100 Continue"
    assert heads[1].startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == checksum(b"a=1&b=2")


async def test_a_large_post_for_which_curl_itself_expects(url: str) -> None:
    data = os.urandom(3_000_000)
    heads, body = await curl_with_heads("--data-binary", "@-", f"{url}/checksum", stdin=data)
    assert heads[0] == b"HTTP/1.1 100 Continue"
    assert body == checksum(data)


async def test_a_refused_post_is_not_sent(url: str) -> None:
    heads, rest = await curl_with_heads(
        *("-H", "Expect: 100-continue", "--expect100-timeout", "60"),
        *("--data", "x" * 100_000, "-w", "%{size_upload}", f"{url}/refused"),
    )
    assert heads[0].startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert rest == b"not you\n0"


async def test_an_upload_with_a_length(url: str, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    path = tmp_path / "data"
    path.write_bytes(data)
    assert await curl("-T", str(path), f"{url}/checksum") == checksum(data)
    assert await curl("-T", str(path), f"{url}/method") == b"PUT"


async def test_an_upload_in_chunks(url: str) -> None:
    data = os.urandom(300_000)
    assert await curl("-T", "-", f"{url}/checksum", stdin=data) == checksum(data)


async def test_a_post_in_chunks(url: str) -> None:
    data = os.urandom(300_000)
    arguments = ("-H", "Transfer-Encoding: chunked", "--data-binary", "@-", f"{url}/checksum")
    assert await curl(*arguments, stdin=data) == checksum(data)


async def test_an_echo_in_chunks(url: str) -> None:
    data = os.urandom(300_000)
    assert await curl("-H", "Expect:", "-T", "-", f"{url}/echo", stdin=data) == data


async def test_an_upload_arrives_while_it_is_sent(url: str, handlers: Handlers) -> None:
    async with await anyio.open_process([*CURL, "-N", "-T", ".", f"{url}/checksum"]) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(b"the first piece")
        while not handlers.uploads_begun:
            await anyio.lowlevel.checkpoint()
        await process.stdin.send(b", the last")
        await process.stdin.aclose()
        assert await process.stdout.receive() == checksum(b"the first piece, the last")
    assert handlers.uploads_begun == [b"the first piece"]


async def test_an_upload_that_nobody_reads_keeps_the_connection_if_it_is_small(url: str) -> None:
    output = await curl(
        *("-H", "Expect:", "--data", "x" * 10_000, f"{url}/connection", "-w", " %{num_connects}\n"),
        *("--next", *CURL[1:], f"{url}/connection", "-w", " %{num_connects}\n"),
    )
    first, second = output.splitlines()
    assert second == first.removesuffix(b"1") + b"0"


# HTTP/1.0.


async def test_http_1_0(url: str) -> None:
    [head], body = await curl_with_heads("--http1.0", f"{url}/hello")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert fields(head)[b"connection"] == b"close"
    assert body == b"Hello world!\n"


async def test_http_1_0_and_a_body_of_unknown_length(url: str) -> None:
    [head], body = await curl_with_heads("--http1.0", f"{url}/pieces/20")
    assert b"transfer-encoding" not in fields(head)
    assert fields(head)[b"connection"] == b"close"
    assert body == PIECE * 20


async def test_http_1_0_upload(url: str) -> None:
    data = os.urandom(300_000)
    arguments = ("--http1.0", "--data-binary", "@-", f"{url}/checksum")
    assert await curl(*arguments, stdin=data) == checksum(data)


# What goes wrong.


async def test_curl_can_tell_that_an_answer_is_not_complete(url: str) -> None:
    done = await anyio.run_process([*CURL, f"{url}/broken"], check=False)
    assert done.stdout == b"half"
    # "Transfer closed with outstanding read data remaining"
    assert done.returncode == 18
