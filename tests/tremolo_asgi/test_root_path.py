"""The tables of the documentation about root_path, row by row."""

import json
from pathlib import Path
from typing import Any

import pytest

from tremolo import Tremolo
from tremolo.testing import Client

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "asgi.md"


def rows(first: str) -> list[tuple[str, ...]]:
    """The rows of the table whose first heading that is, without their backticks."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {first} |"))
    found = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        found.append(tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")))
    assert len(found) > 3
    return found


async def app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    told = [scope["root_path"], scope["path"], scope["raw_path"].decode()]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


async def asked(client: Client, target: str) -> tuple[str, ...]:
    async with client.connection() as wire:
        await wire.send(b"GET " + target.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        return tuple(json.loads((await wire.receive_response()).body))


@pytest.mark.parametrize(
    ("root_path", "target", "told"), [(row[0], row[1], row[2:]) for row in rows("`--root-path`")]
)
async def test_as_an_option(root_path: str, target: str, told: tuple[str, ...]) -> None:
    async with Client(app, root_path=root_path) as client:
        assert await asked(client, target) == told


@pytest.mark.parametrize(
    ("prefix", "target", "told"), [(row[0], row[1], row[2:]) for row in rows("mounted at")]
)
async def test_where_it_is_mounted(prefix: str, target: str, told: tuple[str, ...]) -> None:
    outer = Tremolo()
    outer.mount(prefix, app)
    async with Client(outer) as client:
        assert await asked(client, target) == told
