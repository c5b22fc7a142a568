"""Applications of each framework on Tremolo, as a program, asked by clients that others wrote."""

import re
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .programs import Program, running, tremolo

LOOPS = ("asyncio", "uvloop", "trio")

ON_ANY = ("starlette", "fastapi", "litestar", "blacksheep")
ON_ASYNCIO = ("django", "quart", "falcon", "socketio")
ON_TRIO = ("quart_trio",)
NOT_ON_TRIO = ("django", "quart")
"""Those of which nothing works there."""

WITHOUT_LIFESPAN = ("django",)

PLACES = [
    *[(app, loop) for app in ON_ANY for loop in LOOPS],
    *[(app, loop) for app in ON_ASYNCIO for loop in ("asyncio", "uvloop")],
    *[(app, "trio") for app in ON_TRIO],
]


@pytest.fixture(params=PLACES, ids=lambda place: "-".join(place))
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    found: tuple[str, str] = request.param
    return found


@pytest.fixture
def program(place: tuple[str, str]) -> Iterator[Program]:
    app, loop = place
    with running(tremolo(app, "--loop", loop)) as program:
        yield program


def complaints(program: Program) -> list[str]:
    # Django logs each 404 as a warning of its own.
    usual = re.compile(r"(\[[^]]+\] )?(INFO |WARNING django\.request: Not Found)")
    return [line for line in program.lines if not usual.match(line)]


def test_it_does_all_that_it_does(place: tuple[str, str], program: Program) -> None:
    app, _ = place
    address = f"127.0.0.1:{program.port()}"
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        assert client.get("/hello").text == "hello"
        streamed = client.get("/stream")
        assert streamed.text == "".join(f"{number}," for number in range(1_000))
        pieces = (bytes(10_000) for _ in range(300))
        assert client.post("/upload", content=pieces).text == "3000000"
        assert client.post("/upload", content=bytes(100_000)).text == "100000"
        assert client.get("/missing").status_code == 404
        if app not in WITHOUT_LIFESPAN:
            assert client.get("/lifespan").text == "started"

    url = f"ws://{address}/ws"
    with connect(url, subprotocols=["chat", "soap"], proxy=None) as websocket:  # type: ignore[list-item,unused-ignore] # plain text will do
        assert websocket.subprotocol == "chat"
        for text in ("one", "zwei é", "3" * 100_000, ""):
            websocket.send(text)
            assert websocket.recv() == f"echo {text}"
        websocket.send("close")
        with pytest.raises(ConnectionClosed) as caught:
            websocket.recv()
        assert caught.value.rcvd is not None
        assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (4001, "enough")
    with connect(url, proxy=None) as websocket:
        websocket.send("one")
        assert websocket.recv() == "echo one"

    status, said = program.stop()
    assert status == 0
    assert ("shut down" in said) is (app not in WITHOUT_LIFESPAN)
    assert complaints(program) == []


@pytest.mark.parametrize("app", NOT_ON_TRIO)
def test_what_is_asyncios_alone_says_so_in_one_line_on_trio(app: str) -> None:
    with running(tremolo(app, "--loop", "trio")) as program:
        url = f"http://127.0.0.1:{program.port()}"
        assert httpx.get(f"{url}/hello", trust_env=False).status_code == 500
        program.stop()
        said = [line for line in complaints(program) if "tremolo.supervisor" not in line]
    assert "ERROR tremolo.asgi: the application needs asyncio: run it with --loop" in said[0]
    # Quart cannot shut down, either, and says why itself.
    shutdown = ["tremolo: the application failed to shut down: no running event loop"]
    assert said[1:] == (shutdown if app == "quart" else [])


@pytest.mark.parametrize("loop", LOOPS)
def test_a_websocket_is_told_of_the_stop(loop: str) -> None:
    with running(tremolo("starlette", "--loop", loop)) as program:
        url = f"ws://127.0.0.1:{program.port()}/ws"
        with connect(url, proxy=None) as websocket:
            websocket.send("one")
            assert websocket.recv() == "echo one"
            assert program.stop()[0] == 0
            with pytest.raises(ConnectionClosed) as caught:
                websocket.recv()
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1001
        assert complaints(program) == []
