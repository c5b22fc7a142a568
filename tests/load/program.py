"""The server under load, as a process of its own: `python -m tests.load.program <loop>`.

With a certificate's path behind that, it speaks TLS. It says its port on standard output,
and stops when its standard input ends. Whatever it has to complain about is on standard
error.
"""

import itertools
import os
import stat
import sys
import tempfile
from contextlib import suppress

import anyio
import anyio.to_thread

from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport import Bind, ClientDisconnected, Exchange, Listener, TLSSettings, serve

__all__ = ("PIECE", "main")

PIECE = bytes(65_536)
"""What `/download` sends at a time."""

STREAMED = Response(status=200, headers=Headers())


class Handlers:
    """What a client under test may ask for."""

    def __init__(self) -> None:
        self._produced = 0
        self._endless = anyio.CancelScope()

    async def __call__(self, exchange: Exchange) -> None:
        _, path, *arguments = exchange.request.target.split(b"/")
        match path:
            case b"hello":
                await exchange.respond(200, body=b"hello")
            case b"number":
                await exchange.respond(200, body=arguments[0])
            case b"download":
                await self._download(exchange, int(arguments[0]))
            case b"file":
                await self._file(exchange, int(arguments[0]))
            case b"upload":
                await self._upload(exchange)
            case b"echo":
                await exchange.send(STREAMED)
                async for event in exchange:
                    await exchange.send(event)
            case b"limited":
                exchange.limit_body(int(arguments[0]))
                await self._upload(exchange)
            case b"produced":
                await exchange.respond(200, body=b"%d" % self._produced)
            case b"endless":
                await self._send_without_end(exchange)
            case b"cancel":
                self._endless.cancel()
                await exchange.respond(200)
            case b"wait":
                async for _ in exchange:
                    # Until the client leaves: nothing else follows.
                    pass
                await exchange.receive()
            case b"hold":
                # Never reads; is told all the same when the client leaves.
                with exchange.cancelled_on_disconnect():
                    await anyio.sleep_forever()
                with suppress(ClientDisconnected):
                    await exchange.respond(200)
            case b"tasks":
                await exchange.respond(200, body=b"%d" % len(anyio.get_running_tasks()))
            case b"sockets":
                await exchange.respond(200, body=b"%d" % open_sockets())
            case _:
                await exchange.respond(404)

    async def _download(self, exchange: Exchange, size: int) -> None:
        await exchange.send(STREAMED)
        for _ in range(size // len(PIECE)):
            await exchange.send(Data(data=PIECE))
            self._produced += len(PIECE)
        await exchange.send(EndOfMessage())

    async def _file(self, exchange: Exchange, size: int) -> None:
        """All of a file but its first byte, as if a download went on behind it."""
        length = Headers(((b"content-length", b"%d" % (size - 1)),))
        with tempfile.TemporaryFile(buffering=0) as file:
            file.truncate(size)
            await exchange.send(Response(status=200, headers=length))
            await exchange.send_file(file, offset=1, count=size - 1)
            await exchange.send(EndOfMessage())

    async def _upload(self, exchange: Exchange) -> None:
        size = 0
        async for event in exchange:
            if isinstance(event, Data):
                size += len(event.data)
        await exchange.respond(200, body=b"%d" % size)

    async def _send_without_end(self, exchange: Exchange) -> None:
        await exchange.send(STREAMED)
        with anyio.CancelScope() as self._endless:
            for _ in itertools.count():
                await exchange.send(Data(data=PIECE[:100]))
        # Cancelled in the middle of a write, a connection is lost; that is no failure here.
        with suppress(ClientDisconnected):
            await exchange.send(EndOfMessage())


def open_sockets() -> int:
    found = 0
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            # One is the directory that was listed, and is closed now.
            found += stat.S_ISSOCK(os.fstat(int(name)).st_mode)
    return found


async def main(certificate: str | None) -> None:
    # With the path of one, over TLS.
    tls = None if certificate is None else TLSSettings(certificate=certificate)
    async with serve(Handlers(), binds=[Listener(endpoint=Bind(port=0), tls=tls)]) as server:
        _, port = server.addresses[0]
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.read)
        await server.stop(grace=30)


if __name__ == "__main__":
    loop = sys.argv[1]
    certificate = sys.argv[2] if len(sys.argv) > 2 else None
    if loop == "trio":
        anyio.run(main, certificate, backend="trio")
    else:
        anyio.run(main, certificate, backend_options={"use_uvloop": loop == "uvloop"})
