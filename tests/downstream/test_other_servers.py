"""An application of ours under other ASGI servers, and inside another framework."""

import re
import signal

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from .programs import running

SERVERS = {
    "uvicorn": ["uvicorn", "--port", "0"],
    "uvicorn-httptools": ["uvicorn", "--port", "0", "--http", "httptools", "--loop", "uvloop"],
    "hypercorn-asyncio": ["hypercorn", "--bind", "127.0.0.1:0", "--worker-class", "asyncio"],
    "hypercorn-trio": ["hypercorn", "--bind", "127.0.0.1:0", "--worker-class", "trio"],
}


@pytest.mark.parametrize("server", SERVERS)
def test_it_does_all_that_it_does(server: str) -> None:
    with running([*SERVERS[server], "tests.downstream.apps.with_tremolo:app"]) as program:
        url = f"http://127.0.0.1:{program.port()}"
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/hello").text == "hello"
            assert client.head("/hello").headers["content-length"] == "5"
            streamed = client.get("/stream")
            assert streamed.text == "".join(f"{number}," for number in range(1_000))
            pieces = (bytes(10_000) for _ in range(100))
            assert client.post("/upload", content=pieces).text == "1000000"
            assert client.get("/missing").status_code == 404
            assert client.get("/lifespan").text == "started"
        _speak(url.replace("http", "ws"))
        status, said = program.stop()
        # uvicorn ends by the signal that it was sent.
        assert status in (0, -signal.SIGTERM)
        assert "shut down" in said
        assert not [line for line in program.lines if re.search("error|Traceback", line)]


def _speak(url: str) -> None:
    with connect(f"{url}/ws", subprotocols=["chat"], proxy=None) as websocket:  # type: ignore[list-item,unused-ignore] # plain text will do
        assert websocket.subprotocol == "chat"
        for text in ("one", "zwei é", "3" * 100_000, ""):
            websocket.send(text)
            assert websocket.recv() == f"echo {text}"
    for said, code, reason in (("close", 4001, "enough"), ("return", 1000, "")):
        with connect(f"{url}/ws", proxy=None) as websocket:
            websocket.send(said)
            with pytest.raises(ConnectionClosed) as caught:
                websocket.recv()
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == code
            # hypercorn leaves reasons out.
            assert caught.value.rcvd.reason in (reason, "")
    with pytest.raises(InvalidStatus) as refused:
        connect(f"{url}/refused", proxy=None)
    assert refused.value.response.status_code == 200
