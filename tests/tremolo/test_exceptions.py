"""What an HTTPException says, and what it is made of when it has a cause."""

import pickle

import pytest

from tremolo import exceptions
from tremolo.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    HTTPRedirect,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
)

STATUSES = {
    "BadRequest": 400,
    "ExpectationFailed": 417,
    "Forbidden": 403,
    "HTTPException": 500,
    "HTTPRedirect": 302,
    "InternalServerError": 500,
    "MethodNotAllowed": 405,
    "NotFound": 404,
    "PayloadTooLarge": 413,
    "PreconditionFailed": 412,
    "RangeNotSatisfiable": 416,
    "RequestTimeout": 408,
    "ServiceUnavailable": 503,
    "TooManyRequests": 429,
    "Unauthorized": 401,
}


def test_each_class_has_its_status() -> None:
    classes = {
        name: thing.code
        for name, thing in vars(exceptions).items()
        if isinstance(thing, type) and issubclass(thing, HTTPException)
    }
    assert classes == STATUSES


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotFound(), "Not Found"),
        (NotFound("no", "such", "thing"), "no such thing"),
        (NotFound(408, "text"), "408: text"),
        (NotFound(408), "408"),
        (NotFound(message="Nothing here"), "Nothing here"),
        (HTTPException(code=418), "I'm a Teapot"),
        (HTTPException(code=299), "Status 299"),
        (HTTPException(code=299, message="Fine"), "Fine"),
    ],
)
def test_its_text(error: HTTPException, text: str) -> None:
    assert str(error) == text


def test_other_keyword_arguments_are_fields() -> None:
    error = MethodNotAllowed(allow=b"GET", retry_after=5, set_cookie=["a=b", "c=d"])
    assert error.fields == (
        (b"allow", b"GET"),
        (b"retry-after", b"5"),
        (b"set-cookie", b"a=b"),
        (b"set-cookie", b"c=d"),
    )


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/html; charset=utf-8", "utf-8"),
        ("text/plain", "utf-8"),
        ('text/plain; a=b; Charset="latin-1"', "latin-1"),
        (b"text/plain; charset=ascii", "ascii"),
        ("text/plain; charset=", "utf-8"),
    ],
)
def test_its_encoding(content_type: str | bytes, encoding: str) -> None:
    assert BadRequest(content_type=content_type).encoding == encoding


@pytest.mark.parametrize("code", [0, 99, 101, 199, 600])
def test_a_status_that_no_answer_has_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="200 to 599"):
        HTTPException(code=code)


def test_a_cause_alone_decides_the_class() -> None:
    timeout, other = TimeoutError("secret"), KeyError("secret")
    assert type(HTTPException(cause=timeout)) is RequestTimeout
    failure = HTTPException(cause=other)
    assert type(failure) is InternalServerError
    assert failure.__cause__ is other
    assert str(failure) == "Internal Server Error"


def test_an_http_exception_as_the_cause_is_itself() -> None:
    cause = Forbidden("no", set_cookie="a=b")
    same = HTTPException(cause=cause)
    assert same is cause
    assert str(same) == "no"
    assert same.__cause__ is None
    assert same.fields == ((b"set-cookie", b"a=b"),)


def test_an_http_exception_as_the_cause_can_be_changed() -> None:
    cause = Forbidden("no", set_cookie="a=b")
    same = HTTPException("never", code=451, cause=cause, retry_after=1)
    assert same is cause
    assert (str(same), same.code) == ("never", 451)
    assert same.fields == ((b"set-cookie", b"a=b"), (b"retry-after", b"1"))


def test_a_subclass_keeps_its_class_whatever_the_cause() -> None:
    cause = TimeoutError()
    failure = NotFound(cause=cause)
    assert type(failure) is NotFound
    assert failure.__cause__ is cause


def test_an_error_without_a_cause_keeps_its_context() -> None:
    def fail() -> None:
        try:
            raise KeyError("inner")
        except KeyError:
            raise NotFound  # noqa: B904 # the implicit context is what is tested

    with pytest.raises(NotFound) as caught:
        fail()
    assert isinstance(caught.value.__context__, KeyError)
    assert caught.value.__suppress_context__ is False


def test_it_is_picklable() -> None:
    error = pickle.loads(pickle.dumps(HTTPRedirect("go", code=307, location="/x")))
    assert (str(error), error.code, error.fields) == ("go", 307, ((b"location", b"/x"),))


def test_names_that_nggit_tremolo_has() -> None:
    assert exceptions.ASGIConnectionError is exceptions.ClientDisconnected
    assert issubclass(exceptions.ASGIConnectionError, OSError)
    for name in ("ASGIException", "LifespanError", "LifespanProtocolUnsupported"):
        assert not hasattr(exceptions, name)
