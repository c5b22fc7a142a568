import httpx
import pytest

from tremolo.testing import Client, Misbehaviour, WebSocketRefused
from tremolo.testing.websocket_handshake import HandshakeTerms, check_acceptance
from tremolo_core import AcceptWebSocket, EndOfMessage, Headers, InformationalResponse, Response
from tremolo_transport.exchange import Exchange

from .handlers import hello
from .websocket_handlers import echo_messages, echo_on

pytestmark = pytest.mark.anyio


async def test_it_is_what_a_browser_sends() -> None:
    seen: dict[bytes, bytes] = {}

    async def handler(exchange: Exchange) -> None:
        seen.update(exchange.request.headers)
        await echo_messages(exchange)

    async with (
        Client(handler, cookies={"a": "b"}) as client,
        client.websocket("/chat", headers={"origin": "http://testserver"}, params={"x": "1"}),
    ):
        pass
    assert seen[b"connection"] == b"Upgrade"
    assert seen[b"upgrade"] == b"websocket"
    assert seen[b"sec-websocket-version"] == b"13"
    assert seen[b"cookie"] == b"a=b"
    assert seen[b"origin"] == b"http://testserver"
    assert b"sec-websocket-protocol" not in seen
    assert b"sec-websocket-extensions" not in seen


async def test_a_field_of_the_tests_own() -> None:
    async with Client(echo_messages) as client:
        with pytest.raises(WebSocketRefused) as caught:
            async with client.websocket("/chat", headers={"Sec-WebSocket-Version": "8"}):
                pytest.fail("it was accepted")  # pragma: no cover
    assert caught.value.response.status_code == 426
    assert caught.value.response.headers["sec-websocket-version"] == "13"


async def test_a_refusal_can_be_read() -> None:
    async with Client(hello) as client:
        with pytest.raises(WebSocketRefused, match=r"http://testserver/chat .* 200") as caught:
            async with client.websocket("/chat"):
                pytest.fail("it was accepted")  # pragma: no cover
    assert caught.value.response.text == "Hello world!"


async def test_interim_answers_are_passed_over() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(InformationalResponse(status=103), AcceptWebSocket())
        await echo_on(exchange)

    async with Client(handler) as client, client.websocket("/chat") as websocket:
        assert websocket.response.status_code == 101


async def test_cookies_are_kept() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket(headers=Headers(((b"set-cookie", b"a=b"),))))
        await echo_on(exchange)

    async with Client(handler) as client:
        async with client.websocket("/chat"):
            pass
        assert client.cookies["a"] == "b"


@pytest.mark.parametrize(("url", "scheme"), [("ws://x/", "http"), ("wss://x/", "https")])
async def test_the_scheme(url: str, scheme: str) -> None:
    seen = []

    async def handler(exchange: Exchange) -> None:
        seen.append(exchange.peer.scheme)
        await echo_messages(exchange)

    async with Client(handler) as client, client.websocket(url):
        pass
    assert seen == [scheme]


async def test_no_answer() -> None:
    async def handler(exchange: Exchange) -> None:
        raise ValueError("that is why")

    async with Client(handler) as client:
        with pytest.raises(ValueError, match="that is why"):
            async with client.websocket("/chat"):
                pytest.fail("it was accepted")  # pragma: no cover
    async with Client(handler, raise_server_exceptions=False) as client:
        with pytest.raises(WebSocketRefused) as caught:
            async with client.websocket("/chat"):
                pytest.fail("it was accepted")  # pragma: no cover
    assert caught.value.response.status_code == 500


async def test_the_end_of_the_connection_for_an_answer() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.send(Response(status=200))
        await exchange.send(EndOfMessage())

    async with Client(handler) as client:
        wire = await client.harness.connect()
        await wire.aclose()
        with pytest.raises(WebSocketRefused):
            async with client.websocket("/chat"):
                pytest.fail("it was accepted")  # pragma: no cover


ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""What RFC 6455 1.3 has for its key."""


def answer(**fields: str) -> httpx.Response:
    fields = {"upgrade": "websocket", "connection": "Upgrade"} | fields
    names = {name.replace("_", "-"): text for name, text in fields.items()}
    return httpx.Response(101, headers=names, request=httpx.Request("GET", "http://x/"))


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (answer(upgrade="h2c"), "switched to 'h2c'"),
        (answer(upgrade=""), "switched to ''"),
        (answer(connection="close"), "not said that it upgrades"),
        (answer(), "answered the key with None"),
        (answer(sec_websocket_accept="x"), "answered the key with 'x'"),
        (
            answer(sec_websocket_accept=ACCEPTED, sec_websocket_protocol="chat"),
            "the subprotocol 'chat', which nobody",
        ),
        (
            answer(sec_websocket_accept=ACCEPTED, sec_websocket_extensions="x"),
            "accepted an extension",
        ),
    ],
)
def test_an_acceptance_that_is_wrong(response: httpx.Response, text: str) -> None:
    with pytest.raises(Misbehaviour, match=text):
        check_acceptance(response, "dGhlIHNhbXBsZSBub25jZQ==", HandshakeTerms())
