"""Downloads and uploads of the framework over loopback: rates, memory, throughput.

    python benchmarks/downloads.py [--loops asyncio,uvloop,trio] [--seconds 20] [--clients 100]
        [--rate 1048576] [--parts throughput,memory,rates]

For each event loop a server process is started. Printed are, for each way of
sending and for uploads, how far the rate was missed, alone and with
all clients at once; what the server's memory grew by during 2 GiB that are
yielded, and 2 GiB that are resumed; and how fast a file is sent, next to nginx
if that is installed.
"""

import argparse
import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio

from tremolo import Request, Response, Tremolo, serve

MIB = 1 << 20
GIB = 1 << 30
_PIECE = bytes(65_536)
_DROPPED = bytearray(MIB)
WAYS = ("yield", "return", "sendfile", "upload")


def application(file: str) -> Tremolo:
    """What is asked for its bytes."""
    app = Tremolo()

    @app.get("/yield/{size:int}")
    async def yielded(size: int) -> AsyncIterator[bytes]:
        piece = bytes(65_536)
        for _ in range(size // len(piece)):
            yield piece

    @app.get("/return/{size:int}")
    async def returned(size: int) -> bytes:
        return bytes(size)

    @app.get("/sendfile/{size:int}")
    async def sent(response: Response, size: int) -> None:
        await response.sendfile(file, count=size)

    @app.post("/upload/{size:int}", max_body_size=None)
    async def uploaded(request: Request, size: int) -> str:
        async for piece in request.stream():
            size -= len(piece)
        return str(size)

    return app


async def run_server(file: str, rate: int) -> None:
    """Serve until standard input ends; the port is said on standard output."""
    async with serve(
        application(file), download_rate=rate, upload_rate=rate, app_handler_timeout=None
    ) as server:
        sys.stdout.write(f"{server.addresses[0][1]}\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)


@contextmanager
def server(loop: str, file: str, rate: int) -> Iterator[tuple[int, int]]:
    """The port and the process of a server."""
    command = [sys.executable, __file__, "--serve", loop, file, str(rate)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
        process.communicate()


async def transfer(port: int, way: str, size: int, *, first: int = 0) -> float:
    """Seconds from the request to the end of the answer."""
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        began = time.monotonic()
        method = "POST" if way == "upload" else "GET"
        fields = f"Content-Length: {size}\r\n" if way == "upload" else ""
        fields += f"Range: bytes={first}-\r\n" if first else ""
        head = f"{method} /{way}/{size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n"
        await loop.sock_sendall(sock, head.encode())
        if way == "upload":
            for _ in range(size // 65_536):
                await loop.sock_sendall(sock, _PIECE)
        received = await _drop_all(sock)
        assert way == "upload" or received >= size - first, f"{received} of {size - first}"
        return time.monotonic() - began


async def _drop_all(sock: socket.socket) -> int:
    """How many bytes come; the kernel drops them, as the client is not what is measured."""
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    received = 0

    def drop() -> None:
        nonlocal received
        size = sock.recv_into(_DROPPED, MIB, socket.MSG_TRUNC)
        received += size
        if not size:
            loop.remove_reader(sock)
            ended.set_result(received)

    loop.add_reader(sock, drop)
    total: int = await ended
    return total


async def rates(port: int, rate: int, seconds: int, clients: int) -> None:
    """Print how far the rate is missed."""
    for way in WAYS:
        taken = await transfer(port, way, seconds * rate)
        line = f"    {way:9} alone {seconds / taken - 1:+7.2%}"
        if clients:
            together = await asyncio.gather(
                *(transfer(port, way, seconds * rate) for _ in range(clients))
            )
            errors = [seconds / one - 1 for one in together]
            line += f"   {clients} at once {min(errors):+7.2%} to {max(errors):+7.2%}"
        print(line, flush=True)


def memory(pid: int) -> int:
    """The most bytes that a process has ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    [peak] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    return peak * 1024


async def footprint(port: int, pid: int) -> None:
    """Print what the server grows by during downloads of 2 GiB."""
    for way, first in (("yield", 0), ("sendfile", 1)):
        await transfer(port, way, MIB)
        before = memory(pid)
        taken = await transfer(port, way, 2 * GIB, first=first)
        grown = (memory(pid) - before) / MIB
        kind = "resumed" if first else "yielded"
        print(
            f"    2 GiB {kind}: {grown:.1f} MiB more, {2 * GIB / taken / MIB:.0f} MiB/s", flush=True
        )


def throughput(url: str) -> float:
    """MiB/s at which curl gets a file, at best; one with holes would be slow to read."""
    command = ["curl", "-q", "-s", "-o", "/dev/null", "-w", "%{speed_download}", url]
    speeds = [
        float(subprocess.run(command, capture_output=True, check=True).stdout) for _ in range(3)
    ]
    return max(speeds) / MIB


@contextmanager
def nginx(folder: str) -> Iterator[int]:
    """The port of an nginx with one worker that serves `folder`."""
    port = 18_099
    conf = Path(folder) / "nginx.conf"
    conf.write_text(
        f"worker_processes 1; daemon off; pid {folder}/pid; error_log stderr; user root;"
        " events {} http { access_log off; sendfile on; server {"
        f" listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    process = subprocess.Popen(["nginx", "-c", str(conf), "-p", folder], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loops", default="asyncio,uvloop,trio")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--rate", type=int, default=MIB)
    parser.add_argument("--parts", default="throughput,memory,rates")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = str(Path(folder) / "file")
        with open(file, "wb") as sparse:
            sparse.truncate(2 * GIB)
        dense = str(Path(folder) / "dense")
        with open(dense, "wb") as written:
            written.writelines(bytes(MIB) for _ in range(512))
        for loop in told.loops.split(","):
            print(loop, flush=True)
            if "throughput" in told.parts:
                with server(loop, dense, 0) as (port, _):
                    speed = throughput(f"http://127.0.0.1:{port}/sendfile/{GIB}")
                    print(f"    a file of 512 MiB to curl: {speed:.0f} MiB/s", flush=True)
            if "memory" in told.parts:
                with server(loop, file, 0) as (port, pid):
                    asyncio.run(footprint(port, pid))
            if "rates" in told.parts:
                with server(loop, file, told.rate) as (port, _):
                    asyncio.run(rates(port, told.rate, told.seconds, told.clients))
        if "throughput" in told.parts and shutil.which("nginx"):
            with nginx(folder) as port:
                speed = throughput(f"http://127.0.0.1:{port}/dense")
                print(f"nginx, a file of 512 MiB to curl: {speed:.0f} MiB/s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        backend = "trio" if sys.argv[2] == "trio" else "asyncio"
        options = {"use_uvloop": True} if sys.argv[2] == "uvloop" else {}
        anyio.run(
            run_server, sys.argv[3], int(sys.argv[4]), backend=backend, backend_options=options
        )
    else:
        main()
