import notes
import pytest

from tremolo.testing import (
    Client,
    Misbehaviour,
    SyncClient,
    abort_everywhere,
    slow_reader,
    split_everywhere,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def app():
    notes.notes.clear()
    return notes.app


async def test_a_note_is_kept(tremolo_client):
    response = await tremolo_client.post("/notes", content=b"buy milk")
    assert response.status_code == 200
    assert response.json() == {"id": 1}

    response = await tremolo_client.get("/notes/last")
    assert response.text == "buy milk"


async def test_an_empty_note_is_an_error(tremolo_client):
    with pytest.raises(ValueError, match="an empty note"):
        await tremolo_client.post("/notes")


async def test_what_its_client_is_told_of_that():
    async with Client(notes.app, raise_server_exceptions=False) as client:
        response = await client.post("/notes")
    assert response.status_code == 500


def test_a_note_is_kept_without_await():
    with SyncClient(notes.app) as client:
        client.post("/notes", content=b"call home")
        assert client.get("/notes/last").text == "call home"


async def test_the_countdown(tremolo_client, tremolo_clock):
    began = tremolo_clock.time()
    async with tremolo_client.sse("/countdown") as events:
        numbers = [event.data async for event in events]
    assert numbers == ["3", "2", "1"]
    assert tremolo_clock.time() - began >= 90


async def test_what_is_said_comes_back_louder(tremolo_client):
    async with tremolo_client.websocket("/shouts") as websocket:
        await websocket.send("hello")
        assert await websocket.receive() == "HELLO"
        await websocket.ping()
    assert websocket.close_code == 1000


async def test_an_idle_connection_is_closed(tremolo_client, tremolo_clock):
    async with tremolo_client.connection() as wire:
        await wire.send(b"GET /lyrics HTTP/1.1\r\nHost: testserver\r\n\r\n")
        assert (await wire.receive_response()).status == 200

        began = tremolo_clock.time()
        assert await wire.receive_to_end() == b""
        assert 75 <= tremolo_clock.time() - began < 76


async def test_two_requests_in_one_write(tremolo_client):
    request = b"POST /upper HTTP/1.1\r\nHost: testserver\r\nContent-Length: 3\r\n\r\nabc"
    async with tremolo_client.connection() as wire:
        await wire.send(request + request)
        assert (await wire.receive_response()).body == b"ABC"
        assert (await wire.receive_response()).body == b"ABC"


async def shout(wire):
    request = b"POST /upper HTTP/1.1\r\nHost: testserver\r\nContent-Length: 3\r\n\r\nabc"
    await wire.send(request)
    return await wire.receive_response()


async def test_it_does_not_matter_how_a_request_is_cut(tremolo_client):
    answer = await split_everywhere(tremolo_client, shout)
    assert answer.body == b"ABC"


async def test_a_client_may_vanish_at_any_byte(tremolo_client):
    await abort_everywhere(tremolo_client, shout)


async def sing(wire):
    await wire.send(b"GET /lyrics HTTP/1.1\r\nHost: testserver\r\n\r\n")
    return await wire.receive_response()


async def test_a_slow_reader_keeps_nobody_waiting(tremolo_client, tremolo_clock):
    answer = await slow_reader(tremolo_client, sing, rate=100)
    assert len(answer.body.splitlines()) == 99


async def numbers():
    yield b"1"
    yield b"2"


async def careless(exchange):
    async for number in numbers():
        await exchange.respond(200, (), number)
        break


async def test_a_generator_is_left_open():
    with pytest.raises(Misbehaviour, match="numbers"):
        async with Client(careless) as client:
            await client.get("/")


@pytest.mark.parametrize("tcp", [False, True])
async def test_in_memory_and_over_a_socket(tcp):
    async with Client(notes.app, tcp=tcp) as client:
        response = await client.post("/upper", content=b"the same")
    assert response.text == "THE SAME"
