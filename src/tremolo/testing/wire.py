"""One connection to the server under test, byte by byte: what a hostile or odd client does.

Well-behaved requests are made by `http_connection`, on top of this.
"""

from collections.abc import Callable
from typing import Final

import anyio
from anyio import CancelScope, EndOfStream
from anyio.lowlevel import checkpoint

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    Response,
    Signal,
    value,
)
from tremolo_core.h11_client import HttpEvent
from tremolo_transport.exchange import Address
from tremolo_transport.native_stream import NativeStream

from .lines import Line
from .response_reader import ResponseReader
from .turns import let_others_run

__all__ = ("Answer", "Wire")

_FEW_TURNS: Final = 3
"""What a handler that waits for nothing needs to be asked and to answer."""


@value
class Answer:
    """A whole answer, as a client reads it."""

    status: int
    headers: Headers
    body: bytes = b""
    trailers: Headers = Headers()
    interim: tuple[InformationalResponse, ...] = ()
    """The interim answers before it."""


class Wire:
    """The client's end of a connection. Made by `Client.connection`.

    Whatever waits for the server raises TimeoutError if it waits too long.
    """

    def __init__(
        self, line: Line, *, client: Address, timeout: float, on_left: Callable[[], None]
    ) -> None:
        """`on_left` is called when this end is closed."""
        self.client = client
        """Our address, as the server sees it."""
        self.timeout = timeout
        """Seconds to wait for the server at most."""
        self.closed = False
        """Whether we have closed this end."""
        self.may_go_on = True
        """Whether another answer may follow the one that was read last."""
        self._line = line
        self._quick = line if isinstance(line, NativeStream) else None
        """The line, if it may be known that nobody has to wait."""
        self._on_left = on_left
        self._reader: ResponseReader | None = None
        self._unread = b""

    # What the server is told.

    async def send(self, data: bytes, *, piece: int | None = None) -> None:
        """Send bytes: all at once, or in pieces of so many that the server reads one by one.

        Returns when the server, or what is between, has taken them. Raises
        anyio.BrokenResourceError if the server has closed the connection, and
        anyio.ClosedResourceError if we have.
        """
        if piece is None:
            await self._send(data)
            return
        for start in range(0, len(data), piece):
            await self._send(data[start : start + piece])
            await let_others_run()

    async def send_eof(self) -> None:
        """Half-close: the server is told that no more will be sent, and may still answer."""
        await self._line.send_eof()

    async def abort(self) -> None:
        """Vanish without a word, as a client does whose machine has crashed."""
        self.closed = True
        self._line.abort()
        self._on_left()
        await let_others_run()

    async def aclose(self) -> None:
        """Close the connection; more than once is fine."""
        self.closed = True
        await self._line.aclose()
        self._on_left()

    # What the server says.

    async def receive_bytes(self, max_bytes: int = 65_536) -> bytes:
        """Return the next bytes, at least one.

        Raises anyio.EndOfStream if the server has ended the connection,
        anyio.BrokenResourceError if it has broken off.
        """
        if self._reader is not None:
            raise RuntimeError(
                "the bytes of an answer were asked for in the middle of its events: go on with"
                " receive_event() until EndOfMessage"
            )
        if self._unread:
            data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
            return data
        return await self._receive(max_bytes)

    async def receive_event(self, *, method: str = "GET") -> HttpEvent:
        """Return what the server did next, and ConnectionClosed once it has ended the connection.

        `method` is that of the request that is answered next: it counts when an
        answer begins.

        Raises RemoteProtocolError if it is not HTTP or ends in the middle, and
        anyio.BrokenResourceError if the connection is broken off.
        """
        if self._reader is None:
            self._reader = ResponseReader(method)
            if self._unread:
                self._reader.receive_data(self._unread)
                self._unread = b""
        reader = self._reader
        while isinstance(event := reader.next_event(), Signal):
            try:
                reader.receive_data(await self._receive(65_536))
            except EndOfStream:
                if not reader.begun:
                    self._reader = None
                    return ConnectionClosed()
                reader.receive_eof()
        if reader.complete:
            self._unread = reader.rest
            self.may_go_on = reader.may_go_on
            self._reader = None
        return event

    def take_body(self) -> bytes | None:
        """Return all that is left of an answer whose head is the last event; None if not all came.

        Does not wait. That is quicker than event by event, and most answers come as a whole.
        """
        reader = self._reader
        body = None if reader is None else reader.take_body()
        if reader is None or body is None:
            return None
        self._unread = reader.rest
        self.may_go_on = reader.may_go_on
        self._reader = None
        return body

    async def receive_response(self, *, method: str = "GET") -> Answer:
        """Return the next answer to its end.

        Raises as `receive_event` does, and anyio.EndOfStream if the server has
        ended the connection instead of answering.
        """
        interim: list[InformationalResponse] = []
        head = Response(status=0)
        body: list[bytes] = []
        while True:
            match await self.receive_event(method=method):
                case InformationalResponse() as event:
                    interim.append(event)
                case Response() as event:
                    head = event
                case Data(data=data):
                    body.append(data)
                case EndOfMessage(trailers=trailers):
                    return Answer(
                        status=head.status,
                        headers=head.headers,
                        body=b"".join(body),
                        trailers=trailers,
                        interim=tuple(interim),
                    )
                case ConnectionClosed():
                    raise EndOfStream

    async def receive_to_end(self) -> bytes:
        """Return all bytes that come until the server ends the connection.

        Raises anyio.BrokenResourceError if it breaks off.
        """
        pieces: list[bytes] = []
        while True:
            try:
                pieces.append(await self.receive_bytes())
            except EndOfStream:
                return b"".join(pieces)

    # How it works.

    async def _send(self, data: bytes) -> None:
        quick, rest = self._quick, data
        if quick is not None and quick.takes_at_once and not quick.turn_is_over:
            quick.send_at_once(data)
            if not quick.unwritten:
                return
            rest = b""
        with self._patience() as scope:
            await self._line.send(rest)
        if scope.cancelled_caught:
            raise TimeoutError(
                f"the server did not read for {self.timeout:g} s, so {data[:40]!r} waits"
            )

    async def _receive(self, max_bytes: int) -> bytes:
        quick = self._quick
        if quick is not None:
            # A deadline costs more than the few turns after which most answers are there.
            for _ in range(_FEW_TURNS):
                if data := quick.take(max_bytes):
                    return data
                await checkpoint()
        with self._patience():
            return await self._line.receive(max_bytes)
        raise TimeoutError(f"the server sent nothing for {self.timeout:g} s")

    def _patience(self) -> CancelScope:
        return CancelScope(deadline=anyio.current_time() + self.timeout)
