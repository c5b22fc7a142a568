"""The answer that a peer gets who broke the rules."""

from tremolo_core.errors import RemoteProtocolError
from tremolo_core.events import Data, EndOfMessage, Response
from tremolo_core.headers import Headers
from tremolo_core.refusal import answer_to


def test_it_says_what_was_wrong() -> None:
    body = b"431 a head of more than 9 bytes\n"
    assert answer_to(RemoteProtocolError("a head of more than 9 bytes", status=431)) == (
        Response(
            status=431,
            headers=Headers(
                (
                    (b"content-type", b"text/plain; charset=utf-8"),
                    (b"content-length", b"%d" % len(body)),
                )
            ),
        ),
        Data(data=body),
        EndOfMessage(),
    )


def test_what_belongs_to_it_comes_first() -> None:
    fields = Headers(((b"sec-websocket-version", b"13"),))
    response, _, _ = answer_to(RemoteProtocolError("no", status=426, headers=fields))
    assert isinstance(response, Response)
    assert response.headers[:1] == fields
    assert len(response.headers) == 3


def test_it_is_ascii() -> None:
    _, data, _ = answer_to(RemoteProtocolError("caf\u00e9"))
    assert data == Data(data=b"400 caf?\n")
