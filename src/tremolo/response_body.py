"""The body of an answer: what of it is sent, what waits to be, and when the head goes along.

What a handler can call besides is in `response`; how a body is framed, and
whether what is said may be sent, is judged in the core.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from tremolo_core import ConnectionClosed, Data, EndOfMessage, Event, Headers, LocalProtocolError
from tremolo_core import Response as ResponseEvent
from tremolo_core._values import maker
from tremolo_transport.exchange import KEEP, ClientDisconnected, Exchange, Keep, Rate

from .response_head import ResponseHead
from .results import Chunk, chunk_bytes, pieces_of

__all__ = ("BeforeHead", "ResponseBody")

BeforeHead: TypeAlias = Callable[[], Awaitable[bytes | None]]

_END = EndOfMessage()

_data = maker(Data)


class ResponseBody(ResponseHead):
    """The answer from its first piece to its end."""

    __slots__ = (
        "_before_head",
        "_begun",
        "_ended",
        "_held",
        "_held_head",
        "_last",
        "_replaced",
        "_waiting",
        "upgraded",
    )

    def __init__(self, exchange: Exchange) -> None:
        # All at once: another `__init__` to be called takes as long as the half of them.
        self._exchange = exchange
        self._chunked = True
        self._fields = {}
        self._status = None
        self._reason = b""
        self._trailers = None
        self._begun = False
        """Whether the head was sent from here, and not by a server that refused the request."""
        self._ended = False
        self._before_head: BeforeHead | None = None
        self._replaced = False
        """Whether another answer was given in the place of what is written."""
        self._last = False
        """Whether the connection is to be closed though the head did not say so."""
        self._waiting: list[bytes] | None = None
        """What `send_nowait` was given and nobody has written yet."""
        self._held: list[bytes] | None = None
        """What `hold` was given and nobody has written yet; it counts as sent."""
        self._held_head: ResponseEvent | None = None
        """The head, if it is held too."""
        self.upgraded = False
        """Whether the answer is a WebSocket, so that there will be no other."""

    def call_before_head(self, func: BeforeHead) -> None:
        """Await `func` once, before the head is made; a body that it returns is the answer."""
        self._before_head = func

    def leave_to_others(self) -> None:
        """Take it that the answer was given through the exchange, and do nothing more about it."""
        self._begun = self._ended = self._exchange.response_started

    def headers_sent(self) -> bool:
        """Whether the head is sent, so that only the body can still be chosen."""
        return self._held is not None or self._exchange.response_started

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self._ended

    @property
    def has_unsent(self) -> bool:
        """Whether there is something that `send_nowait` was given and nobody has written yet."""
        return bool(self._waiting)

    @property
    def takes_no_more(self) -> bool:
        """Whether more of a body would not be sent: the answer is complete, or one to HEAD."""
        return self._ended or self._answers_head

    async def write(
        self,
        data: Chunk | None = None,
        *,
        chunked: bool | None = None,
        buffer_size: int | None = None,
        rate: Rate | Keep = KEEP,
    ) -> None:
        """Send a piece of the body at once; before the first, in the same write, the head.

        From now on at `rate`, if one is given, as `pace` has it, and with a
        `buffer_size` no more bytes than that at a time.

        Empty data, or None, ends the answer. If no Content-Length was set, the
        body is chunked, or ends with the connection: for HTTP/1.0, and if
        `chunked` is false the first time, or the option of that name. With a
        status that allows no body, only the head is sent, and `data` is dropped.
        """
        chunk = b"" if data is None else chunk_bytes(data)
        if chunked is not None:
            self.set_chunked(chunked)
        if rate is not KEEP:
            self._exchange.pace(download=rate)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        if not chunk:
            await self._end(b"", declare=False)
            return
        if buffer_size is not None and len(chunk) > buffer_size:
            for piece in pieces_of(chunk, buffer_size):
                await self.write(piece)
            return
        if self._waiting:
            chunk = self._take_waiting() + chunk
        if self._has_begun():
            if self._held is not None:
                # Not joined here: all that is written is copied once.
                await self._begin(*self._take_held(), _data(chunk))
            elif not self._is_bodyless and not self._exchange.send_piece(chunk):
                # As `_begin` does, without another coroutine for it.
                await self._exchange.send(_data(chunk))
        elif self._is_bodyless:
            await self._begin(self._head(None), _END)
            self._ended = True
        else:
            await self._begin(self._head(None), _data(chunk))

    async def end(self, data: Chunk = b"", *, keepalive: bool = True) -> None:
        """Complete the answer with `data`. Ending twice, without data, does nothing more.

        If nothing was sent before, this is the whole answer in one write, with
        its Content-Length. Without `keepalive` the connection is closed then.
        """
        if not keepalive:
            self._make_last()
        body = data if type(data) is bytes else chunk_bytes(data)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        await self._end(body, declare=True)

    def end_at_once(self, result: object) -> bool:
        """Complete the answer with bytes or text, if that is all of it and nobody need wait.

        As `end` does, but not for a WebSocket. False, and nothing is done, where that
        is not so, or where `result` is anything else.
        """
        if isinstance(result, bytes):
            body = result
        elif isinstance(result, str):
            body = result.encode()
        else:
            return False
        if self._begun or self._before_head is not None or self._waiting:
            return False
        if self._trailers is not None or (self._status is not None and self._is_bodyless):
            return False
        if not self._exchange.send_whole(self._head(len(body)), body):
            return False
        self._begun = self._ended = True
        return True

    def end_held(self) -> bool:
        """Complete the answer, if all of it is held and nobody need wait.

        As `end` does. False, and nothing is done, where that is not so.
        """
        head, held = self._held_head, self._held
        if head is None or held is None or self._waiting or self._trailers is not None:
            return False
        if self._last or not self._exchange.send_chunks(head, held):
            return False
        self._held_head = self._held = None
        self._ended = True
        return True

    def hold(self, data: bytes) -> bool:
        """Have a piece of the body written with what follows, which comes without a wait.

        As `write` does but for that; it counts as sent. False, and nothing is
        done, if that cannot be: then `write` is to be called. `flush` is what
        follows if nothing else does, and `write_held` is to be called before a wait.
        """
        if self._waiting:
            return False
        if self._held is not None:
            # So all of the rest was found out.
            self._held.append(data)
            return True
        if self._before_head is not None or self._replaced or self._ended:
            return False
        if (self._status is not None and self._is_bodyless) or not self._exchange.queues:
            return False
        if self._has_begun():
            if b"content-length" in self._fields:
                # It may be more than that, which is to be known now.
                self._exchange.queue(_data(data))
                return True
        elif self._fields:
            # Likewise, it may be that they cannot be sent.
            self._exchange.queue(self._head(None), _data(data))
            self._begun = True
            return True
        else:
            self._held_head = self._head(None)
            self._begun = True
        self._held = [data]
        return True

    def write_held(self) -> None:
        """Have what is held written soon, as there is a wait before what follows."""
        try:
            if self._held is not None:
                self._exchange.queue(*self._take_held())
        except ClientDisconnected:
            # Whatever is sent next will say so.
            return
        self._exchange.write_queued()

    async def flush(self) -> None:
        """Wait until what was held is written."""
        await self._exchange.send(*self._take_held())

    async def _end(self, body: bytes, *, declare: bool) -> None:
        """Complete the answer. A whole one has its length, unless it is not to `declare` one."""
        if events := self._rest(body, declare=declare):
            await self._begin(*events)
            self._ended = True
            if self._last:
                await self._exchange.send(ConnectionClosed())

    def _rest(self, body: bytes, *, declare: bool) -> tuple[Event, ...]:
        """What completes the answer: `body`, behind what waits. Nothing if it is complete."""
        if self._waiting:
            body = self._take_waiting() + body
        end = _END
        if self._trailers is not None:
            end = EndOfMessage(trailers=Headers(self._trailers))
        if self._has_begun():
            if self._ended and not body:
                return ()
            return (_data(body), end) if body and not self._is_bodyless else (end,)
        if self._is_bodyless:
            return (self._head(None), _END)
        if declare and self._trailers is None:
            return (self._head(len(body)), _data(body), _END)
        return (self._head(None), _data(body), end) if body else (self._head(None), end)

    def _make_last(self) -> None:
        if self.headers_sent():
            self._last = True
        else:
            self._fields[b"connection"] = [b"close"]

    def _take_held(self) -> tuple[Event, ...]:
        head, held = self._held_head, self._held
        self._held_head = self._held = None
        if held is None:
            return ()
        return (*map(_data, held),) if head is None else (head, *map(_data, held))

    def _take_waiting(self) -> bytes:
        waiting, self._waiting = self._waiting or [], None
        return b"".join(waiting)

    async def _write_waiting(self) -> None:
        if self._waiting and not self._ended:
            await self.write(self._take_waiting())

    async def _is_replaced(self) -> bool:
        """Ask whoever wanted to be asked before the head; true if the answer is given already."""
        func, self._before_head = self._before_head, None
        if func is None or self._has_begun():
            return self._replaced
        body = await func()
        if body is not None or self._begun:
            await self.end(b"" if body is None else body)
            self._replaced = True
        return self._replaced

    def _has_begun(self) -> bool:
        """Whether the head is sent. Raises if another answer was given."""
        if self.upgraded:
            raise RuntimeError("the request was answered with a WebSocket")
        if not self._begun and self._exchange.response_started:
            raise ClientDisconnected("the server has refused the request, and said so")
        return self._begun

    async def _begin(self, *events: Event) -> None:
        """Send `events`, behind what is held."""
        if self._held is not None:
            self._exchange.queue(*self._take_held())
        # A send that is cancelled counts as sent; one that is illegal does not.
        begun, self._begun = self._begun, True
        try:
            await self._exchange.send(*events)
        except LocalProtocolError:
            self._begun = begun
            raise
