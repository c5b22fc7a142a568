"""The client's side of a connection, with the verbs and the events of the server's.

Thin over h11 and wsproto: there is no fast path, no limit and no time-out, and
no table of ours, as a client that is made of our own parser could not testify
for our server. What its frames may say is judged by `outgoing_frames`, as the
server's are. The server's side is `connection`.
"""

import base64

from .errors import LocalProtocolError, RemoteProtocolError
from .events import (
    AcceptWebSocket,
    CloseWebSocket,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    FrameEvent,
    InformationalResponse,
    Ping,
    Pong,
    Request,
    Signal,
)
from .h11_client import H11Client
from .headers import Headers
from .outgoing_frames import OutgoingFrames
from .websocket_handshake import answer_to_key
from .wsproto_client import OFFER, WsprotoClient, agreed_extension

__all__ = ("ClientConnection", "websocket_request")


def websocket_request(
    target: bytes,
    headers: Headers,
    *,
    key: bytes,
    subprotocols: tuple[bytes, ...] = (),
    compression: bool = False,
) -> Request:
    """A request for a WebSocket (RFC 6455 4.1), with `headers`, of which Host must be one.

    `key` is 16 bytes that were chosen at random; `subprotocols` are offered in
    the order of preference, permessage-deflate if there is to be `compression`.
    """
    fields = [
        *headers,
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", base64.b64encode(key)),
    ]
    if subprotocols:
        fields.append((b"sec-websocket-protocol", b", ".join(subprotocols)))
    if compression:
        fields.append((b"sec-websocket-extensions", OFFER.encode("ascii")))
    return Request(method=b"GET", target=target, headers=Headers(fields), upgrade=b"websocket")


class ClientConnection:
    """One HTTP/1.1 connection, which may become a WebSocket's, in the role of the client.

    Our events go in by `send` and are fetched as bytes from `data_to_send`; bytes
    from the server go in by `receive_data` and `receive_eof`, and are fetched as
    events from `next_event`. After a LocalProtocolError or a RemoteProtocolError
    the connection can only be closed.
    """

    __slots__ = ("_closing", "_ended", "_eof", "_frames", "_http", "_judge", "_out", "_request")

    def __init__(self) -> None:
        self._http = H11Client()
        self._request: Request | None = None
        """What the server answers now."""
        self._frames: WsprotoClient | None = None
        self._judge = OutgoingFrames()
        """Judges what is sent then: wsproto raises whatever it meets, or writes what is none."""
        self._out: list[bytes] = []
        self._eof = False
        self._closing = False
        """Whether we have sent a Close."""
        self._ended = False
        """Whether the server has."""

    def send(self, *events: Event) -> None:
        """Send `events`: their bytes are in the next `data_to_send`.

        A Request, Data and EndOfMessage; on a WebSocket messages, Ping, Pong and
        CloseWebSocket. Raises LocalProtocolError for what may not be sent now.
        """
        for event in events:
            self._out.append(self._write(event))

    def data_to_send(self) -> bytes:
        """Hand over the bytes that are to be written, `b""` if there are none."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the server, at least one."""
        (self._frames or self._http).receive_data(data)

    def receive_eof(self) -> None:
        """Note that the server will send no more."""
        self._eof = True
        if self._frames is None:
            self._http.receive_eof()

    def next_event(self) -> Event | Signal:
        """Return what the server did next.

        InformationalResponse, Response, Data and EndOfMessage; AcceptWebSocket if
        it has accepted one, then messages, always whole, and CloseWebSocket. Pings
        are answered and not told of, as a Close is answered: `data_to_send` has
        that. ConnectionClosed once it has ended the connection, PAUSED for bytes
        behind its answer, NEED_DATA if nothing more is known.

        Raises RemoteProtocolError if the server breaks the rules, or ends the
        connection in the middle of an answer.
        """
        if self._frames is not None:
            return self._next_of_frames(self._frames)
        event = self._http.next_event()
        if isinstance(event, InformationalResponse) and event.status == 101:
            return self._accepted(event)
        return event

    def start_next_cycle(self) -> None:
        """Turn to the next request. Raises LocalProtocolError if none may follow."""
        self._http.start_next_cycle()
        self._request = None

    def _write(self, event: Event) -> bytes:
        if self._frames is None:
            if isinstance(event, Request):
                self._request = event
            if isinstance(event, Request | Data | EndOfMessage):
                return self._http.send(event)
        elif isinstance(event, FrameEvent) and not self._closing:
            self._closing = isinstance(event, CloseWebSocket)
            return self._frames.write(self._judge.judge(event))
        raise LocalProtocolError(f"{type(event).__name__} cannot be sent by a client now")

    def _accepted(self, event: InformationalResponse) -> AcceptWebSocket:
        """Go on with frames; RemoteProtocolError if it was not these that were asked for."""
        asked = self._request.headers if self._request is not None else Headers()
        switches_to = event.headers.get_list(b"upgrade")
        if [name.lower() for name in switches_to] != [b"websocket"]:
            raise RemoteProtocolError(f"the server has switched to {switches_to!r}")
        if not event.headers.has_token(b"connection", b"upgrade"):
            raise RemoteProtocolError("the server has not said that it upgrades the connection")
        key = asked.get(b"sec-websocket-key") or b""
        accepted = _single(event.headers, b"sec-websocket-accept")
        if accepted != answer_to_key(key):
            raise RemoteProtocolError(f"the server has answered the key with {accepted!r}")
        subprotocol = _single(event.headers, b"sec-websocket-protocol")
        if subprotocol is not None and subprotocol not in _listed(asked):
            raise RemoteProtocolError(f"the server has chosen {subprotocol!r}, not offered")
        extension = event.headers.get(b"sec-websocket-extensions")
        if extension is not None and asked.get(b"sec-websocket-extensions") is None:
            raise RemoteProtocolError(f"the server has accepted {extension!r}, not offered")
        text = None if extension is None else extension.decode("latin-1")
        self._frames = WsprotoClient(agreed_extension(text))
        if rest := self._http.rest:
            self._frames.receive_data(rest)
        return AcceptWebSocket(subprotocol=subprotocol, headers=event.headers)

    def _next_of_frames(self, frames: WsprotoClient) -> Event | Signal:
        while not self._ended:
            event = frames.next_event()
            match event:
                case Ping():
                    if not self._closing:
                        self._out.append(frames.write(Pong(payload=event.payload)))
                case CloseWebSocket():
                    self._ended = True
                    if not self._closing:
                        self._closing = True
                        self._out.append(frames.write(CloseWebSocket(code=event.code)))
                    return event
                case Signal.NEED_DATA if self._eof:
                    break
                case _:
                    return event
        return ConnectionClosed() if self._eof else Signal.NEED_DATA


def _single(headers: Headers, name: bytes) -> bytes | None:
    """The value of a field that may be there once (RFC 6455 11.3.3, 11.3.4); None if it is not."""
    values = headers.get_all(name)
    if len(values) > 1:
        raise RemoteProtocolError(f"the server has given {name.decode()} more than once")
    return values[0] if values else None


def _listed(asked: Headers) -> tuple[bytes, ...]:
    offered = asked.get(b"sec-websocket-protocol") or b""
    return tuple(item.strip() for item in offered.split(b","))
