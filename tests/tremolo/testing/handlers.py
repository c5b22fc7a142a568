"""Handlers that the tests of the kit ask."""

from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport.exchange import Exchange

CHUNKED = Headers(((b"transfer-encoding", b"chunked"),))

GET = b"GET / HTTP/1.1\r\nHost: testserver\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: testserver\r\nConnection: close\r\n\r\n"


async def hello(exchange: Exchange) -> None:
    await exchange.respond(200, [(b"content-type", b"text/plain")], b"Hello world!")


async def echo(exchange: Exchange) -> None:
    """Send back each piece of the body as it comes."""
    await exchange.send(Response(status=200, headers=CHUNKED))
    async for event in exchange:
        if isinstance(event, Data):
            await exchange.send(event)
    await exchange.send(EndOfMessage())


async def read_body(exchange: Exchange) -> bytes:
    """The whole body of a request, as far as it comes."""
    pieces = [event.data async for event in exchange if isinstance(event, Data)]
    return b"".join(pieces)


async def show(exchange: Exchange) -> None:
    """Answer with what was asked: a line for the request, one for each field, and the body."""
    request = exchange.request
    lines = [request.method + b" " + request.target]
    lines += [name + b": " + value for name, value in request.headers]
    await exchange.respond(200, (), b"\n".join(lines) + b"\n\n" + await read_body(exchange))
