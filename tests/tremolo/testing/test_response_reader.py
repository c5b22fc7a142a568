import pytest

from tremolo.testing.response_reader import ResponseReader
from tremolo_core import (
    ConnectionClosed,
    Data,
    EndOfMessage,
    Headers,
    InformationalResponse,
    RemoteProtocolError,
    Response,
    Signal,
)
from tremolo_core.h11_client import HttpEvent


def read(reader: ResponseReader, data: bytes, *, eof: bool = False) -> list[HttpEvent]:
    """All events that `data` makes, up to the end of the answer."""
    events: list[HttpEvent] = []
    if data:
        reader.receive_data(data)
    if eof:
        reader.receive_eof()
    while not reader.complete:
        event = reader.next_event()
        if isinstance(event, Signal):
            break
        events.append(event)
    return events


def test_an_answer_of_known_length() -> None:
    reader = ResponseReader("GET")
    events = read(reader, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 ")
    assert events == [
        Response(status=200, headers=Headers(((b"content-length", b"2"),)), reason=b"OK"),
        Data(data=b"ok"),
        EndOfMessage(),
    ]
    assert reader.rest == b"HTTP/1.1 404 "
    assert reader.may_go_on


def test_an_answer_in_chunks_with_trailers() -> None:
    reader = ResponseReader("GET")
    read(reader, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    assert read(reader, b"0\r\nA: b\r\n\r\n") == [EndOfMessage(trailers=Headers(((b"a", b"b"),)))]
    assert reader.rest == b""


def test_an_answer_to_head_has_no_body() -> None:
    reader = ResponseReader("HEAD")
    events = read(reader, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    assert isinstance(events[-1], EndOfMessage)


def test_an_answer_up_to_the_end_of_the_connection() -> None:
    reader = ResponseReader("GET")
    assert len(read(reader, b"HTTP/1.0 200 OK\r\n\r\nall")) == 2
    assert read(reader, b"", eof=True) == [EndOfMessage()]
    assert not reader.may_go_on


def test_an_answer_that_is_the_last_says_so() -> None:
    reader = ResponseReader("GET")
    read(reader, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    assert reader.complete
    assert not reader.may_go_on


def test_interim_answers_come_before_it() -> None:
    reader = ResponseReader("GET")
    events = read(
        reader, b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    )
    assert events[0] == InformationalResponse(
        status=103, headers=Headers(((b"link", b"a"),)), reason=b"Early Hints"
    )
    assert [type(event) for event in events[1:]] == [Response, EndOfMessage]


def test_it_is_known_whether_anything_has_come() -> None:
    assert not ResponseReader("GET").begun
    reader = ResponseReader("GET")
    read(reader, b"H")
    assert reader.begun


def test_behind_a_switch_of_protocols_comes_no_http() -> None:
    reader = ResponseReader("GET")
    events = read(
        reader,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x00",
    )
    assert [type(event) for event in events] == [InformationalResponse]
    assert reader.complete
    assert reader.rest == b"\x81\x00"
    assert not reader.may_go_on


@pytest.mark.parametrize(
    "data",
    [
        b"200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    ],
)
def test_what_is_not_http_is_the_servers_fault(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="the server broke the rules"):
        read(ResponseReader("GET"), data)


@pytest.mark.parametrize(
    "data", [b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"]
)
def test_an_answer_that_breaks_off_is_too(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="the server broke the rules"):
        read(ResponseReader("GET"), data, eof=True)


def test_an_end_between_answers_is_an_end() -> None:
    reader = ResponseReader("GET")
    read(reader, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    reader.receive_eof()
    assert reader.next_event() == ConnectionClosed()
