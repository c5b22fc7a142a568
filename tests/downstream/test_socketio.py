"""Socket.IO's client and its server on Tremolo, with each of its two transports."""

import asyncio

import pytest
import socketio

from .programs import running, tremolo


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
def test_events_go_both_ways(loop: str, transports: list[str]) -> None:
    async def talk(url: str) -> list[str]:
        client = socketio.AsyncClient()
        said: list[str] = []
        complete = asyncio.Event()

        def hear(text: str) -> None:
            said.append(text)
            if len(said) == 20:
                complete.set()

        client.on("said", hear)
        await client.connect(url, transports=transports)
        for number in range(20):
            await client.emit("say", f"{number}")
        await asyncio.wait_for(complete.wait(), 30)
        await client.disconnect()
        return said

    with running(tremolo("socketio", "--loop", loop)) as program:
        said = asyncio.run(talk(f"http://127.0.0.1:{program.port()}"))
        assert said == [f"echo {number}" for number in range(20)]
        assert program.stop()[0] == 0
