"""One HTTP request of an ASGI application: its `receive` and `send`, over an exchange.

Which scope the application is called with, and what becomes of what it
raises, is decided in `handler`.
"""

import anyio

from tremolo_core import ConnectionClosed, EndOfMessage, Event, LocalProtocolError, Response
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .errors import IncompleteResponse
from .messages import (
    Progress,
    disconnect,
    expected,
    message_of,
    read_body,
    read_start,
    rest_of_answer,
    whole_answer,
)
from .types import HTTPReceiveMessage, SendMessage

__all__ = ("HttpCycle",)


class HttpCycle:
    """The two callables that one call of the application is given.

    Both may be called from several tasks at once.
    """

    __slots__ = ("_body_ended", "_client_left", "_exchange", "_head", "_progress", "_waiting")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._progress = Progress.NOTHING
        self._head = Response(status=500)
        self._body_ended = False
        self._client_left = False
        self._waiting: list[anyio.CancelScope] = []

    async def receive(self) -> HTTPReceiveMessage:
        """Return the next piece of the request's body, and `http.disconnect` ever after.

        The latter comes as soon as the client has left or the answer is
        complete. What is known already is returned without a checkpoint, also
        in a cancelled scope; a cancelled call has lost nothing.
        """
        if self._client_left or self._progress is Progress.COMPLETE:
            return disconnect()
        if self._body_ended:
            return await self._wait_for_disconnect()
        event = await self._exchange.receive()
        self._note(event)
        return message_of(event)

    async def send(self, message: SendMessage) -> None:
        """Send one message of the answer, and wait until the client's side takes it.

        The head is held back until the first piece of the body: "Protocol
        servers must not start sending the response to the client until it has
        received at least one Response Body event" (ASGI, HTTP). A complete
        answer is one write. A cancelled call counts as sent.

        Raises MessageError if the message is malformed or not due,
        LocalProtocolError if what it says may not be sent in HTTP, and
        ClientDisconnected, an OSError, if the client has left. After the first
        two nothing was sent; if they concern the head or the first piece of
        the body, the answer may begin anew with `http.response.start`.
        """
        progress = self._progress
        known = expected(message, progress)
        if progress is Progress.NOTHING:
            self._head = read_start(known)
            self._progress = Progress.HEAD
            return
        body, more = read_body(known)
        if progress is Progress.BODY:
            events = rest_of_answer(body, more=more)
        elif more:
            events = (self._head, *rest_of_answer(body, more=True))
        else:
            events = whole_answer(self._head, body, method=self._exchange.request.method)
        # Before the call, as a cancelled one counts as sent.
        self._progress = Progress.BODY if more else Progress.COMPLETE
        try:
            await self._exchange.send(*events)
        except LocalProtocolError:
            self._progress = Progress.NOTHING if progress is Progress.HEAD else progress
            raise
        except ClientDisconnected:
            self._client_left = True
            raise
        finally:
            if self._progress is Progress.COMPLETE:
                self._end_waiting()

    def finish(self) -> None:
        """Judge the answer once the application has returned.

        Raises IncompleteResponse if it lacks something, or ClientDisconnected
        if the application knew that the client had left.
        """
        if self._progress is Progress.COMPLETE:
            return
        if self._client_left:
            raise ClientDisconnected("the client left before the answer was complete")
        raise IncompleteResponse(f"the application returned {self._progress.value}")

    @property
    def answered(self) -> bool:
        """Whether the application has sent its answer to the end."""
        return self._progress is Progress.COMPLETE

    @property
    def client_left(self) -> bool:
        """Whether the application was told, by either callable, that the client has left."""
        return self._client_left

    async def _wait_for_disconnect(self) -> HTTPReceiveMessage:
        # The exchange is over only when the application has returned, which it
        # may do only when this has: so the end of the answer ends the waiting.
        with anyio.CancelScope() as scope:
            self._waiting.append(scope)
            try:
                self._note(await self._exchange.receive())
            finally:
                self._waiting.remove(scope)
        return disconnect()

    def _end_waiting(self) -> None:
        for scope in self._waiting:
            scope.cancel()

    def _note(self, event: Event) -> None:
        if isinstance(event, EndOfMessage):
            self._body_ended = True
        elif isinstance(event, ConnectionClosed):
            self._client_left = True
