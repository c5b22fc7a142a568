"""The client's side by itself, and joined to the server's."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core import (
    AcceptWebSocket,
    BytesMessage,
    ClientConnection,
    CloseWebSocket,
    Connection,
    ConnectionClosed,
    Data,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    LocalProtocolError,
    PerMessageDeflate,
    Ping,
    Pong,
    RemoteProtocolError,
    Request,
    Response,
    Signal,
    TextMessage,
    websocket_request,
)

pytestmark = pytest.mark.usefixtures("fast_path")

HOST = Headers(((b"host", b"a"),))
GET = Request(method=b"GET", target=b"/", headers=HOST)
END = EndOfMessage()
KEY = base64.b64decode(b"dGhlIHNhbXBsZSBub25jZQ==")
"""RFC 6455 1.3."""
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)


def heard(side: Connection | ClientConnection) -> list[Event]:
    """All events that one side knows of."""
    events: list[Event] = []
    while not isinstance(event := side.next_event(), Signal):
        events.append(event)
        if isinstance(event, ConnectionClosed):
            break
    return events


def pass_on(sender: Connection | ClientConnection, receiver: Connection | ClientConnection) -> None:
    if data := sender.data_to_send():
        receiver.receive_data(data)


def test_requests_and_answers() -> None:
    client, server = ClientConnection(), Connection()
    fields = Headers(((b"host", b"a"), (b"transfer-encoding", b"chunked")))
    post = Request(method=b"POST", target=b"/", headers=fields)
    for _ in range(3):
        client.send(post, Data(data=b"he"), Data(data=b"llo"), END)
        pass_on(client, server)
        request, *parts, end = heard(server)
        assert isinstance(request, Request)
        assert (request.method, request.target) == (b"POST", b"/")
        assert b"".join(part.data for part in parts if isinstance(part, Data)) == b"hello"
        assert end == END
        server.send(
            InformationalResponse(status=103),
            Response(status=200),
            Data(data=b"bye"),
            EndOfMessage(trailers=Headers(((b"x", b"y"),))),
        )
        pass_on(server, client)
        hints, response, data, end = heard(client)
        assert isinstance(hints, InformationalResponse)
        assert isinstance(response, Response)
        assert (hints.status, response.status) == (103, 200)
        assert data == Data(data=b"bye")
        assert end == EndOfMessage(trailers=Headers(((b"x", b"y"),)))
        client.start_next_cycle()
        server.start_next_cycle()


def test_the_end_of_the_connection() -> None:
    client = ClientConnection()
    client.send(GET, END)
    client.receive_data(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi")
    client.receive_eof()
    assert [type(event) for event in heard(client)] == [
        Response,
        Data,
        EndOfMessage,
        ConnectionClosed,
    ]
    with pytest.raises(LocalProtocolError):
        client.start_next_cycle()


def test_bytes_behind_the_answer_wait() -> None:
    client = ClientConnection()
    client.send(GET, END)
    client.receive_data(b"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 204 ")
    assert [type(event) for event in heard(client)] == [Response, EndOfMessage]
    assert client.next_event() is Signal.PAUSED


@pytest.mark.parametrize(
    "answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"]
)
def test_a_server_that_breaks_the_rules(answer: bytes) -> None:
    client = ClientConnection()
    client.send(GET, END)
    client.receive_data(answer)
    client.receive_eof()
    with pytest.raises(RemoteProtocolError, match="the server broke the rules"):
        heard(client)


@pytest.mark.parametrize(
    "events",
    [
        (END,),
        (GET, GET),
        (GET, Data(data=b"no body")),
        (Response(status=200),),
        (TextMessage(text="a"),),
    ],
)
def test_what_a_client_may_not_send(events: tuple[Event, ...]) -> None:
    with pytest.raises(LocalProtocolError):
        ClientConnection().send(*events)


# WebSocket.


@pytest.mark.parametrize(
    "events",
    [
        (Ping(payload=bytes(126)),),
        (Pong(payload=bytes(126)),),
        (CloseWebSocket(code=1005),),
        (CloseWebSocket(code=99),),
        (CloseWebSocket(code=70_000),),
        (CloseWebSocket(reason="x" * 124),),
        (CloseWebSocket(code=None, reason="x"),),
        (TextMessage(text="\ud800"),),
        (TextMessage(text="a", final=False), BytesMessage(data=b"b")),
        (CloseWebSocket(), TextMessage(text="a")),
        (END,),
    ],
)
def test_what_a_client_may_not_send_in_a_frame(events: tuple[Event, ...]) -> None:
    client, _, _ = joined(AcceptWebSocket())
    with pytest.raises(LocalProtocolError):
        client.send(*events)


def test_messages_in_parts() -> None:
    client, server, _ = joined(AcceptWebSocket())
    client.send(TextMessage(text="a", final=False), Ping(), TextMessage(text="b"))
    client.send(BytesMessage(data=b"c"))
    pass_on(client, server)
    assert heard(server) == [TextMessage(text="ab"), BytesMessage(data=b"c")]


def joined(
    acceptance: AcceptWebSocket, *, subprotocols: tuple[bytes, ...] = (), compression: bool = False
) -> tuple[ClientConnection, Connection, AcceptWebSocket]:
    """Both sides of a WebSocket, and what the client was told of it."""
    client, server = ClientConnection(), Connection()
    request = websocket_request(
        b"/", HOST, key=KEY, subprotocols=subprotocols, compression=compression
    )
    client.send(request, END)
    pass_on(client, server)
    (asked, _) = heard(server)
    assert isinstance(asked, Request)
    assert asked.upgrade == b"websocket"
    server.send(acceptance)
    pass_on(server, client)
    (accepted,) = heard(client)
    assert isinstance(accepted, AcceptWebSocket)
    return client, server, accepted


@pytest.mark.parametrize("compression", [False, True])
def test_messages_both_ways(compression: bool) -> None:
    acceptance = AcceptWebSocket(extensions=(PerMessageDeflate(),))
    client, server, accepted = joined(acceptance, compression=compression)
    assert (accepted.headers.get(b"sec-websocket-extensions") is not None) is compression
    for message in (
        TextMessage(text="é" * 500),
        BytesMessage(data=bytes(70_000)),
        TextMessage(text=""),
    ):
        client.send(message)
        pass_on(client, server)
        assert heard(server) == [message]
        server.send(message)
        pass_on(server, client)
        assert heard(client) == [message]


def test_pings_are_answered_on_both_sides() -> None:
    client, server, _ = joined(AcceptWebSocket(with_pings=True))
    server.send(Ping(payload=b"there?"))
    pass_on(server, client)
    assert heard(client) == []
    pass_on(client, server)
    assert heard(server) == [Pong(payload=b"there?")]
    client.send(Ping(payload=b"you?"))
    pass_on(client, server)
    pass_on(server, client)
    assert heard(client) == [Pong(payload=b"you?")]


def test_the_client_closes() -> None:
    client, server, _ = joined(AcceptWebSocket())
    client.send(CloseWebSocket(code=4000, reason="done"))
    pass_on(client, server)
    assert heard(server)[0] == CloseWebSocket(code=4000, reason="done")
    pass_on(server, client)
    client.receive_eof()
    assert heard(client) == [CloseWebSocket(code=4000), ConnectionClosed()]
    with pytest.raises(LocalProtocolError):
        client.send(TextMessage(text="too late"))


def test_the_server_closes() -> None:
    client, server, _ = joined(AcceptWebSocket())
    server.send(Ping(payload=b"a"), CloseWebSocket(code=1001))
    pass_on(server, client)
    assert heard(client) == [CloseWebSocket(code=1001)]
    assert client.next_event() is Signal.NEED_DATA
    pass_on(client, server)
    assert heard(server)[0] == CloseWebSocket(code=1001)


def test_both_close() -> None:
    client, server, _ = joined(AcceptWebSocket())
    client.send(CloseWebSocket(code=1000))
    server.send(Ping(), CloseWebSocket(code=1001))
    pass_on(server, client)
    assert heard(client) == [CloseWebSocket(code=1001)]
    pass_on(client, server)
    assert heard(server)[0] == CloseWebSocket(code=1000)


def test_the_server_vanishes() -> None:
    client, _, _ = joined(AcceptWebSocket())
    client.receive_eof()
    assert heard(client) == [ConnectionClosed()]


def test_a_subprotocol() -> None:
    _, _, accepted = joined(AcceptWebSocket(subprotocol=b"b"), subprotocols=(b"a", b"b"))
    assert accepted.subprotocol == b"b"


def test_frames_behind_the_acceptance() -> None:
    client = ClientConnection()
    client.send(websocket_request(b"/", HOST, key=KEY), END)
    client.receive_data(ACCEPTED + b"\r\n\x81\x02hi")
    accepted, message = heard(client)
    assert isinstance(accepted, AcceptWebSocket)
    assert message == TextMessage(text="hi")


def test_a_refusal() -> None:
    client = ClientConnection()
    client.send(websocket_request(b"/", HOST, key=KEY), END)
    client.receive_data(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    assert [type(event) for event in heard(client)] == [Response, EndOfMessage]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"Upgrade: websocket\r\n", b""),
        (b"Upgrade: websocket", b"Upgrade: h2c"),
        (b"Connection: Upgrade\r\n", b""),
        (b"Connection: Upgrade", b"Connection: close"),
        (b"\r\nSec-WebSocket-Accept", b"\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Accept"),
        (b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Protocol: a\r\nX-Accept: "),
        (b"\r\nUpgrade", b"\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\nUpgrade"),
    ],
)
def test_an_acceptance_that_is_none(right: bytes, wrong: bytes) -> None:
    client = ClientConnection()
    client.send(websocket_request(b"/", HOST, key=KEY, subprotocols=(b"a", b"b")), END)
    assert right in ACCEPTED
    client.receive_data(ACCEPTED.replace(right, wrong) + b"\r\n")
    with pytest.raises(RemoteProtocolError, match="the server has"):
        client.next_event()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (b"", None),
        (b"Sec-WebSocket-Protocol: chat\r\n", "b'chat', not offered"),
        (b"Sec-WebSocket-Extensions: permessage-deflate\r\n", "not offered"),
    ],
)
def test_what_was_not_asked_for(fields: bytes, reason: str | None) -> None:
    client = ClientConnection()
    client.send(websocket_request(b"/", HOST, key=KEY if reason else bytes(16)), END)
    client.receive_data(ACCEPTED + fields + b"\r\n")
    with pytest.raises(RemoteProtocolError, match=reason or "answered the key"):
        client.next_event()


ANSWERS = st.lists(
    st.sampled_from(
        [
            *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 103 Early Hints\r\n", b"HTTP/1.0 204 \r\n"),
            *(
                b"Content-Length: 5\r\n",
                b"Transfer-Encoding: chunked\r\n",
                b"\r\n",
                b"5\r\nhello\r\n",
            ),
            *(b"0\r\n\r\n", ACCEPTED, ACCEPTED + b"\r\n", ACCEPTED + b"\r\n\x81\x02hi"),
            *(b"\x01\x01a", b"\x80\x00", b"\x89\x00", b"\x88\x02\x03\xe8", b"\x81\x01\xff"),
            *(
                b"Sec-WebSocket-Extensions: permessage-deflate%b\r\n" % parameters
                for parameters in (b"", b"; server_max_window_bits", b"; x", b";;", b"=9")
            ),
            *(b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", b"\xc2\x01\x07", b"\x88\x03\x03\xe8\xff"),
        ]
    )
    | st.binary(max_size=4),
    max_size=8,
)


@given(answers=ANSWERS, compression=st.booleans())
def test_whatever_a_server_says_it_is_right_or_its_fault(
    answers: list[bytes], compression: bool
) -> None:
    client = ClientConnection()
    client.send(websocket_request(b"/", HOST, key=KEY, compression=compression), END)
    try:
        for answer in filter(None, answers):
            client.receive_data(answer)
            heard(client)
        client.receive_eof()
        heard(client)
    except RemoteProtocolError:
        pass
