import h11
import pytest

from tremolo.testing.request_writer import chunk, head, is_chunked, kept_head
from tremolo_core import LocalProtocolError


def test_a_head_is_what_h11_reads() -> None:
    server = h11.Connection(h11.SERVER)
    server.receive_data(head("POST", b"/a?b=c", [(b"Host", b"a"), (b"Content-Length", b"0")]))
    request = server.next_event()
    assert isinstance(request, h11.Request)
    assert (request.method, request.target) == (b"POST", b"/a?b=c")
    assert list(request.headers) == [(b"host", b"a"), (b"content-length", b"0")]


def test_chunks_are_what_h11_reads() -> None:
    server = h11.Connection(h11.SERVER)
    fields = [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")]
    server.receive_data(head("POST", b"/", fields) + chunk(b"x" * 300) + chunk(b""))
    events = [server.next_event() for _ in range(3)]
    assert isinstance(events[1], h11.Data)
    assert events[1].data == b"x" * 300
    assert isinstance(events[2], h11.EndOfMessage)


@pytest.mark.parametrize("crack", [b"\r\nInjected: yes", b"\n", b"\r"])
def test_a_line_is_one_line(crack: bytes) -> None:
    with pytest.raises(LocalProtocolError, match="line break"):
        head("GET", b"/", [(b"Host", b"a" + crack)])
    with pytest.raises(LocalProtocolError, match="line break"):
        head("GET", b"/" + crack, [(b"Host", b"a")])


def test_whatever_else_is_wrong_is_the_servers_to_say() -> None:
    assert head("get it", b" ", [(b"", b"\0")]) == b"get it   HTTP/1.1\r\n: \0\r\n\r\n"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"Transfer-Encoding", b"chunked", True),
        (b"transfer-encoding", b"gzip, Chunked", True),
        (b"Transfer-Encoding", b"gzip", False),
        (b"Content-Length", b"0", False),
    ],
)
def test_it_is_known_whether_chunks_are_due(name: bytes, value: bytes, expected: bool) -> None:
    assert is_chunked([(b"Host", b"a"), (name, value)]) is expected


def test_a_head_that_is_kept_is_the_one_that_was_written() -> None:
    for fields in (((b"Host", b"a"),), ((b"Host", b"a"), (b"Transfer-Encoding", b"chunked"))):
        for method, target in (("GET", b"/"), ("POST", b"/"), ("GET", b"/a")):
            for _ in range(2):
                expected = (head(method, target, fields), is_chunked(fields))
                assert kept_head(method, target, fields) == expected
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="line break"):
            kept_head("GET", b"/", ((b"Host", b"\n"),))
