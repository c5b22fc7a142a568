"""What may be sent through another server is what may be sent on a connection of ours."""

import pytest

from tremolo_asgi.guest_judge import GuestJudge
from tremolo_core import (
    AcceptWebSocket,
    CloseWebSocket,
    Data,
    EndOfMessage,
    Event,
    Headers,
    LocalProtocolError,
    Request,
    Response,
    TextMessage,
)

END = EndOfMessage()
SHORT = Response(status=200, headers=Headers([(b"content-length", b"2")]))


def judge(
    method: bytes = b"GET",
    *,
    upgrade: bytes | None = None,
    protocols: bytes = b"",
    http_version: bytes = b"1.1",
) -> GuestJudge:
    headers = Headers([(b"sec-websocket-protocol", protocols)] if protocols else ())
    return GuestJudge(
        Request(
            method=method,
            target=b"/",
            headers=headers,
            upgrade=upgrade,
            http_version=http_version,
        )
    )


@pytest.mark.parametrize("method", [b"GET", b"POST", b"HEAD", b"BREW", b"CONNECT"])
@pytest.mark.parametrize("http_version", [b"1.1", b"1.0"])
def test_an_answer(method: bytes, http_version: bytes) -> None:
    one = judge(method, http_version=http_version)
    started = [one.response_started]
    one.judge((SHORT,))
    assert [*started, one.response_started] == [False, True]
    one.judge((Data(data=b"ab"), END))
    with pytest.raises(LocalProtocolError):
        one.judge((END,))


@pytest.mark.parametrize(
    "events",
    [
        (END,),
        (Data(data=b"a"),),
        (SHORT, Data(data=b"abc")),
        (SHORT, END),
        (Response(status=200, headers=Headers([(b"a", b"b\r\nc")])),),
        (AcceptWebSocket(),),
        (TextMessage(text="a"),),
    ],
)
def test_what_may_not_be_sent(events: tuple[Event, ...]) -> None:
    one = judge()
    with pytest.raises(LocalProtocolError):
        one.judge(events)
    one.judge((SHORT, Data(data=b"ab"), END))


def test_a_websocket() -> None:
    one = judge(upgrade=b"websocket", protocols=b"soap, chat")
    with pytest.raises(LocalProtocolError):
        one.judge((AcceptWebSocket(subprotocol=b"other"),))
    seen = [one.open_websocket]
    one.judge((AcceptWebSocket(subprotocol=b"chat"), TextMessage(text="a")))
    seen.append(one.open_websocket)
    one.judge((CloseWebSocket(code=1000),))
    assert [*seen, one.open_websocket] == [False, True, False]
    with pytest.raises(LocalProtocolError):
        one.judge((TextMessage(text="a"),))


def test_a_websocket_that_is_refused() -> None:
    one = judge(upgrade=b"websocket", protocols=b"no token/, a")
    one.judge((Response(status=401), END))
    assert one.response_started
