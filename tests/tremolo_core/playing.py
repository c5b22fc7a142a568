"""Plays the bytes of a peer to a connection, and writes down what the server hears and says."""

import itertools
from collections.abc import Iterable
from typing import TypeAlias

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    Limits,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    State,
    TextMessage,
    value,
)

from .framing import handshake

__all__ = (
    "NO_CONTENT",
    "Happening",
    "Refused",
    "converse",
    "cut",
    "every_byte",
    "on_websocket",
    "play",
)

NO_CONTENT = (Response(status=200, headers=Headers(((b"content-length", b"0"),))), EndOfMessage())


@value
class Refused:
    """The peer broke the rules."""

    status: int | None


Happening: TypeAlias = Event | Refused


def play(
    pieces: Iterable[bytes],
    *,
    limits: Limits | None = None,
    early: bool = False,
    fast_path: bool | None = None,
) -> list[Happening]:
    """What a server hears that answers each request, when `pieces` come and then the end.

    It answers behind the request's end, or `early`, as soon as it has seen the
    head. Adjacent Data are joined. Whether there is a `fast_path` is the
    connection's default, or what the fixture of that name says.
    """
    return converse(pieces, limits=limits, early=early, fast_path=fast_path)[0]


def converse(
    pieces: Iterable[bytes],
    *,
    limits: Limits | None = None,
    early: bool = False,
    fast_path: bool | None = None,
    at_once: bool = False,
) -> tuple[list[Happening], bytes]:
    """As `play`, with the bytes that are written.

    What tells a request `at_once` is not asked for it by itself.
    """
    if fast_path is None:
        connection = Connection(limits=limits)
    else:
        connection = Connection(limits=limits, fast_path=fast_path)
    happenings: list[Happening] = []
    for piece in pieces:
        if piece:
            if not at_once:
                connection.receive_data(piece)
            elif (request := connection.receive_request(piece)) is not None:
                _take(connection, request, happenings, early=early)
            _hear(connection, happenings, early=early)
    connection.receive_eof()
    _hear(connection, happenings, early=early)
    return happenings, connection.data_to_send()


def _hear(connection: Connection, happenings: list[Happening], *, early: bool) -> None:
    while not (happenings and isinstance(happenings[-1], ConnectionClosed | Refused)):
        try:
            event = connection.next_event()
        except RemoteProtocolError as error:
            happenings.append(Refused(status=error.status))
            return
        match event:
            case Signal.NEED_DATA:
                return
            case Signal.PAUSED:
                raise AssertionError("the next cycle has begun already")
            case _:
                _take(connection, event, happenings, early=early)


def _take(
    connection: Connection, event: Event, happenings: list[Happening], *, early: bool
) -> None:
    match event:
        case Data(data=data) if happenings and isinstance(happenings[-1], Data):
            happenings[-1] = Data(data=happenings[-1].data + data)
        case _:
            happenings.append(event)
    if isinstance(event, Request if early else EndOfMessage):
        connection.send(*NO_CONTENT)
    if (connection.client_state, connection.server_state) == (State.DONE, State.DONE):
        connection.start_next_cycle()


def on_websocket(
    pieces: Iterable[bytes], *, fast_path: bool, accepted: AcceptWebSocket
) -> tuple[list[object], bytes]:
    """What is heard on a WebSocket, whose messages are sent back, and what is written.

    If the messages come by fragment, adjacent parts are joined, and nothing is sent back.
    """
    connection = Connection(limits=Limits(message=2_000), fast_path=fast_path)
    connection.receive_data(handshake(b"Sec-WebSocket-Extensions: permessage-deflate"))
    connection.next_event()
    connection.next_event()
    connection.send(accepted)
    heard: list[object] = []
    for piece in pieces:
        connection.receive_data(piece)
        try:
            while not isinstance(event := connection.next_event(), Signal):
                if not isinstance(event, TextMessage | BytesMessage):
                    heard.append(event)
                elif accepted.by_fragment:
                    add_part(heard, event)
                else:
                    heard.append(event)
                    connection.send(event)
        except RemoteProtocolError as error:
            heard.append((error.status, error.close_code, error.reason))
            break
    return heard, connection.data_to_send()


def add_part(heard: list[object], part: TextMessage | BytesMessage) -> None:
    before = heard[-1] if heard else None
    match before, part:
        case TextMessage(final=False), TextMessage():
            heard[-1] = TextMessage(text=before.text + part.text, final=part.final)
        case BytesMessage(final=False), BytesMessage():
            heard[-1] = BytesMessage(data=before.data + part.data, final=part.final)
        case _:
            heard.append(part)


def cut(data: bytes, *at: int) -> list[bytes]:
    """The pieces of `data` when it is cut at these positions."""
    cuts = [0, *sorted(at), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(cuts)]


def every_byte(data: bytes) -> list[bytes]:
    """Each byte of `data` for itself."""
    return cut(data, *range(1, len(data)))
