"""Whole requests whose instructions are counted: through transport, bridge and framework."""

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import anyio
import asking
from asgi_app import app
from instruction_work import Work

import tremolo
from tremolo.config import configure
from tremolo.loader import handler_for
from tremolo_asgi import ASGIApplication
from tremolo_transport import memory_stream_pair
from tremolo_transport.serving import serve_connection

__all__ = ("WORK", "hello", "routes")

_GET = b"GET /hello?n=%06d HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: %06d\r\n\r\n"

routes = tremolo.Application()


@routes.route("/hello")
async def hello(**server: object) -> bytes:
    """Say hello at once."""
    return b"Hello world!"


def _in_memory(served: tremolo.Application | ASGIApplication, count: int) -> None:
    """Ask over two streams in memory, from a task beside the server's: both are counted."""
    config = configure({})
    handler = handler_for(served, config)

    async def run() -> None:
        ours, theirs = memory_stream_pair()
        async with anyio.create_task_group() as group:
            group.start_soon(partial(serve_connection, theirs, handler, settings=config.server))
            for number in range(count):
                await ours.send(asking.numbered(_GET, number))
                assert (await ours.receive()).startswith(b"HTTP/1.1 200 ")
            await ours.aclose()

    asyncio.run(run())


def _over_tcp(served: tremolo.Application | ASGIApplication, loop: str, count: int) -> None:
    """Ask over TCP, from another process: neither that nor the kernel's work is counted."""

    def client(port: int) -> subprocess.Popen[bytes]:
        words = [str(Path(asking.__file__)), f"{port}", _GET.decode("ascii"), f"{count}"]
        return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE)

    async def run() -> None:
        async with tremolo.serve(served) as server:
            port = server.addresses[0][1]
            assert port is not None
            with client(port) as asker:
                assert asker.stdout is not None
                # It prints nothing: this is its end.
                await anyio.wait_readable(asker.stdout)
            assert not asker.returncode

    anyio.run(run, backend=loop)


WORK: dict[str, Work] = {
    "memory: ASGI": Work(run=partial(_in_memory, app), few=100, many=400),
    "memory: framework": Work(run=partial(_in_memory, routes), few=100, many=400),
    "TCP: ASGI, asyncio": Work(run=partial(_over_tcp, app, "asyncio"), few=100, many=400),
    "TCP: ASGI, trio": Work(run=partial(_over_tcp, app, "trio"), few=100, many=400),
    "TCP: framework, asyncio": Work(run=partial(_over_tcp, routes, "asyncio"), few=100, many=400),
}
