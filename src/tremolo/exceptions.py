"""What a handler raises to end its request with a status, or its WebSocket with a close code.

    TremoloException
    ├── WebSocketException            1011
    │   ├── WebSocketClientClosed     1005
    │   └── WebSocketServerClosed     1011
    └── HTTPException                 500
        ├── HTTPRedirect              302
        ├── BadRequest                400
        ├── Unauthorized              401
        ├── Forbidden                 403
        ├── NotFound                  404
        ├── MethodNotAllowed          405
        ├── RequestTimeout            408
        ├── PreconditionFailed        412
        ├── PayloadTooLarge           413
        ├── RangeNotSatisfiable       416
        ├── ExpectationFailed         417
        ├── TooManyRequests           429
        ├── InternalServerError       500
        └── ServiceUnavailable        503

`ClientDisconnected`, an OSError, is the transport's. How an exception becomes
an answer is decided in `failures`.
"""

from http import HTTPStatus
from typing import TypeAlias

from tremolo_transport.exchange import ClientDisconnected

__all__ = (
    "ASGIConnectionError",
    "BadRequest",
    "ClientDisconnected",
    "ExpectationFailed",
    "Forbidden",
    "HTTPException",
    "HTTPRedirect",
    "HeaderText",
    "InternalServerError",
    "MethodNotAllowed",
    "NotFound",
    "PayloadTooLarge",
    "PreconditionFailed",
    "RangeNotSatisfiable",
    "RequestTimeout",
    "ServiceUnavailable",
    "TooManyRequests",
    "TremoloException",
    "Unauthorized",
    "WebSocketClientClosed",
    "WebSocketException",
    "WebSocketServerClosed",
)

ASGIConnectionError = ClientDisconnected
"""What applications for nggit/tremolo catch: an ASGI `send` raises it when the client has left."""

HeaderText: TypeAlias = str | bytes | int
"""A header field's value; text is encoded as latin-1."""


class TremoloException(Exception):
    """The base of what the framework lets handlers raise."""


class HTTPException(TremoloException):
    """Ends a request with the status `code`, 200 to 599.

    The text of `args` becomes the answer's body; with no argument that is
    `message`, the phrase of the status. Where `content_type` is some kind of
    HTML or XML the text is escaped, so that it shows what was written.

    Further keyword arguments become header fields: an underscore in the name is
    a hyphen, and a list or tuple makes several fields. `cause` is what led to
    the exception; its own text is never sent. Given only a `cause`,
    `HTTPException` makes a RequestTimeout of a TimeoutError and an
    InternalServerError of anything else, and returns what is an HTTPException
    already.
    """

    code: int = 500
    message: str = "Internal Server Error"
    content_type: str = "text/html; charset=utf-8"

    def __new__(  # noqa: PYI034 # not always `Self`, on purpose
        cls, *args: object, cause: BaseException | None = None, **options: object
    ) -> "HTTPException":
        if cls is HTTPException and cause is not None:
            if isinstance(cause, HTTPException):
                return cause
            kind = RequestTimeout if isinstance(cause, TimeoutError) else InternalServerError
            return super().__new__(kind, *args)
        return super().__new__(cls, *args)

    def __init__(
        self,
        *args: object,
        code: int | None = None,
        message: str | None = None,
        content_type: str | bytes | None = None,
        cause: BaseException | None = None,
        **options: "HeaderText | list[HeaderText] | tuple[HeaderText, ...]",
    ) -> None:
        if cause is self:
            self.args = args or self.args
        else:
            super().__init__(*args)
            if cause is not None:
                self.__cause__ = cause
            self._fields: list[tuple[bytes, bytes]] = []
        if code is not None:
            if not 200 <= code <= 599:
                raise ValueError(f"the status of an answer is 200 to 599, not {code}")
            self.code = code
            self.message = _phrase(code)
        if message is not None:
            self.message = message
        if content_type is not None:
            self.content_type = (
                content_type if isinstance(content_type, str) else content_type.decode("latin-1")
            )
        for name, value in options.items():
            values = value if isinstance(value, list | tuple) else (value,)
            field = name.replace("_", "-").lower().encode("latin-1")
            self._fields.extend((field, _field_value(one)) for one in values)

    def __str__(self) -> str:
        """The text of the arguments, as `408: text` if the first is a number; else the phrase."""
        match self.args:
            case ():
                return self.message
            case (int(number), *rest) if rest:
                return f"{number}: {' '.join(str(part) for part in rest)}"
            case parts:
                return " ".join(str(part) for part in parts)

    @property
    def fields(self) -> tuple[tuple[bytes, bytes], ...]:
        """The header fields that the answer has because of this exception."""
        return tuple(self._fields)

    @property
    def encoding(self) -> str:
        """The codec that `content_type` names as its charset; `utf-8` if it names none."""
        _, _, parameters = self.content_type.partition(";")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip('"') or "utf-8"
        return "utf-8"


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return f"Status {code}"


def _field_value(value: HeaderText) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")


class HTTPRedirect(HTTPException):
    """Sends the client elsewhere; give `location`."""

    code = 302
    message = "Found"


class BadRequest(HTTPException):
    """The request makes no sense (RFC 9110 15.5.1)."""

    code = 400
    message = "Bad Request"


class Unauthorized(HTTPException):
    """The client must say who it is; give `www_authenticate` (RFC 9110 15.5.2)."""

    code = 401
    message = "Unauthorized"


class Forbidden(HTTPException):
    """The client may not have this (RFC 9110 15.5.4)."""

    code = 403
    message = "Forbidden"


class NotFound(HTTPException):
    """There is nothing here (RFC 9110 15.5.5)."""

    code = 404
    message = "Not Found"


class MethodNotAllowed(HTTPException):
    """There is something here, but not for this method; give `allow` (RFC 9110 15.5.6)."""

    code = 405
    message = "Method Not Allowed"


class RequestTimeout(HTTPException):
    """The request, or what it needed, took too long (RFC 9110 15.5.9)."""

    code = 408
    message = "Request Timeout"


class PreconditionFailed(HTTPException):
    """A condition of the request does not hold (RFC 9110 15.5.13)."""

    code = 412
    message = "Precondition Failed"


class PayloadTooLarge(HTTPException):
    """The request has more content than is taken (RFC 9110 15.5.14)."""

    code = 413
    message = "Payload Too Large"


class RangeNotSatisfiable(HTTPException):
    """None of the ranges asked for exists; give `content_range` (RFC 9110 15.5.17)."""

    code = 416
    message = "Range Not Satisfiable"


class ExpectationFailed(HTTPException):
    """What the Expect field asks for is not done here (RFC 9110 15.5.18)."""

    code = 417
    message = "Expectation Failed"


class TooManyRequests(HTTPException):
    """The client asks too often; `retry_after` may say when to return (RFC 6585 4)."""

    code = 429
    message = "Too Many Requests"


class InternalServerError(HTTPException):
    """Something is wrong here, and the client cannot help it (RFC 9110 15.6.1)."""

    code = 500
    message = "Internal Server Error"


class ServiceUnavailable(HTTPException):
    """Not now; `retry_after` may say when (RFC 9110 15.6.4)."""

    code = 503
    message = "Service Unavailable"


class WebSocketException(TremoloException):
    """Ends a WebSocket with the close code `code`, 1011 unless another is given (RFC 6455 7.4)."""

    code: int = 1011

    def __init__(
        self, *args: object, code: int | None = None, cause: BaseException | None = None
    ) -> None:
        super().__init__(*args)
        if code is not None:
            self.code = code
        if cause is not None:
            self.__cause__ = cause

    def __str__(self) -> str:
        """The close code, and the reason if there is one."""
        return f"{self.code} {self.reason}".rstrip()

    @property
    def reason(self) -> str:
        """The text of the arguments."""
        return " ".join(str(part) for part in self.args)


class WebSocketClientClosed(WebSocketException):
    """The client has closed the WebSocket; 1005 if it says no code, 1006 if it just left."""

    code = 1005


class WebSocketServerClosed(WebSocketException):
    """We have closed the WebSocket; raised by a handler, it closes it with its code."""
