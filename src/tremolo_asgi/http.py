"""One HTTP request of an ASGI application: its `receive` and `send`, over an exchange.

Which scope the application is called with, and what becomes of what it
raises, is decided in `handler`. How the files of two extensions are sent is the
business of `files`.
"""

from typing import Final

import anyio

from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    LocalProtocolError,
    Response,
)
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .errors import IncompleteResponse
from .files import OpenPart, open_part, open_path
from .http_messages import (
    Progress,
    announces_trailers,
    disconnect,
    measured,
    must_be_due,
    next_events,
    read_file_part,
    read_links,
    read_path,
    read_trailers,
    received,
)
from .last_head import last, read_head
from .message_members import Message, kind_of, read_bytes
from .message_types import HTTPReceiveMessage
from .scope import offered_extensions

__all__ = ("HttpCycle",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_NOTHING: Final = Progress.NOTHING
_HEAD: Final = Progress.HEAD
_BODY: Final = Progress.BODY
_TRAILERS: Final = Progress.TRAILERS
_COMPLETE: Final = Progress.COMPLETE

_NO_TRAILERS: Final = Headers()


class HttpCycle:
    """The two callables that one call of the application is given.

    Both may be called from several tasks at once.
    """

    # Slots, all filled here: until Python 3.12 it takes longer to find one of the class's own.
    __slots__ = (
        "_client_left",
        "_exchange",
        "_head",
        "_missing",
        "_trailers",
        "_waiting",
        "_with_trailers",
        "progress",
    )

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.progress = _NOTHING
        """How far the answer has come."""
        self._head: Response | None = None
        """The answer's head, as long as it is held back."""
        self._with_trailers = False
        """Whether trailers were announced."""
        self._trailers = _NO_TRAILERS
        self._missing: int | None = None
        """Bytes of the body behind what was received; None before any, negative if unknown."""
        self._client_left = False
        self._waiting: list[anyio.CancelScope] | None = None
        """Those who wait for the client to leave; made on demand."""

    async def receive(self) -> HTTPReceiveMessage:
        """Return the next piece of the request's body, and `http.disconnect` ever after.

        The latter comes as soon as the client has left or the answer is
        complete. What is known already is returned without a checkpoint, also
        in a cancelled scope; a cancelled call has lost nothing.
        """
        if self._client_left or self.progress is _COMPLETE:
            return disconnect()
        if self._missing == 0:
            return await self._wait_for_disconnect()
        event = await self._exchange.receive()
        if type(event) is not Data:
            self._note(event)
            return received(event)
        data, missing = event.data, self._missing
        if missing is None:
            declared = self._exchange.request.headers.get(b"content-length")
            missing = -1 if declared is None else int(declared)
        # The end of a declared length is known with its last byte: nobody need be asked for it.
        self._missing = missing = missing - len(data)
        return {"type": "http.request", "body": data, "more_body": missing != 0}

    async def send(self, message: Message) -> None:
        """Send one message of the answer, and wait until the client's side takes it.

        The head is held back until the first piece of the body: "Protocol
        servers must not start sending the response to the client until it has
        received at least one Response Body event" (ASGI, HTTP). A complete
        answer is one write. A cancelled call counts as sent.

        Raises MessageError if the message is malformed or not due,
        LocalProtocolError if what it says may not be sent in HTTP, and
        ClientDisconnected, an OSError, if the client has left. After the first
        two nothing was sent; if they concern the head or the first piece of
        the body, the answer may begin anew with `http.response.start`. For a
        file, raises what opening and reading it raise, too.
        """
        progress = self.progress
        if progress is _NOTHING:
            known, status, its_head = last.kept
            if message == known and message["status"] is status:
                # As most answers begin.
                self._head = its_head
                self.progress = _HEAD
                return
        try:
            kind: object = message["type"]
        except (KeyError, TypeError):
            kind = kind_of(message)
        if kind == "http.response.body" and (progress is _HEAD or progress is _BODY):
            body, more = message.get("body", b""), message.get("more_body")
            if type(body) is not bytes:
                body = read_bytes(message, "body", body)
            head, goes_on = self._head, more or self._with_trailers
            try:
                # What can be sent without a wait is mostly all there is, or one of many pieces.
                if head is None:
                    if more and self._exchange.send_piece(body):
                        return
                elif not goes_on and self._exchange.send_whole(head, body):
                    self.progress = _COMPLETE
                    return
                # The rest is as in `_send`, without another coroutine for it.
                self.progress = _BODY if more else _TRAILERS if goes_on else _COMPLETE
                self._head = None
                method = self._exchange.request.method
                await self._exchange.send(*next_events(head, body, more=goes_on, method=method))
            except (LocalProtocolError, ClientDisconnected) as error:
                self._note_failure(error, progress, head)
                raise
            finally:
                if self._waiting:
                    self._end_waiting()
        elif kind == "http.response.start" and progress is _NOTHING:
            head = read_head(message)
            if "trailers" in message:
                self._with_trailers = announces_trailers(message, self._offered)
            self._head = head
            self.progress = _HEAD
        else:
            must_be_due(kind, progress, self._offered)
            await self._send_of_extension(message, kind)

    def finish(self) -> None:
        """Judge the answer once the application has returned.

        Raises IncompleteResponse if it lacks something, or ClientDisconnected
        if the application knew that the client had left.
        """
        if self.progress is _COMPLETE:
            return
        if self._client_left:
            raise ClientDisconnected("the client left before the answer was complete")
        raise IncompleteResponse(f"the application returned {self.progress.value}")

    @property
    def answered(self) -> bool:
        """Whether the application has sent its answer to the end."""
        return self.progress is _COMPLETE

    @property
    def client_left(self) -> bool:
        """Whether the application was told, by either callable, that the client has left."""
        return self._client_left

    @property
    def _offered(self) -> tuple[str, ...]:
        return offered_extensions(self._exchange.request)

    @property
    def _behind_body(self) -> Progress:
        return _TRAILERS if self._with_trailers else _COMPLETE

    async def _send_of_extension(self, message: Message, kind: object) -> None:
        match kind:
            case "http.response.trailers":
                fields, more = read_trailers(message)
                self._trailers = Headers((*self._trailers, *fields))
                if not more:
                    await self._send((EndOfMessage(trailers=self._trailers),), _COMPLETE)
            case "http.response.early_hint":
                await self._send((read_links(message),), _NOTHING)
            case "http.response.pathsend":
                part = await open_path(read_path(message))
                with part.file:
                    await self._send_part(part, more=False)
            case _:
                asked = read_file_part(message)
                with open_part(asked) as part:
                    await self._send_part(part, more=asked.more)

    async def _send_part(self, part: OpenPart, *, more: bool) -> None:
        """Send a part of a file as the body, or as a piece of it."""
        method, head = self._exchange.request.method, self._head
        if head is not None:
            part.must_fit(head, whole=not more)
            if not (more or self._with_trailers):
                head = measured(head, part.count, method=method)
            await self._send((head,), _BODY)
        if method != b"HEAD":
            try:
                await self._exchange.send_file(part.file, offset=part.offset, count=part.count)
            except ClientDisconnected:
                self._client_left = True
                raise
        if not more:
            events = next_events(None, b"", more=self._with_trailers, method=method)
            await self._send(events, self._behind_body)

    async def _send(self, events: tuple[Event, ...], following: Progress) -> None:
        progress, head = self.progress, self._head
        # Before the call, as a cancelled one counts as sent.
        self.progress = following
        self._head = None
        try:
            await self._exchange.send(*events)
        except (LocalProtocolError, ClientDisconnected) as error:
            self._note_failure(error, progress, head)
            raise
        finally:
            if self._waiting:
                self._end_waiting()

    def _note_failure(self, error: Exception, progress: Progress, head: Response | None) -> None:
        """See to what was not sent, as it is not allowed or as nobody is there."""
        if isinstance(error, ClientDisconnected):
            self._client_left = True
        else:
            self.progress = progress if head is None else _NOTHING
            self._head = None

    def _end_waiting(self) -> None:
        """Let those go on who wait for the client to leave, if the answer is complete."""
        if self._waiting and self.progress is _COMPLETE:
            for scope in self._waiting:
                scope.cancel()

    async def _wait_for_disconnect(self) -> HTTPReceiveMessage:
        # The exchange is over only when the application has returned, which it
        # may do only when this has: so the end of the answer ends the waiting.
        with anyio.CancelScope() as scope:
            if self._waiting is None:
                self._waiting = []
            self._waiting.append(scope)
            try:
                event = await self._exchange.receive()
                if type(event) is EndOfMessage:
                    # That of a declared length.
                    event = await self._exchange.receive()
                self._note(event)
            finally:
                self._waiting.remove(scope)
        return disconnect()

    def _note(self, event: Event) -> None:
        if isinstance(event, EndOfMessage):
            self._missing = 0
        elif isinstance(event, ConnectionClosed):
            self._client_left = True
