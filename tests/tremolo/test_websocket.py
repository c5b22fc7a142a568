"""WebSockets as handlers see them, with clients in memory on time that is the test's."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from tremolo import Request, Response, Tremolo, WebSocket
from tremolo.exceptions import WebSocketClientClosed, WebSocketException, WebSocketServerClosed
from tremolo.testing import Client, Clock, WebSocketClosed, WebSocketRefused
from tremolo.websocket_frames import create_frame
from tremolo_core import LocalProtocolError, PerMessageDeflate

pytestmark = pytest.mark.anyio


class Site:
    """An application with one WebSocket at `/`, and what its handler has noted."""

    def __init__(self, handler: Callable[[WebSocket, list[Any]], Any]) -> None:
        self.app = Tremolo()
        self.noted: list[Any] = []

        @self.app.websocket("/")
        async def serve(websocket: WebSocket) -> None:
            await handler(websocket, self.noted)

    def client(self, **options: Any) -> Client:
        return Client(self.app, **options)


async def echo(websocket: WebSocket, noted: list[Any]) -> None:
    async for message in websocket:
        await websocket.send(message)
    noted.append(websocket.close_code)
    noted.append(websocket.close_reason)


# Messages.


@pytest.mark.parametrize("message", ["", "ü", "x" * 100_000, b"", b"\0\xff", bytes(100_000)])
async def test_messages_come_back_as_they_are(message: str | bytes) -> None:
    async with Site(echo).client() as client, client.websocket("/") as session:
        await session.send(message)
        received = await session.receive()
        assert received == message
        assert type(received) is type(message)


async def test_a_message_in_fragments_is_one_message() -> None:
    async with Site(echo).client() as client, client.websocket("/") as session:
        await session.send(["a", "", "ü", "b"])
        await session.ping(b"in between")
        await session.send([b"\xff", b"\0"])
        assert [await session.receive(), await session.receive()] == ["aüb", b"\xff\0"]


async def test_messages_may_be_sent_in_fragments() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.send("a", fin=0)
        await websocket.ping("still there?")
        await websocket.send("b", fin=False)
        await websocket.send(b"c", opcode=1)
        await websocket.send(b"1", fin=0)
        with pytest.raises(LocalProtocolError):
            await websocket.send("2")
        await websocket.send(bytearray(b"2"), fin=True)
        await websocket.send("3", opcode=2)

    async with Site(handler).client() as client, client.websocket("/") as session:
        assert [message async for message in session] == ["abc", b"12", b"3"]
        assert session.close_code == 1000


async def test_fragments_are_received_as_they_come() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept(by_fragment=True)
        while not noted or not noted[-1][1]:
            part = await websocket.recv()
            noted.append((part, websocket.fin, websocket.opcode))
            await websocket.send("go on")
        noted.append(await websocket.receive())

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        for part, final in (("a", 0), ("b", 0), ("c", 1)):
            opcode = 1 if part == "a" else 0
            await session.wire.send(create_frame(part, final, opcode, mask=True))
            assert await session.receive() == "go on"
        await session.send([b"1", b"2"])
        assert [message async for message in session] == []
    assert site.noted == [("a", False, 1), ("b", False, 1), ("c", True, 1), b"12"]


async def test_a_receive_that_is_cancelled_between_fragments_has_lost_nothing(
    tremolo_clock: Clock,
) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept(by_fragment=True)
        with pytest.raises(TimeoutError):
            await websocket.receive(timeout=5)
        await websocket.send("cancelled")
        noted.append(await websocket.receive(timeout=5))

    site = Site(handler)
    async with Client(site.app) as client, client.websocket("/") as session:
        await session.wire.send(create_frame("a", 0, mask=True))
        assert await session.receive() == "cancelled"
        await session.wire.send(create_frame("b", 1, 0, mask=True))
        assert [message async for message in session] == []
    assert site.noted == ["ab"]


async def test_a_receive_may_have_a_time_limit(tremolo_clock: Clock) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        for receive in (websocket.receive, websocket.recv):
            began = tremolo_clock.time()
            with pytest.raises(TimeoutError):
                await receive(timeout=7)
            noted.append(tremolo_clock.time() - began)
        noted.append(await websocket.receive(timeout=7))
        noted.append((await websocket.recv(), websocket.fin, websocket.opcode))

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        with anyio.move_on_after(15):
            await anyio.sleep_forever()
        await session.send("late")
        await session.send(b"later")
        assert [message async for message in session] == []
    assert site.noted == [7, 7, "late", (b"later", True, 2)]


async def test_pings_and_pongs() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.pong(b"unasked")
        await websocket.ping(b"a")
        noted.append(await websocket.receive())
        with pytest.raises(LocalProtocolError):
            await websocket.ping(bytes(126))
        with pytest.raises(ValueError, match="opcode must be"):
            await websocket.send(b"", opcode=8)

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        await session.ping(b"from the client")
        await session.send("done")
        assert [message async for message in session] == []
    assert site.noted == ["done"]


async def test_a_client_that_reads_slowly_makes_the_handler_wait() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        while True:
            await websocket.send(bytes(10_000))
            noted.append(None)

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        for _ in range(3):
            await session.receive()
        await anyio.wait_all_tasks_blocked()
        assert 3 <= len(site.noted) < 40


# The handshake.


async def test_an_acceptance_has_the_fields_of_the_response_and_its_own() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        websocket.response.set_header("x-before", "1")
        websocket.response.set_cookie("a", "b")
        websocket.response.set_content_type("text/plain")
        await websocket.accept("superchat", {"X-Given": b"2"})
        await websocket.accept("ignored: it is accepted")
        noted.append((websocket.subprotocol, websocket.subprotocols, websocket.accepted))

    site = Site(handler)
    async with (
        site.client() as client,
        client.websocket("/", subprotocols=["Chat", "superchat"]) as session,
    ):
        headers = session.response.headers
        assert [headers[name] for name in ("x-before", "x-given")] == ["1", "2"]
        assert headers["set-cookie"].startswith("a=b")
        assert "content-type" not in headers
        assert session.subprotocol == "superchat"
    assert site.noted == [("superchat", ("Chat", "superchat"), True)]


async def test_a_subprotocol_by_the_field_of_old() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        websocket.response.set_header("Sec-WebSocket-Protocol", "Chat")
        await websocket.accept(headers=[("x-a", "1"), ("x-a", "2")])

    async with (
        Site(handler).client() as client,
        client.websocket("/", subprotocols=["Chat"]) as session,
    ):
        assert session.subprotocol == "Chat"
        assert session.response.headers.get_list("x-a") == ["1", "2"]


async def test_a_subprotocol_that_was_not_offered_is_an_error_of_ours() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        with pytest.raises(LocalProtocolError):
            await websocket.accept("chat")
        assert not websocket.accepted
        await websocket.accept("Chat")

    async with (
        Site(handler).client() as client,
        client.websocket("/", subprotocols=["Chat"]) as session,
    ):
        assert session.subprotocol == "Chat"


async def test_messages_may_be_compressed() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept(extensions=[PerMessageDeflate()])
        await websocket.send(await websocket.receive())

    async with Site(handler).client() as client, client.websocket("/", compression=True) as session:
        assert "permessage-deflate" in session.response.headers["sec-websocket-extensions"]
        await session.send("x" * 10_000)
        assert await session.receive() == "x" * 10_000


async def test_nothing_goes_before_the_acceptance() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        with pytest.raises(RuntimeError, match="must be accepted"):
            await websocket.receive()
        with pytest.raises(RuntimeError, match="must be accepted"):
            await websocket.send("a")
        await websocket.accept()

    async with Site(handler).client() as client, client.websocket("/"):
        pass


async def test_close_before_the_acceptance_refuses() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.close()

        with pytest.raises(RuntimeError, match="answered already"):
            await websocket.accept()

    async with Site(handler).client() as client:
        with pytest.raises(WebSocketRefused) as refusal:
            async with client.websocket("/"):
                pass
    assert refusal.value.response.status_code == 403


async def test_the_request_and_the_response_are_at_hand() -> None:
    app = Tremolo()
    noted: list[bool] = []

    @app.websocket("/{room}")
    async def serve(
        websocket: WebSocket, request: Request, response: Response, room: str, **server: Any
    ) -> None:
        assert websocket.request is request
        assert websocket.response is response
        noted.append(request.upgraded)
        await websocket.accept()
        noted.append(request.upgraded)
        assert response.headers_sent()
        await websocket.send(room)
        with pytest.raises(RuntimeError, match="answered with a WebSocket"):
            await response.write(b"a")

    async with Client(app) as client, client.websocket("/lounge") as session:
        assert await session.receive() == "lounge"
    assert noted == [False, True]


# The end: who closes, and what both are told.


async def test_the_client_closes() -> None:
    site = Site(echo)
    async with site.client() as client, client.websocket("/") as session:
        await session.send("a")
        await session.close(4000, "enough")
        assert session.close_code == 4000
        assert await session.receive() == "a"
    assert site.noted == [4000, "enough"]


@pytest.mark.parametrize(("code", "told"), [(1000, 1000), (None, 1005), (1001, 1001), (3000, 3000)])
async def test_the_client_closes_while_messages_are_waited_for(code: int | None, told: int) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        with pytest.raises(WebSocketClientClosed) as closed:
            await websocket.receive()
        noted.append((closed.value.code, websocket.closed, websocket.close_code))
        with pytest.raises(WebSocketClientClosed):
            await websocket.receive()
        await websocket.close()
        with pytest.raises(WebSocketClientClosed):
            await websocket.send("too late")

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        await session.close(code)
        assert session.close_code == code
    assert site.noted == [(told, True, told)]


async def test_the_client_vanishes() -> None:
    site = Site(echo)
    async with site.client() as client, client.websocket("/") as session:
        await session.abort()
    assert site.noted == [1006, ""]


async def test_a_handler_need_not_catch_that_the_client_has_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.receive()

    async with Site(handler).client() as client:
        async with client.websocket("/") as session:
            await session.close(1000)
            assert session.close_code == 1000
        async with client.websocket("/") as session:
            await session.abort()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_sending_to_a_client_that_has_closed() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        with pytest.raises(WebSocketClientClosed) as closed:
            while True:
                await websocket.send("again")
        noted.append(closed.value.code)

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        await session.abort()
    assert site.noted == [1006]


async def test_we_close() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.close(4001, "bye")
        noted.append((websocket.closed, websocket.close_code))
        await websocket.close()
        for call in (websocket.receive(), websocket.send("a")):
            with pytest.raises(WebSocketServerClosed) as closed:
                await call
            noted.append(closed.value.code)

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        await session.send("dropped")
        with pytest.raises(WebSocketClosed) as closed:
            await session.receive()
        assert (closed.value.code, closed.value.reason) == (4001, "bye")
    assert site.noted == [(True, 4001), 4001, 4001]


async def test_we_do_not_wait_for_ever_for_the_clients_close(tremolo_clock: Clock) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.close(timeout=3)
        noted.append((tremolo_clock.time() - began, websocket.close_code))

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        began = tremolo_clock.time()
        while b"\x88" not in await session.wire.receive_bytes():
            pass
        with anyio.move_on_after(4):
            await anyio.sleep_forever()
        assert site.noted == [(3, None)]


async def test_the_server_gives_a_silent_client_up_by_itself(tremolo_clock: Clock) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        await websocket.close()
        noted.append((round(tremolo_clock.time() - began), websocket.close_code))

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        began = tremolo_clock.time()
        await session.wire.receive_to_end()
    assert site.noted == [(10, 1006)]


@pytest.mark.parametrize("code", [1004, 1005, 1006, 1015, 999, 5000, 2000])
async def test_a_code_that_cannot_be_sent(code: int) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        with pytest.raises(LocalProtocolError):
            await websocket.close(code)
        assert not websocket.closed
        await websocket.send("still open")

    async with Site(handler).client() as client, client.websocket("/") as session:
        assert await session.receive() == "still open"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (create_frame("not masked"), 1002),
        (create_frame(b"\xff", opcode=1, mask=True), 1007),
        (create_frame(bytes(11), mask=True), 1009),
    ],
    ids=["no mask", "no text", "too long"],
)
async def test_the_client_breaks_the_rules(frames: bytes, code: int) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        assert websocket.max_payload_size == 10
        await websocket.accept()
        with pytest.raises(WebSocketServerClosed) as closed:
            await websocket.receive()
        noted.append(closed.value.code)

    site = Site(handler)
    async with site.client(ws_max_payload_size=10) as client, client.websocket("/") as session:
        await session.wire.send(frames)
        with pytest.raises(WebSocketClosed):
            await session.receive()
        assert session.close_code == code
    assert site.noted == [code]


async def test_a_message_may_have_two_mebibytes_unless_said_otherwise() -> None:
    async with Site(echo).client() as client, client.websocket("/") as session:
        await session.send(bytes(2_097_152))
        assert len(await session.receive()) == 2_097_152
        await session.send(bytes(2_097_153))
        with pytest.raises(WebSocketClosed) as closed:
            await session.receive()
        assert closed.value.code == 1009


async def test_the_client_shows_no_sign_of_life(tremolo_clock: Clock) -> None:
    site = Site(echo)
    async with site.client() as client, client.websocket("/") as session:
        began = tremolo_clock.time()
        await session.wire.receive_to_end()
        assert tremolo_clock.time() - began == pytest.approx(40, abs=1)
    assert site.noted[0] == 1011


async def test_the_limit_on_the_time_of_handlers_is_not_for_it(tremolo_clock: Clock) -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()
        with pytest.raises(TimeoutError):
            await websocket.receive(timeout=300)
        await websocket.send("still here")

    options = {"ws_ping_interval": None, "app_handler_timeout": 10, "timeout": 1_000}
    async with Site(handler).client(**options) as client, client.websocket("/") as session:
        assert await session.receive() == "still here"


async def test_how_often_is_pinged_is_an_option_and_no_attribute() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        with pytest.raises(AttributeError, match="ping_interval"):
            websocket.ping_interval = 5  # type: ignore[attr-defined]  # as for nggit/tremolo
        await websocket.accept()
        await websocket.send("refused")

    async with Site(handler).client() as client, client.websocket("/") as session:
        assert await session.receive() == "refused"


async def test_the_server_stops() -> None:
    site = Site(echo)
    async with site.client() as client:
        session_context = client.websocket("/")
        session = await session_context.__aenter__()
        await session.send("a")
        assert await session.receive() == "a"
        client.harness._open_site().server.begin_stop()
        assert [message async for message in session] == []
        assert session.close_code == 1001
        await session_context.__aexit__(None, None, None)
    assert site.noted[0] == 1001


async def test_two_tasks_send_and_receive() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        await websocket.accept()

        async def count() -> None:
            for number in range(100):
                await websocket.send(str(number))
            await websocket.send("end")
            await anyio.sleep_forever()

        async with anyio.create_task_group() as group:
            group.start_soon(count)
            noted.extend([message async for message in websocket])
            group.cancel_scope.cancel()

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        for number in range(100):
            await session.send(str(number))
        numbers: list[str | bytes] = []
        while not numbers or numbers[-1] != "end":
            numbers.append(await session.receive())
    assert numbers == [*map(str, range(100)), "end"]
    assert site.noted == numbers[:-1]


# Frames by hand, and what the object is made of.


def test_create_frame_is_at_hand() -> None:
    assert WebSocket.create_frame("Hello") == b"\x81\x05Hello"


async def test_iterating_twice_goes_on() -> None:
    async def handler(websocket: WebSocket, noted: list[Any]) -> None:
        noted.append(await anext(websocket))
        noted.extend([message async for message in websocket])

    site = Site(handler)
    async with site.client() as client, client.websocket("/") as session:
        await session.send("a")
        await session.send("b")
        await session.close()
    assert site.noted == ["a", "b"]


def test_the_exceptions() -> None:
    assert WebSocketException().code == WebSocketServerClosed().code == 1011
    assert WebSocketClientClosed().code == 1005
    error = WebSocketServerClosed("too", "late", code=4000, cause=ValueError())
    assert (error.code, error.reason, str(error)) == (4000, "too late", "4000 too late")
    assert isinstance(error.__cause__, ValueError)
    assert str(WebSocketClientClosed()) == "1005"
