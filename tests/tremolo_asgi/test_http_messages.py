"""Each message of HTTP by itself: what it becomes, and how a wrong one is refused."""

from tempfile import TemporaryFile
from typing import Any

import pytest

from tests.cases import for_each
from tremolo_asgi import MessageError
from tremolo_asgi.http_messages import (
    Progress,
    announces_trailers,
    declared_length,
    measured,
    must_be_due,
    next_events,
    read_file_part,
    read_links,
    read_path,
    read_trailers,
    received,
)
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Request,
    Response,
)

START = "http.response.start"
BODY = "http.response.body"
END = EndOfMessage()


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Data(data=b"abc"), {"type": "http.request", "body": b"abc", "more_body": True}),
        (EndOfMessage(), {"type": "http.request", "body": b"", "more_body": False}),
        (
            EndOfMessage(trailers=Headers([(b"a", b"b")])),
            {"type": "http.request", "body": b"", "more_body": False},
        ),
        (ConnectionClosed(), {"type": "http.disconnect"}),
    ],
)
def test_an_event_becomes_a_message(event: Event, message: object) -> None:
    assert received(event) == message


def test_a_message_can_be_changed_by_who_gets_it() -> None:
    message: Any = received(ConnectionClosed())
    message.clear()
    assert received(ConnectionClosed()) == {"type": "http.disconnect"}


@pytest.mark.parametrize(
    "event",
    [
        Request(method=b"GET", target=b"/", headers=Headers()),
        Response(status=200),
        InformationalResponse(status=100),
    ],
)
def test_an_exchange_that_breaks_its_promise_is_noticed(event: Event) -> None:
    with pytest.raises(AssertionError, match=type(event).__name__):
        received(event)


EARLY_HINT = "http.response.early_hint"
PATHSEND = "http.response.pathsend"
TRAILERS = "http.response.trailers"
ZEROCOPYSEND = "http.response.zerocopysend"

DUE: dict[Progress, list[str]] = {
    Progress.NOTHING: [START, EARLY_HINT],
    Progress.HEAD: [BODY, PATHSEND, ZEROCOPYSEND],
    Progress.BODY: [BODY, ZEROCOPYSEND],
    Progress.TRAILERS: [TRAILERS],
    Progress.COMPLETE: [],
}
EXTENSIONS = (EARLY_HINT, PATHSEND, TRAILERS, ZEROCOPYSEND)
KINDS = [START, BODY, *EXTENSIONS, "http.request", "websocket.send", None, 7]


@for_each("progress", Progress)
@for_each("kind", KINDS)
def test_only_what_is_due_may_be_sent(progress: Progress, kind: Any) -> None:
    if kind in DUE[progress]:
        must_be_due(kind, progress, EXTENSIONS)
        return
    with pytest.raises(MessageError) as caught:
        must_be_due(kind, progress, EXTENSIONS)
    due = " or ".join(map(repr, DUE[progress]))
    said = f", where {due} is due" if due else ": nothing may follow"
    assert str(caught.value) == f"{kind!r} was sent {progress.value}{said}"


@for_each("progress", Progress)
@for_each("kind", KINDS)
def test_an_extension_is_due_only_where_it_is_offered(progress: Progress, kind: Any) -> None:
    if kind in DUE[progress] and kind not in EXTENSIONS:
        must_be_due(kind, progress, ())
        return
    with pytest.raises(MessageError) as caught:
        must_be_due(kind, progress, ())
    if kind in DUE[progress]:
        assert str(caught.value) == f"{kind!r} was sent, which this scope's extensions do not offer"
    assert all(repr(name) not in str(caught.value) for name in EXTENSIONS if name != kind)


def test_a_start_may_announce_trailers_where_they_are_offered() -> None:
    message = {"type": START, "status": 200, "trailers": True}
    assert announces_trailers(message, (TRAILERS,))
    with pytest.raises(MessageError, match="'trailers' were announced, which this scope's"):
        announces_trailers(message, (EARLY_HINT,))
    assert not announces_trailers({**message, "trailers": False}, ())


@pytest.mark.parametrize(
    ("body", "more", "events"),
    [
        (b"", True, ()),
        (b"", False, (END,)),
        (b"abc", True, (Data(data=b"abc"),)),
        (b"abc", False, (Data(data=b"abc"), END)),
    ],
)
def test_a_piece_becomes_events(body: bytes, more: bool, events: tuple[Event, ...]) -> None:
    assert next_events(None, body, more=more, method=b"GET") == events


@pytest.mark.parametrize("body", [b"", b"abc"])
def test_the_first_of_several_pieces_has_the_head_with_it(body: bytes) -> None:
    given = Response(status=200)
    data = (Data(data=body),) if body else ()
    assert next_events(given, body, more=True, method=b"GET") == (Response(status=200), *data)


def head(status: int = 200, **fields: bytes) -> Response:
    named = [(name.replace("_", "-").encode(), value) for name, value in fields.items()]
    return Response(status=status, headers=Headers(named))


@pytest.mark.parametrize(
    ("given", "method", "body", "sent"),
    [
        (head(), b"GET", b"abc", head(content_length=b"3")),
        (head(), b"GET", b"", head(content_length=b"0")),
        (head(404, a=b"b"), b"POST", b"x", head(404, a=b"b", content_length=b"1")),
        (head(content_length=b"3"), b"GET", b"abc", head(content_length=b"3")),
        (head(content_length=b"9"), b"GET", b"abc", head(content_length=b"9")),
        (head(204), b"GET", b"", head(204)),
        (head(304), b"GET", b"", head(304)),
        (head(), b"HEAD", b"", head()),
        (head(), b"HEAD", b"abc", head(content_length=b"3")),
        (head(content_length=b"3"), b"HEAD", b"", head(content_length=b"3")),
    ],
)
def test_an_answer_in_one_piece_says_its_length(
    given: Response, method: bytes, body: bytes, sent: Response
) -> None:
    data = (Data(data=body),) if body else ()
    assert next_events(given, body, more=False, method=method) == (sent, *data, END)


def test_a_length_that_was_declared_is_left_as_it_is() -> None:
    declared = Response(status=200, headers=Headers([(b"content-length", b"9")]))
    assert measured(declared, 3, method=b"GET") is declared


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ([], None),
        ([(b"content-length", b"12")], 12),
        ([(b"content-length", b"x")], None),
        ([(b"content-length", b"1"), (b"content-length", b"2")], None),
    ],
)
def test_what_a_head_declares(fields: Any, length: int | None) -> None:
    assert declared_length(Response(status=200, headers=Headers(fields))) == length


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({}, (Headers(), False)),
        ({"headers": [(b"A", b"b")]}, (Headers([(b"a", b"b")]), False)),
        ({"headers": [], "more_trailers": True}, (Headers(), True)),
    ],
)
def test_trailers(message: dict[str, Any], read: object) -> None:
    assert read_trailers({"type": TRAILERS, **message}) == read


def test_links() -> None:
    message = {"type": EARLY_HINT, "links": [b"</a>; rel=preload", bytearray(b"</b>")]}
    fields = Headers([(b"link", b"</a>; rel=preload"), (b"link", b"</b>")])
    assert read_links(message) == InformationalResponse(status=103, headers=fields)
    assert read_links({"type": EARLY_HINT}) == InformationalResponse(status=103)


@pytest.mark.parametrize(
    ("links", "text"),
    [
        (b"</a>", "'links' of 'http.response.early_hint' must be a list, not bytes"),
        (["</a>"], "'links' of 'http.response.early_hint' must be bytes, not str"),
    ],
)
def test_wrong_links_are_refused(links: object, text: str) -> None:
    with pytest.raises(MessageError, match=text):
        read_links({"type": EARLY_HINT, "links": links})


def test_a_path_is_absolute_text() -> None:
    assert read_path({"type": PATHSEND, "path": "/a/b"}) == "/a/b"
    with pytest.raises(
        MessageError, match=r"'path' of 'http\.response\.pathsend' must be absolute"
    ):
        read_path({"type": PATHSEND, "path": "a/b"})
    with pytest.raises(MessageError, match="must be a str, not bytes"):
        read_path({"type": PATHSEND, "path": b"/a/b"})


def test_a_part_of_a_file() -> None:
    part = read_file_part({"type": ZEROCOPYSEND, "file": 5})
    assert (part.file, part.offset, part.count, part.more) == (5, None, None, False)
    with TemporaryFile() as file:
        message = {"type": ZEROCOPYSEND, "file": file, "offset": 1, "count": 2, "more_body": True}
        part = read_file_part(message)
        assert (part.file, part.offset, part.count, part.more) == (file, 1, 2, True)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"file": None}, "'file' of 'http.response.zerocopysend' must be an open file, not None"),
        ({"file": True}, "must be an open file, not bool"),
        ({"file": "/etc/hosts"}, "must be an open file, not str"),
        ({"file": 5, "offset": -1}, "'offset' of .* must be a number of bytes, not -1"),
        ({"file": 5, "count": "1"}, "'count' of .* must be a number of bytes, not '1'"),
        ({"file": 5, "count": True}, "'count' of .* must be a number of bytes, not True"),
    ],
)
def test_a_wrong_part_of_a_file_is_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(MessageError, match=text):
        read_file_part({"type": ZEROCOPYSEND, **wrong})
