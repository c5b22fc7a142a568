"""Requests per second of tests that ask an ASGI application without a socket.

`Client` stands next to httpx's ASGITransport, `SyncClient` next to Starlette's
TestClient; all four ask the same application, as a test would. The rounds take
turns, so that a machine that slows down slows all of them. Only ours speak HTTP,
to a server. On trio, unlike asyncio, server and client wait for turns of the
event loop, which ASGITransport has none of.
"""

import argparse
import time
import warnings
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import anyio
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


Clock: TypeAlias = Callable[[], float]


async def ask(client: httpx.AsyncClient, requests: int, clock: Clock) -> float:
    """The rate at which `client` is answered."""
    await client.get("/hello")
    began = clock()
    for _ in range(requests):
        response = await client.get("/hello")
        assert response.content == b"Hello world!"
    return requests / (clock() - began)


def ask_blocking(client: httpx.Client, requests: int, clock: Clock) -> float:
    """The same without `await`."""
    client.get("/hello")
    began = clock()
    for _ in range(requests):
        response = client.get("/hello")
        assert response.content == b"Hello world!"
    return requests / (clock() - began)


async def ask_tremolo(requests: int, clock: Clock) -> float:
    """`tremolo.testing.Client`."""
    async with Client(app, lifespan="off") as client:
        return await ask(client, requests, clock)


async def ask_httpx(requests: int, clock: Clock) -> float:
    """`httpx.ASGITransport`."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        return await ask(client, requests, clock)


def ask_tremolo_blocking(requests: int, clock: Clock) -> float:
    """`tremolo.testing.SyncClient`."""
    with SyncClient(app, lifespan="off") as client:
        return ask_blocking(client, requests, clock)


def ask_starlette(requests: int, clock: Clock) -> float:
    """`starlette.testclient.TestClient`, as it is used without a lifespan."""
    return ask_blocking(TestClient(app), requests, clock)


def on(
    backend: str, func: Callable[[int, Clock], Awaitable[float]]
) -> Callable[[int, Clock], float]:
    """`func` on an event loop of its own."""
    return lambda requests, clock: anyio.run(func, requests, clock, backend=backend)


CLIENTS: dict[str, Callable[[int, Clock], float]] = {
    "Client": on("asyncio", ask_tremolo),
    "ASGITransport": on("asyncio", ask_httpx),
    "Client, trio": on("trio", ask_tremolo),
    "ASGITransport, trio": on("trio", ask_httpx),
    "SyncClient": ask_tremolo_blocking,
    "TestClient": ask_starlette,
}

PAIRS = (
    ("Client", "ASGITransport"),
    ("Client, trio", "ASGITransport, trio"),
    ("SyncClient", "TestClient"),
)


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="default: 5")
    arguments.add_argument("--requests", type=int, default=500, help="a round; default: 500")
    arguments.add_argument(
        "--processor",
        action="store_true",
        help="count the processor's time, as on a machine that has other work too",
    )
    options = arguments.parse_args()
    clock = time.process_time if options.processor else time.perf_counter

    rates: dict[str, list[float]] = {name: [] for name in CLIENTS}
    for measure in CLIENTS.values():
        measure(20, clock)
    for _ in range(options.rounds):
        for name, measure in CLIENTS.items():
            rates[name].append(measure(options.requests, clock))

    ratios = {
        f"{ours} to {theirs}": spread(
            [mine / other for mine, other in zip(rates[ours], rates[theirs], strict=True)]
        )
        for ours, theirs in PAIRS
    }
    for name, figures in rates.items():
        print(
            f"{name:38} {spread(figures)['median']:8,.0f} requests/s"
            f"   ({min(figures):,.0f} to {max(figures):,.0f})"
        )
    for name, ratio in ratios.items():
        print(
            f"{name:38} {ratio['median']:8.2f}   ({ratio['lowest']:.2f} to {ratio['highest']:.2f})"
        )
    result_file = write(
        "in_memory",
        ["tremolo-anyio", "anyio", "h11", "httpx", "starlette", "trio"],
        {
            "options": vars(options),
            "requests_per_second": {name: spread(figures) for name, figures in rates.items()},
            "ratios": ratios,
        },
    )
    print(f"raw numbers: {result_file}")


if __name__ == "__main__":
    main()
