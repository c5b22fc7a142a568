import pytest

from tremolo_core.errors import LocalProtocolError
from tremolo_core.events import EndOfMessage, InformationalResponse, Request, Signal
from tremolo_core.h11_client import H11Client
from tremolo_core.headers import Headers

HOST = Headers(((b"host", b"a"),))


def asking(headers: Headers = HOST) -> H11Client:
    client = H11Client()
    client.send(Request(method=b"GET", target=b"/", headers=headers))
    client.send(EndOfMessage())
    return client


def test_what_is_written() -> None:
    client = H11Client()
    raw = client.send(Request(method=b"GET", target=b"/", headers=HOST))
    assert raw.lower() == b"get / http/1.1\r\nhost: a\r\n\r\n"
    assert client.send(EndOfMessage()) == b""


def test_what_h11_does_not_let_be_sent() -> None:
    with pytest.raises(LocalProtocolError):
        H11Client().send(Request(method=b"GET", target=b"/", headers=Headers()))


def test_whether_it_may_go_on() -> None:
    assert not asking().may_go_on
    client = asking()
    client.receive_data(b"HTTP/1.1 204 No Content\r\n\r\nrest")
    client.next_event()
    assert isinstance(client.next_event(), EndOfMessage)
    assert bool(client.may_go_on)
    assert client.rest == b"rest"
    assert client.next_event() is Signal.PAUSED


def test_what_is_behind_a_switch() -> None:
    fields = Headers((*HOST, (b"connection", b"upgrade"), (b"upgrade", b"x")))
    client = asking(fields)
    client.receive_data(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nrest"
    )
    assert isinstance(client.next_event(), InformationalResponse)
    assert client.rest == b"rest"
    assert not client.may_go_on
