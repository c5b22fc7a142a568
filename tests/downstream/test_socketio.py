"""Socket.IO's client and its server on Tremolo, with each of its two transports."""

import asyncio

import pytest
import socketio

from .programs import running, tremolo

EVENTS = 10
"""Fewer than the 16 packets that its server takes in one poll."""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
def test_events_go_both_ways(loop: str, transports: list[str]) -> None:
    async def talk(url: str) -> list[str]:
        client = socketio.AsyncClient()
        said: list[str] = []
        complete = asyncio.Event()

        def hear(text: str) -> None:
            said.append(text)
            if len(said) == EVENTS:
                complete.set()

        client.on("said", hear)
        await client.connect(url, transports=transports)
        for number in range(EVENTS):
            await client.emit("say", f"{number}")
        await asyncio.wait_for(complete.wait(), 30)
        await client.disconnect()
        return said

    with running(tremolo("socketio", "--loop", loop)) as program:
        said = asyncio.run(talk(f"http://127.0.0.1:{program.port()}"))
        assert said == [f"echo {number}" for number in range(EVENTS)]
        assert program.stop()[0] == 0
