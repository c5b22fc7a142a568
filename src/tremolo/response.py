"""The answer to a request: its head as long as it can be changed, then its body, piece by piece.

How a body is framed, and whether what is said may be sent, is judged in the
core; which bytes a handler's result stands for, in `results`.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import quote

from tremolo_core import Data, EndOfMessage, Event, Headers, LocalProtocolError
from tremolo_core import Response as ResponseEvent
from tremolo_transport.exchange import ClientDisconnected, Exchange

from .cookies import Cookie, format_cookie
from .exceptions import HTTPRedirect, InternalServerError
from .results import Chunk, chunk_bytes

__all__ = ("DEFAULT_CONTENT_TYPE", "BeforeHead", "Response", "Text")

DEFAULT_CONTENT_TYPE = b"text/html; charset=utf-8"

Text: TypeAlias = str | bytes
"""A field's name or value; a str is encoded as latin-1 (RFC 9110 5.5)."""

BeforeHead: TypeAlias = Callable[[], Awaitable[bytes | None]]

_REDIRECTIONS = (301, 302, 303, 307, 308)

_IN_URLS = "%!#$&'()*+,/:;=?@[]~"
"""RFC 3986 2.2 and 2.3, and the percent sign, for what is encoded already."""

_BODYLESS = (204, 205, 304)
"""Statuses whose answers have no content (RFC 9110 15.3.5, 15.3.6, 15.4.5)."""

_ABOUT_A_BODY = (b"content-length", b"content-type")

_DEFAULT_TYPE = (b"content-type", DEFAULT_CONTENT_TYPE)

_END = EndOfMessage()


class Response:
    """One answer. Names and values may be str or bytes; what is read back is bytes.

    `write` and `end` raise ClientDisconnected when the client is gone, or when
    the server has refused its request, which a handler need not catch; and
    LocalProtocolError for a head that may not be sent, such as a value with a
    line break, or a body that is not as long as its Content-Length says:
    nothing of that call is sent then.
    """

    __slots__ = (
        "_before_head",
        "_begun",
        "_ended",
        "_exchange",
        "_fields",
        "_reason",
        "_replaced",
        "_status",
    )

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._fields: dict[bytes, list[bytes]] = {}
        self._status: int | None = None
        self._reason = b""
        self._begun = False
        """Whether the head was sent from here, and not by a server that refused the request."""
        self._ended = False
        self._before_head: BeforeHead | None = None
        self._replaced = False
        """Whether another answer was given in the place of what is written."""

    def call_before_head(self, func: BeforeHead) -> None:
        """Await `func` once, before the head is made; a body that it returns is the answer."""
        self._before_head = func

    def leave_to_others(self) -> None:
        """Take it that the answer was given through the exchange, and do nothing more about it."""
        self._begun = self._ended = self._exchange.response_started

    def set_status(self, status: int = 200, message: Text = b"") -> None:
        """Set the status, 200 to 599, and the reason phrase; by default, the registered one.

        Raises ValueError for another status, InternalServerError if the head is sent.
        """
        self._refuse_if_sent()
        if not 200 <= status <= 599:
            raise ValueError(f"the status of an answer is 200 to 599, not {status}")
        self._status = status
        self._reason = _encoded(message)

    def get_status(self) -> tuple[int, bytes]:
        """The status and the reason phrase; an empty phrase stands for the registered one."""
        return 200 if self._status is None else self._status, self._reason

    @property
    def status_is_set(self) -> bool:
        """Whether somebody has chosen a status."""
        return self._status is not None

    def set_header(self, name: Text, value: Text = b"") -> None:
        """Set the field, in place of all of its name. Raises InternalServerError if too late."""
        self.headers[_encoded(name).lower()] = [_encoded(value)]

    def append_header(self, name: Text, value: Text) -> None:
        """Add a field beside those of its name. Raises InternalServerError if too late."""
        self.headers.setdefault(_encoded(name).lower(), []).append(_encoded(value))

    def set_content_type(self, content_type: Text = DEFAULT_CONTENT_TYPE) -> None:
        """Set the type of the body. Raises InternalServerError if too late."""
        self.headers[b"content-type"] = [_encoded(content_type)]

    @property
    def content_type(self) -> bytes:
        """The type of the body, if it has one; `b"text/html; charset=utf-8"` if nobody set it."""
        return self._fields.get(b"content-type", (DEFAULT_CONTENT_TYPE,))[0]

    @property
    def headers(self) -> dict[bytes, list[bytes]]:
        """The fields that were set, by lower-case name, to be changed at will.

        Raises InternalServerError once the head is sent.
        """
        self._refuse_if_sent()
        return self._fields

    def set_cookie(
        self,
        name: str,
        value: str = "",
        *,
        expires: int | None = None,
        max_age: int | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = "Lax",
        partitioned: bool = False,
    ) -> None:
        """Have the client keep a cookie, beside others that are set; the fields are `Cookie`'s.

        Raises ValueError for a cookie that cannot be, or that browsers refuse,
        InternalServerError if it is too late.
        """
        cookie = Cookie(
            name=name,
            value=value,
            expires=expires,
            max_age=max_age,
            path=path,
            domain=domain,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )
        self.append_header(b"set-cookie", format_cookie(cookie, now=time.time()))

    def redirect(self, url: str, code: int = 302) -> HTTPRedirect:
        """Return what is to be raised to send the client to `url`, with 301, 302, 303, 307 or 308.

        What a URL cannot have in it is percent-encoded. Raises ValueError for
        another status.
        """
        if code not in _REDIRECTIONS:
            raise ValueError(f"a redirection has a status of 301, 302, 303, 307 or 308, not {code}")
        return HTTPRedirect(code=code, location=quote(url, safe=_IN_URLS))

    def headers_sent(self) -> bool:
        """Whether the head is sent, so that only the body can still be chosen."""
        return self._exchange.response_started

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self._ended

    @property
    def takes_no_more(self) -> bool:
        """Whether more of a body would not be sent: the answer is complete, or one to HEAD."""
        return self._ended or self._answers_head

    async def write(self, data: Chunk | None = None) -> None:
        """Send a piece of the body at once; before the first, in the same write, the head.

        Empty data, or None, ends the answer. If no Content-Length was set, the
        body is chunked, or ends with the connection for HTTP/1.0. With a
        status that allows no body, only the head is sent, and `data` is dropped.
        """
        chunk = b"" if data is None else chunk_bytes(data)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        if self._has_begun():
            if not chunk:
                await self.end()
            elif not self._is_bodyless:
                await self._exchange.send(Data(data=chunk))
        elif not chunk or self._is_bodyless:
            await self._begin(self._head(None), _END)
            self._ended = True
        else:
            await self._begin(self._head(None), Data(data=chunk))

    async def end(self, data: Chunk = b"") -> None:
        """Complete the answer with `data`. Ending twice, without data, does nothing more.

        If nothing was sent before, this is the whole answer in one write, with
        its Content-Length.
        """
        body = chunk_bytes(data)
        if (self._before_head is not None or self._replaced) and await self._is_replaced():
            return
        if self._has_begun():
            if self._ended and not body:
                return
            if body and not self._is_bodyless:
                await self._exchange.send(Data(data=body), _END)
            else:
                await self._exchange.send(_END)
        elif self._is_bodyless:
            await self._begin(self._head(None), _END)
        else:
            await self._begin(self._head(len(body)), Data(data=body), _END)
        self._ended = True

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
        if self._exchange.response_started and not self._begun:
            raise ClientDisconnected("the server has refused the request, and said so")
        return self._begun

    async def _begin(self, *events: Event) -> None:
        # A send that is cancelled counts as sent; one that is illegal does not.
        self._begun = True
        try:
            await self._exchange.send(*events)
        except LocalProtocolError:
            self._begun = False
            raise

    @property
    def _is_bodyless(self) -> bool:
        return self._status in _BODYLESS

    def _head(self, length: int | None) -> ResponseEvent:
        """The head of a body of `length`; None if that is not known, or there is no body."""
        fields = (
            [(name, value) for name, values in self._fields.items() for value in values]
            if self._fields
            else []
        )
        if self._is_bodyless:
            fields = [field for field in fields if field[0] not in _ABOUT_A_BODY]
            if self._status == 205:
                # The one status of the three that must say so (RFC 9110 15.3.6).
                fields.append((b"content-length", b"0"))
        else:
            if b"content-type" not in self._fields:
                fields.append(_DEFAULT_TYPE)
            if length is not None:
                declared = self._fields.get(b"content-length")
                if declared is None:
                    fields.append((b"content-length", b"%d" % length))
                elif not self._answers_head:
                    fields = [field for field in fields if field[0] != b"content-length"]
                    fields.append((b"content-length", b"%d" % length))
        return ResponseEvent(
            status=200 if self._status is None else self._status,
            headers=Headers(fields),
            reason=self._reason,
        )

    @property
    def _answers_head(self) -> bool:
        return self._exchange.request.method == b"HEAD"

    def _refuse_if_sent(self) -> None:
        if self._exchange.response_started:
            raise InternalServerError("the head of the answer is sent and cannot be changed")


def _encoded(text: Text) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")
