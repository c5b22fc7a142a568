"""Opens a WebSocket to the application under test, and closes it (RFC 6455 4.1).

What happens on it in between is the business of `websocket`.
"""

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import CancelScope

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    InformationalResponse,
    Response,
    value,
)
from tremolo_core.wsproto_client import OFFER, WsprotoClient, agreed_extension

from .errors import Misbehaviour
from .harness import Harness
from .needs_httpx import httpx
from .request_writer import head
from .websocket import WebSocketClosed, WebSocketSession
from .wire import Wire

__all__ = ("HandshakeTerms", "WebSocketRefused", "check_acceptance", "open_websocket")

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server that speaks WebSocket has hashed with our key (RFC 6455 1.3)."""


class WebSocketRefused(Exception):
    """The application has answered the handshake with an ordinary response."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.request.url} was answered with {response.status_code}")
        self.response = response
        """The answer; its body has been read."""


@value
class HandshakeTerms:
    """What a client asks for when it opens a WebSocket."""

    subprotocols: tuple[str, ...] = ()
    """In the order of preference."""
    compression: bool = False
    """Whether permessage-deflate is offered."""


@asynccontextmanager
async def open_websocket(
    harness: Harness, request: httpx.Request, terms: HandshakeTerms
) -> AsyncIterator[WebSocketSession]:
    """Ask for a WebSocket by `request`, and close it at the end.

    Raises WebSocketRefused if the answer is an ordinary one, RemoteProtocolError
    or Misbehaviour if it is none of those that may be, and, whatever it led to,
    what the handler has raised, if that is wanted.
    """
    scheme = request.url.scheme.replace("ws", "http")
    wire = await harness.connect(scheme=scheme)
    try:
        session = await _shake_hands(wire, request, terms)
        yield session
        await session.close()
    except (WebSocketClosed, WebSocketRefused, httpx.RemoteProtocolError) as error:
        with CancelScope(shield=True):
            await wire.aclose()
        await _raise_failure(harness, wire, error)
        raise
    finally:
        with CancelScope(shield=True):
            await wire.aclose()
    await _raise_failure(harness, wire, None)


async def _raise_failure(harness: Harness, wire: Wire, cause: Exception | None) -> None:
    """Wait for the handler; raise what it has raised, which explains more than `cause`."""
    await harness.settle(wire.client)
    failure = harness.take_failure(wire.client)
    if failure is not None:
        raise failure from cause


async def _shake_hands(
    wire: Wire, request: httpx.Request, terms: HandshakeTerms
) -> WebSocketSession:
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    fields = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
    ]
    if terms.subprotocols:
        fields.append(("Sec-WebSocket-Protocol", ", ".join(terms.subprotocols)))
    if terms.compression:
        fields.append(("Sec-WebSocket-Extensions", OFFER))
    # A field of the test's own takes the place of ours.
    del request.headers["connection"]
    ours = [(name, text) for name, text in fields if name not in request.headers]
    headers = [*request.headers.raw, *((name.encode(), text.encode()) for name, text in ours)]
    await wire.send(head(request.method, request.url.raw_path, headers))
    response = await _receive_answer(wire, request)
    if response.status_code != 101:
        raise WebSocketRefused(response)
    check_acceptance(response, key, terms)
    extension = agreed_extension(response.headers.get("sec-websocket-extensions"))
    return WebSocketSession(wire, response, WsprotoClient(extension))


async def _receive_answer(wire: Wire, request: httpx.Request) -> httpx.Response:
    """The answer to the handshake, with its whole body."""
    status = 0
    fields: list[tuple[bytes, bytes]] = []
    body: list[bytes] = []
    while True:
        event = await wire.receive_event(method=request.method)
        match event:
            case InformationalResponse() if event.status != 101:
                continue
            case InformationalResponse() | Response():
                status, fields = event.status, list(event.headers)
                if status != 101:
                    continue
            case Data():
                body.append(event.data)
                continue
            case ConnectionClosed():
                raise httpx.RemoteProtocolError(
                    "the server ended the connection without an answer", request=request
                )
            case EndOfMessage():
                pass
        return httpx.Response(status, headers=fields, content=b"".join(body), request=request)


def check_acceptance(response: httpx.Response, key: str, terms: HandshakeTerms) -> None:
    """Raise Misbehaviour unless a 101 is as it has to be (RFC 6455 4.1)."""
    switches_to = response.headers.get("upgrade", "")
    if switches_to.lower() != "websocket":
        raise Misbehaviour(f"the server has switched to {switches_to!r}")
    options = response.headers.get("connection", "").lower().split(",")
    if "upgrade" not in map(str.strip, options):
        raise Misbehaviour("the server has not said that it upgrades the connection")
    digest = hashlib.sha1((key + _GUID).encode("ascii"), usedforsecurity=False).digest()
    expected = base64.b64encode(digest).decode("ascii")
    accepted = response.headers.get("sec-websocket-accept")
    if accepted != expected and response.request.headers.get("sec-websocket-key") is None:
        raise Misbehaviour(f"the server has answered the key with {accepted!r}, not {expected!r}")
    chosen = response.headers.get("sec-websocket-protocol")
    if chosen is not None and chosen not in terms.subprotocols:
        raise Misbehaviour(
            f"the server has chosen the subprotocol {chosen!r}, which nobody offered"
        )
    if "sec-websocket-extensions" in response.headers and not terms.compression:
        raise Misbehaviour("the server has accepted an extension, and none was offered")
