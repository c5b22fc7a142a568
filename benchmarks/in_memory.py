"""Requests per second of tests that ask an ASGI application without a socket.

`Client` stands next to httpx's ASGITransport, `SyncClient` next to Starlette's
TestClient; all four ask the same application, as a test would. The rounds take
turns, so that a machine that slows down slows all of them. Only ours speak HTTP,
to a server.
"""

import argparse
import asyncio
import time
import warnings
from collections.abc import Callable
from typing import Any

import httpx
from report import spread, write

from tremolo.testing import Client, SyncClient

with warnings.catch_warnings():
    # Starlette prefers another library to httpx by now.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Say hello."""
    assert scope["type"] == "http"
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"12")]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": b"Hello world!"})


async def ask(client: httpx.AsyncClient, requests: int) -> float:
    """The rate at which `client` is answered."""
    await client.get("/hello")
    began = time.perf_counter()
    for _ in range(requests):
        response = await client.get("/hello")
        assert response.content == b"Hello world!"
    return requests / (time.perf_counter() - began)


def ask_blocking(client: httpx.Client, requests: int) -> float:
    """The same without `await`."""
    client.get("/hello")
    began = time.perf_counter()
    for _ in range(requests):
        response = client.get("/hello")
        assert response.content == b"Hello world!"
    return requests / (time.perf_counter() - began)


def tremolo_client(requests: int) -> float:
    """`tremolo.testing.Client`."""

    async def run() -> float:
        async with Client(app, lifespan="off") as client:
            return await ask(client, requests)

    return asyncio.run(run())


def asgi_transport(requests: int) -> float:
    """`httpx.ASGITransport`."""

    async def run() -> float:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await ask(client, requests)

    return asyncio.run(run())


def tremolo_sync_client(requests: int) -> float:
    """`tremolo.testing.SyncClient`."""
    with SyncClient(app, lifespan="off") as client:
        return ask_blocking(client, requests)


def test_client(requests: int) -> float:
    """`starlette.testclient.TestClient`, as it is used without a lifespan."""
    return ask_blocking(TestClient(app), requests)


CLIENTS: dict[str, Callable[[int], float]] = {
    "Client": tremolo_client,
    "ASGITransport": asgi_transport,
    "SyncClient": tremolo_sync_client,
    "TestClient": test_client,
}

PAIRS = (("Client", "ASGITransport"), ("SyncClient", "TestClient"))


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="default: 5")
    arguments.add_argument("--requests", type=int, default=500, help="a round; default: 500")
    options = arguments.parse_args()

    rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
    for measure in CLIENTS.values():
        measure(20)
    for _ in range(options.rounds):
        for name, measure in CLIENTS.items():
            rates[name].append(measure(options.requests))

    ratios = {
        f"{ours} to {theirs}": spread(
            [mine / other for mine, other in zip(rates[ours], rates[theirs], strict=True)]
        )
        for ours, theirs in PAIRS
    }
    for name, figures in rates.items():
        print(
            f"{name:27} {spread(figures)['median']:8,.0f} requests/s"
            f"   ({min(figures):,.0f} to {max(figures):,.0f})"
        )
    for name, ratio in ratios.items():
        print(
            f"{name:27} {ratio['median']:8.2f}   ({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        )
    result_file = write(
        "in_memory",
        ["tremolo-anyio", "anyio", "h11", "httpx", "starlette"],
        {
            "options": vars(options),
            "requests_per_second": {name: spread(figures) for name, figures in rates.items()},
            "ratios": ratios,
        },
    )
    print(f"raw numbers: {result_file}")


if __name__ == "__main__":
    main()
