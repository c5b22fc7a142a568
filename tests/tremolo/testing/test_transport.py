"""What users see of it is in `test_client`; here are the errors, each with its translation."""

import httpx
import pytest
from anyio import BrokenResourceError, ClosedResourceError

from tremolo.testing.http_connection import HandlerFailed, ServerClosed
from tremolo.testing.transport import as_of_httpx, outgoing
from tremolo_core import LocalProtocolError, RemoteProtocolError

REQUEST = httpx.Request("POST", "http://testserver/a%20b?c=d", content=b"body")


class NoBody(httpx.AsyncByteStream): ...


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServerClosed(), httpx.RemoteProtocolError),
        (RemoteProtocolError("text"), httpx.RemoteProtocolError),
        (LocalProtocolError("text"), httpx.LocalProtocolError),
        (TimeoutError("text"), httpx.ReadTimeout),
        (BrokenResourceError(), httpx.ReadError),
        (ClosedResourceError(), httpx.ReadError),
    ],
    ids=lambda error: getattr(error, "__name__", type(error).__name__),
)
def test_errors_are_those_of_httpx(error: Exception, expected: type[httpx.RequestError]) -> None:
    translated = as_of_httpx(error, REQUEST)
    assert isinstance(translated, expected)
    assert translated.request is REQUEST
    assert isinstance(error, ServerClosed) or translated.__cause__ is error
    assert str(error) in str(translated)


def test_others_stay_what_they_are() -> None:
    error = ValueError("text")
    assert as_of_httpx(error, REQUEST) is error


def test_what_a_handler_has_raised_is_never_taken_for_ours() -> None:
    error = TimeoutError("text")
    assert as_of_httpx(HandlerFailed(error), REQUEST) is error


def test_a_request_is_taken_as_it_is() -> None:
    request = outgoing(REQUEST, NoBody())
    assert request.method == "POST"
    assert request.target == b"/a%20b?c=d"
    assert request.headers == ((b"Host", b"testserver"), (b"Content-Length", b"4"))
    assert request.body == b"body"
    assert request.timeout is None


def test_extensions_of_httpx_are_kept_to() -> None:
    request = httpx.Request(
        "OPTIONS", "http://testserver", extensions={"target": b"*", "timeout": {"read": 7.0}}
    )
    sent = outgoing(request, NoBody())
    assert sent.target == b"*"
    assert sent.timeout == 7.0


def test_a_body_that_is_not_there_yet_is_a_stream() -> None:
    stream = NoBody()
    assert (
        outgoing(httpx.Request("POST", "http://testserver", stream=stream), stream).body is stream
    )
