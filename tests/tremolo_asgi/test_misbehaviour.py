"""Applications that do it wrong: the error that each gets, and what its client sees of it."""

import logging
from typing import Any

import pytest

from tremolo.testing import Client
from tremolo_asgi import IncompleteResponse, MessageError
from tremolo_core import LocalProtocolError

pytestmark = pytest.mark.anyio

START = {"type": "http.response.start", "status": 200}
BODY = {"type": "http.response.body", "body": b"abc"}
PIECE = {**BODY, "more_body": True}
TRAILERS = {"type": "http.response.trailers", "headers": []}
ACCEPT = {"type": "websocket.accept"}
SEND = {"type": "websocket.send", "text": "a"}
CLOSE = {"type": "websocket.close"}
DENY = {"type": "websocket.http.response.start", "status": 401}
DENIAL = {"type": "websocket.http.response.body", "body": b"no"}


def start(*headers: Any, **members: Any) -> dict[str, Any]:
    return {**START, "headers": headers, **members}


def length(size: bytes) -> dict[str, Any]:
    return start((b"content-length", size))


WRONG = MessageError
LOCAL = LocalProtocolError
SHORT = IncompleteResponse

BODY_DUE = "'http.response.body' or 'http.response.pathsend' or 'http.response.zerocopysend' is due"
MORE_BODY_DUE = "'http.response.body' or 'http.response.zerocopysend' is due"
HANDSHAKE_DUE = "'websocket.accept' or 'websocket.close' or 'websocket.http.response.start' is due"
FRAMES_DUE = "'websocket.send' or 'websocket.close' is due"
START_DUE = "'http.response.start' or 'http.response.early_hint' is due"

HTTP: dict[str, tuple[list[Any], type[Exception], str, int | None]] = {
    # What it sends, the error, its text, and the answer's status; None for one that breaks off.
    "nothing": ([], SHORT, "the application returned before http.response.start", 500),
    "a head alone": ([START], SHORT, "the application returned after http.response.start", 500),
    "no end": ([START, PIECE], SHORT, "the application returned within the response's body", None),
    "no dict": (["x"], WRONG, "a message must be a dict, not str", 500),
    "None": ([None], WRONG, "a message must be a dict, not None", 500),
    "no type": ([{}], WRONG, f"None was sent before http.response.start, where {START_DUE}", 500),
    "another type": (
        [{"type": "http.response.zap"}],
        WRONG,
        f"'http.response.zap' was sent before http.response.start, where {START_DUE}",
        500,
    ),
    "a message of WebSocket": (
        [ACCEPT],
        WRONG,
        f"'websocket.accept' was sent before http.response.start, where {START_DUE}",
        500,
    ),
    "a message that is received": (
        [{"type": "http.request"}],
        WRONG,
        f"'http.request' was sent before http.response.start, where {START_DUE}",
        500,
    ),
    "a body first": (
        [BODY],
        WRONG,
        f"'http.response.body' was sent before http.response.start, where {START_DUE}",
        500,
    ),
    "two heads": (
        [START, START],
        WRONG,
        f"'http.response.start' was sent after http.response.start, where {BODY_DUE}",
        500,
    ),
    "a head within the body": (
        [START, PIECE, START],
        WRONG,
        f"'http.response.start' was sent within the response's body, where {MORE_BODY_DUE}",
        None,
    ),
    "trailers that were not announced": (
        [START, PIECE, TRAILERS],
        WRONG,
        f"'http.response.trailers' was sent within the response's body, where {MORE_BODY_DUE}",
        None,
    ),
    "trailers that are not wanted": (
        [start(trailers=True)],
        WRONG,
        "'trailers' were announced, which this scope's extensions do not offer",
        500,
    ),
    "a body after the end": (
        [START, BODY, BODY],
        WRONG,
        "'http.response.body' was sent after the complete response: nothing may follow",
        200,
    ),
    "no status": (
        [{"type": "http.response.start"}],
        WRONG,
        "'status' of 'http.response.start' must be an int, not None",
        500,
    ),
    "a status of text": (
        [{**START, "status": "200"}],
        WRONG,
        "'status' of 'http.response.start' must be an int, not str",
        500,
    ),
    "headers of text": (
        [start(("a", "b"))],
        WRONG,
        "field 0 of 'http.response.start' must be a pair of bytes, not of str and str",
        500,
    ),
    "headers that are None": (
        [{**START, "headers": None}],
        WRONG,
        "'headers' of 'http.response.start' must be iterable, not None",
        500,
    ),
    "a body of text": (
        [START, {**BODY, "body": "abc"}],
        WRONG,
        "'body' of 'http.response.body' must be bytes, not str",
        500,
    ),
    "a body that is None": (
        [START, {**BODY, "body": None}],
        WRONG,
        "'body' of 'http.response.body' must be bytes, not None",
        500,
    ),
    "an informational status": ([{**START, "status": 103}, BODY], LOCAL, "200 to 599", 500),
    "a status beyond all": ([{**START, "status": 600}, BODY], LOCAL, "200 to 599", 500),
    "a line feed in a value": (
        [start((b"a", b"b\r\nc: d")), BODY],
        LOCAL,
        "has a control byte",
        500,
    ),
    "a name that is none": ([start((b"a b", b"c")), BODY], LOCAL, "field", 500),
    "too much in one piece": ([length(b"2"), BODY], LOCAL, "3 bytes of body where only 2", 500),
    "too little in one piece": ([length(b"5"), BODY], LOCAL, "ends 2 bytes before", 500),
    "too much in two": ([length(b"5"), PIECE, BODY], LOCAL, "3 bytes of body where only 2", None),
    "too little in two": ([length(b"9"), PIECE, BODY], LOCAL, "ends 3 bytes before", None),
    "a length that is none": ([length(b"x"), BODY], LOCAL, "ength", 500),
    "a body for 204": ([{**START, "status": 204}, BODY], LOCAL, "204 or 304", 500),
}


@pytest.mark.parametrize(("messages", "error", "text", "status"), HTTP.values(), ids=HTTP)
async def test_over_http(
    messages: list[Any],
    error: type[Exception],
    text: str,
    status: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        for message in messages:
            await send(message)

    with caplog.at_level(logging.CRITICAL, "tremolo"):
        async with (
            Client(app, raise_server_exceptions=False) as client,
            client.connection() as wire,
        ):
            await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            if status is None:
                with pytest.raises(Exception, match=r"."):
                    await wire.receive_response()
            else:
                assert (await wire.receive_response()).status == status
                # What was sent and refused leaves no trace on the connection.
                await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert (await wire.receive_response()).status == status
    async with Client(app) as client:
        with pytest.raises(Exception, match=r".") as caught:
            await client.get("/")
    assert type(caught.value) is error
    assert text in str(caught.value)


WEBSOCKET: dict[str, tuple[list[Any], type[Exception], str, int | None]] = {
    # The last is the status of the answer; None for one that was accepted, and is closed with 1011.
    "nothing": ([], SHORT, "the application returned before websocket.accept", 500),
    "a message first": (
        [SEND],
        WRONG,
        f"'websocket.send' was sent before websocket.accept, where {HANDSHAKE_DUE}",
        500,
    ),
    "an answer of HTTP": (
        [START],
        WRONG,
        f"'http.response.start' was sent before websocket.accept, where {HANDSHAKE_DUE}",
        500,
    ),
    "two acceptances": (
        [ACCEPT, ACCEPT],
        WRONG,
        f"'websocket.accept' was sent while the WebSocket is open, where {FRAMES_DUE}",
        None,
    ),
    "a refusal behind the acceptance": (
        [ACCEPT, DENY],
        WRONG,
        f"'websocket.http.response.start' was sent while the WebSocket is open, where {FRAMES_DUE}",
        None,
    ),
    "an acceptance behind the refusal": (
        [CLOSE, ACCEPT],
        WRONG,
        "'websocket.accept' was sent after the complete response: nothing may follow",
        403,
    ),
    "an acceptance within it": (
        [DENY, ACCEPT],
        WRONG,
        f"'websocket.accept' was sent after {DENY['type']}, where '{DENIAL['type']}' is due",
        500,
    ),
    "a refusal without an end": (
        [DENY],
        SHORT,
        "the application returned after websocket.http.response.start",
        500,
    ),
    "more behind a refusal": (
        [DENY, DENIAL, DENIAL],
        WRONG,
        "'websocket.http.response.body' was sent after the complete response: nothing may follow",
        401,
    ),
    "a message of neither kind": (
        [ACCEPT, {"type": "websocket.send"}],
        WRONG,
        "'websocket.send' must have one of 'text' and 'bytes'",
        None,
    ),
    "a message of both kinds": (
        [ACCEPT, {**SEND, "bytes": b"a"}],
        WRONG,
        "'websocket.send' must have one of 'text' and 'bytes'",
        None,
    ),
    "bytes as text": (
        [ACCEPT, {"type": "websocket.send", "text": b"a"}],
        WRONG,
        "'text' of 'websocket.send' must be a str, not bytes",
        None,
    ),
    "half of a surrogate pair": (
        [ACCEPT, {**SEND, "text": "\ud800"}],
        LOCAL,
        "half of a surrogate pair",
        None,
    ),
    "a subprotocol that was not offered": (
        [{**ACCEPT, "subprotocol": "chat"}],
        LOCAL,
        "the client did not offer the subprotocol b'chat'",
        500,
    ),
    "a field that follows from the handshake": (
        [{**ACCEPT, "headers": [(b"upgrade", b"x")]}],
        LOCAL,
        "follows from what is accepted",
        500,
    ),
    "a code that cannot be sent": (
        [ACCEPT, {**CLOSE, "code": 1005}],
        LOCAL,
        "a close code is 1000 to 1003",
        None,
    ),
    "a reason that is too long": (
        [ACCEPT, {**CLOSE, "reason": "a" * 124}],
        LOCAL,
        "a reason has at most 123 bytes, not 124",
        None,
    ),
}


@pytest.mark.parametrize(("messages", "error", "text", "status"), WEBSOCKET.values(), ids=WEBSOCKET)
async def test_over_websocket(
    messages: list[Any],
    error: type[Exception],
    text: str,
    status: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    raised: list[Exception] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        await receive()
        try:
            for message in messages:
                await send(message)
        except Exception as error:
            raised.append(error)
            raise

    with caplog.at_level(logging.ERROR, "tremolo"):
        async with Client(app, raise_server_exceptions=False) as client:
            if status is None:
                async with client.websocket("/") as websocket:
                    assert [message async for message in websocket] == []
                    assert websocket.close_code == 1011
            else:
                with pytest.raises(Exception, match=r".") as refused:
                    async with client.websocket("/"):
                        raise AssertionError("it was accepted")
                assert str(status) in str(refused.value)
    if error is not SHORT:
        [one] = raised
        assert type(one) is error
        assert text in str(one)
    else:
        assert text in caplog.text


async def test_receiving_behind_the_end_of_a_websocket() -> None:
    raised: list[Exception] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "websocket"
        await receive()
        await send(ACCEPT)
        assert (await receive())["type"] == "websocket.disconnect"
        with pytest.raises(MessageError) as caught:
            await receive()
        raised.append(caught.value)
        with pytest.raises(OSError, match=r"closed|left"):
            await send(SEND)

    async with Client(app) as client, client.websocket("/"):
        pass
    assert str(raised[0]) == (
        "receive() was called after websocket.disconnect, when nothing follows"
    )
