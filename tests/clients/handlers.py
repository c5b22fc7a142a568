"""What the server under test answers its clients, with nothing but an `Exchange`."""

import hashlib
import itertools

import anyio

from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport import Exchange

__all__ = ("PIECE", "Handlers", "checksum")

PIECE = b"0123456789abcdef" * 4_096
"""One piece of `/pieces/<count>`, 64 KiB."""


def checksum(data: bytes) -> bytes:
    """What `/checksum` answers to a request whose body is `data`."""
    return b"%d %s" % (len(data), hashlib.sha256(data).hexdigest().encode())


class Handlers:
    """One handler for each path; for one server, so that its events belong to one test."""

    def __init__(self) -> None:
        self.release = anyio.Event()
        """Lets `/released` finish."""
        self.uploads_begun: list[bytes] = []
        """The first piece of each body, as soon as it has come."""

    async def __call__(self, exchange: Exchange) -> None:
        _, _, rest = exchange.request.target.partition(b"/")
        path, _, argument = rest.partition(b"/")
        match path:
            case b"hello":
                await exchange.respond(200, [(b"content-type", b"text/plain")], b"Hello world!\n")
            case b"connection":
                await exchange.respond(200, body=b"%d" % exchange.connection.id)
            case b"method":
                await exchange.respond(200, body=exchange.request.method)
            case b"checksum":
                await exchange.respond(200, body=await self._checksum(exchange))
            case b"echo":
                await self._echo(exchange)
            case b"pieces":
                await self._pieces(exchange, int(argument))
            case b"released":
                await self._released(exchange)
            case b"refused":
                await exchange.respond(403, body=b"not you\n")
            case b"broken":
                await exchange.send(Response(status=200, headers=Headers()), Data(data=b"half"))
                raise ValueError("on purpose")
            case b"empty":
                await exchange.send(Response(status=204, headers=Headers()), EndOfMessage())
            case _:
                await exchange.respond(404)

    async def _checksum(self, exchange: Exchange) -> bytes:
        digest, length = hashlib.sha256(), 0
        async for event in exchange:
            if isinstance(event, Data):
                if not length:
                    self.uploads_begun.append(event.data)
                digest.update(event.data)
                length += len(event.data)
        return b"%d %s" % (length, digest.hexdigest().encode())

    async def _echo(self, exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=Headers()))
        async for event in exchange:
            if isinstance(event, Data):
                await exchange.send(event)
        await exchange.send(EndOfMessage())

    async def _pieces(self, exchange: Exchange, count: int) -> None:
        await exchange.send(Response(status=200, headers=Headers()))
        for _ in itertools.repeat(None, count):
            await exchange.send(Data(data=PIECE))
        await exchange.send(EndOfMessage())

    async def _released(self, exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=Headers()), Data(data=b"first\n"))
        await self.release.wait()
        await exchange.send(Data(data=b"last\n"), EndOfMessage())
