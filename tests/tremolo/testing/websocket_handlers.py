"""Handlers of WebSockets that the tests of the kit ask."""

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    CloseWebSocket,
    ConnectionClosed,
    PerMessageDeflate,
    TextMessage,
)
from tremolo_transport.exchange import Exchange


async def echo_messages(exchange: Exchange) -> None:
    """Accept, and send back each message until the client closes."""
    await exchange.send(AcceptWebSocket())
    await echo_on(exchange)


async def echo_compressed(exchange: Exchange) -> None:
    """As `echo_messages`, with compression if the client offers it."""
    await exchange.send(AcceptWebSocket(extensions=(PerMessageDeflate(),)))
    await echo_on(exchange)


async def echo_on(exchange: Exchange) -> None:
    """Send back each message; on the text `bye` close with 4000."""
    while True:
        match await exchange.receive():
            case TextMessage(text="bye"):
                await exchange.send(CloseWebSocket(code=4000, reason="so long"))
            case TextMessage() | BytesMessage() as message:
                await exchange.send(message)
            case CloseWebSocket() | ConnectionClosed():
                return
