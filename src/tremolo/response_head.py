"""The head of an answer, for as long as it can be changed: status, fields, cookies.

When it is sent, and with which body, is the business of `response`.
"""

import functools
import time
from typing import TypeAlias
from urllib.parse import quote

from tremolo_core import Headers
from tremolo_core import Response as ResponseEvent
from tremolo_core._values import maker
from tremolo_core.sent_fields import reason_phrase
from tremolo_transport.exchange import Exchange

from .cookies import Cookie, format_cookie
from .exceptions import HTTPRedirect, InternalServerError

__all__ = ("DEFAULT_CONTENT_TYPE", "ResponseHead", "Text", "encoded")

DEFAULT_CONTENT_TYPE = b"text/html; charset=utf-8"

Text: TypeAlias = str | bytes
"""A field's name or value; a str is encoded as latin-1 (RFC 9110 5.5)."""

_ABOUT_A_BODY = (b"content-length", b"content-type")

_DEFAULT_TYPE = (b"content-type", DEFAULT_CONTENT_TYPE)

_NOT_CHUNKED = (b"transfer-encoding", b"identity")
"""To the core: have the end of the connection end the body."""

_response = maker(ResponseEvent)

_BODYLESS = (204, 205, 304)
"""Statuses whose answers have no content (RFC 9110 15.3.5, 15.3.6, 15.4.5)."""

_REDIRECTIONS = (301, 302, 303, 307, 308)

_IN_URLS = "%!#$&'()*+,/:;=?@[]~"
"""RFC 3986 2.2 and 2.3, and the percent sign, for what is encoded already."""


class ResponseHead:
    """The head of one answer. What is set may be str or bytes; what is read back is bytes.

    Made as a `ResponseBody`, which begins with nothing said about it.
    """

    __slots__ = ("_chunked", "_exchange", "_fields", "_reason", "_status", "_trailers")

    _exchange: Exchange
    _chunked: bool
    _fields: dict[bytes, list[bytes]]
    _status: int | None
    _reason: bytes
    _trailers: list[tuple[bytes, bytes]] | None

    def set_status(self, status: int = 200, message: Text = b"") -> None:
        """Set the status, 200 to 599, and the reason phrase; by default, the registered one.

        Raises ValueError for another status, InternalServerError if the head is sent.
        """
        self._refuse_if_sent()
        if not 200 <= status <= 599:
            raise ValueError(f"the status of an answer is 200 to 599, not {status}")
        self._status = status
        self._reason = encoded(message)

    def get_status(self) -> tuple[int, bytes]:
        """The status and the reason phrase; an empty phrase stands for the registered one."""
        return 200 if self._status is None else self._status, self._reason

    @property
    def status_is_set(self) -> bool:
        """Whether somebody has chosen a status."""
        return self._status is not None

    def set_header(self, name: Text, value: Text = b"") -> None:
        """Set the field, in place of all of its name. Raises InternalServerError if too late."""
        self.headers[encoded(name).lower()] = [encoded(value)]

    def append_header(self, name: Text, value: Text) -> None:
        """Add a field beside those of its name. Raises InternalServerError if too late."""
        self.headers.setdefault(encoded(name).lower(), []).append(encoded(value))

    def set_content_type(self, content_type: Text = DEFAULT_CONTENT_TYPE) -> None:
        """Set the type of the body. Raises InternalServerError if too late."""
        self.headers[b"content-type"] = [encoded(content_type)]

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
    def line(self) -> list[bytes] | None:
        """The status line, as in `[b"HTTP/1.1", b"200", b"OK"]`; None until it is sent."""
        if not self.headers_sent():
            return None
        status, reason = self.get_status()
        return [b"HTTP/1.1", b"%d" % status, reason_phrase(status, reason)]

    def set_trailer(self, name: Text, value: Text) -> None:
        """Have a field sent behind the body (RFC 9110 6.5), beside those of its name.

        Only a body that is written in pieces, and without a Content-Length, has
        trailers; with another, ending the answer raises LocalProtocolError.
        Behind one that ends with the connection they are not sent.
        """
        if self._trailers is None:
            self._trailers = []
        self._trailers.append((encoded(name).lower(), encoded(value)))

    def set_chunked(self, chunked: bool) -> None:
        """Have a body whose length is not known sent in chunks, as by default, or not.

        Then it ends with the connection, and the client cannot tell whether it
        has all of it. Nothing changes once the head is sent.
        """
        self._chunked = chunked

    @property
    def http_chunked(self) -> bool:
        """Whether a body that is written in pieces is chunked: no Content-Length is set."""
        return (
            self._chunked
            and b"content-length" not in self._fields
            and not self._is_bodyless
            and self._exchange.request.http_version != b"1.0"
        )

    @property
    def _is_bodyless(self) -> bool:
        return self._status is not None and self._status in _BODYLESS

    @property
    def _answers_head(self) -> bool:
        return self._exchange.request.method == b"HEAD"

    def _head(self, length: int | None) -> ResponseEvent:
        """The head of a body of `length`; None if that is not known, or there is no body."""
        fields = self._fields
        if self._status is None and self._chunked and not fields:
            return _usual_head(length)
        status = 200 if self._status is None else self._status
        if self._chunked and not self._is_bodyless and len(fields) < 2:
            types = fields.get(b"content-type", ()) if fields else (DEFAULT_CONTENT_TYPE,)
            if len(types) == 1:
                return _typed_head(status, self._reason, types[0], length)
        return self._unusual_head(status, length)

    def _unusual_head(self, status: int, length: int | None) -> ResponseEvent:
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
            if not self._chunked and length is None and b"content-length" not in self._fields:
                fields.append(_NOT_CHUNKED)
            if length is not None:
                declared = self._fields.get(b"content-length")
                if declared is None:
                    fields.append((b"content-length", b"%d" % length))
                elif not self._answers_head:
                    fields = [field for field in fields if field[0] != b"content-length"]
                    fields.append((b"content-length", b"%d" % length))
        return _response(status, Headers(fields), self._reason)

    def _refuse_if_sent(self) -> None:
        if self.headers_sent():
            raise InternalServerError("the head of the answer is sent and cannot be changed")


def encoded(text: Text) -> bytes:
    """The bytes of a field's name or value."""
    return text if isinstance(text, bytes) else text.encode("latin-1")


@functools.lru_cache(maxsize=256)
def _usual_head(length: int | None) -> ResponseEvent:
    """The head of an answer about which nothing was said."""
    return _typed_head(200, b"", DEFAULT_CONTENT_TYPE, length)


@functools.lru_cache(maxsize=256)
def _typed_head(
    status: int, reason: bytes, content_type: bytes, length: int | None
) -> ResponseEvent:
    """The head of an answer about which no more was said than its status and its type."""
    fields = [(b"content-type", content_type)]
    if length is not None:
        fields.append((b"content-length", b"%d" % length))
    return _response(status, Headers(fields), reason)
