"""The rows of the suite: each a kind of work, and the figure that one server reaches in it."""

import contextlib
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from ask import Ask
from figure import CPU, Figure, family, resident, with_cpu
from generator import rate
from latency import PERCENTILES, Taken, latencies, percentile
from load import answer_size, connect
from messages import echo
from programs import workers_of
from running import Running, on_core, undisturbed
from servers import SWITCHES, WORKERS
from transfer import MIB, receive, send

__all__ = ("ROWS", "Load", "Row")

HELLO = "/hello?n={n}"
COUNTED = ("X-Request-Id: {n}",)
BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: en-GB,en;q=0.7,de;q=0.3",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: http://127.0.0.1/start?from={n}",
    "Connection: keep-alive",
    "Cookie: session=5f2b8c1d9e7a4f60b3c2d1e0f9a8b7c6; theme=dark; seen={n}",
    "Upgrade-Insecure-Requests: 1",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-User: ?1",
    "Priority: u=0, i",
)


@dataclass(kw_only=True)
class Load:
    """How much is asked for."""

    seconds: float
    size: int = 64 * MIB
    """Of downloads and uploads, in bytes."""
    idle: int = 1_000
    """How many connections are idle."""
    rate: float = 1_500.0
    """Requests per second where the rate is fixed."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of work."""

    title: str
    unit: str
    measure: Callable[[Running, Load], Figure]
    kind: str = "asgi"
    less_is_better: bool = False
    fresh: bool = False
    """Whether each measurement has a server that did nothing before."""
    without: tuple[str, ...] = ()
    """The servers that cannot do it."""
    only: tuple[str, ...] = ()
    """The servers that it is about; all, if there are none."""
    repeated: int = 1
    """How many times as many rounds it has as others: more where a round tells little."""
    rounds: int = 0
    """How many there are at least, where little is to be told from less."""


def _asking(ask: Ask, *, tls: bool = False) -> Callable[[Running, Load], Figure]:
    return lambda server, load: rate(ask, server.port, load.seconds, tls=tls)


def _download(server: Running, load: Load) -> Figure:
    with on_core(1):
        return receive(server.port, f"/download?{load.size}", load.size)


def _file(server: Running, load: Load) -> Figure:
    with on_core(1):
        return receive(server.port, "/file", load.size)


def _upload(server: Running, load: Load) -> Figure:
    with on_core(1):
        return send(server.port, load.size)


def _multipart(server: Running, load: Load) -> Figure:
    with on_core(1):
        return send(server.port, min(load.size, 64 * MIB), multipart=True)


def _echo(size: int) -> Callable[[Running, Load], Figure]:
    def measure(server: Running, load: Load) -> Figure:
        with on_core(1):
            return echo(server.port, size, load.seconds)

    return measure


def _idle(*, tls: bool) -> Callable[[Running, Load], Figure]:
    """KiB that the server's processes grow by for each connection that was answered once."""

    def measure(server: Running, load: Load) -> Figure:
        with on_core(1), contextlib.ExitStack() as opened:

            def open_one() -> None:
                connection = opened.enter_context(connect(server.port, tls=tls))
                answer_size(connection, b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

            def memory() -> int:
                return sum(map(resident, family(server.pid)))

            # What is made once is not counted.
            for _ in range(100):
                open_one()
            before = memory()
            for _ in range(load.idle):
                open_one()
            # Longer than a server may take to notice that they are idle.
            time.sleep(2)
            return Figure(value=(memory() - before) / load.idle / 1024)

    return measure


def _startup(server: Running, load: Load) -> Figure:
    return Figure(value=server.started_in * 1000)


_SLICE, _PAUSE = 0.7, 0.3
"""Seconds for which latencies are measured at a stretch, and between two of them."""


def _latency(server: Running, load: Load) -> Figure:
    slices: list[Taken] = []
    with on_core(1), undisturbed(family(server.pid)):
        for _ in range(max(1, round(load.seconds / _SLICE))):
            time.sleep(_PAUSE)
            slices.append(latencies(server.port, load.rate, _SLICE))
    taken = sorted(itertools.chain.from_iterable(each.seconds for each in slices))
    found = {f"p{share:g}": percentile(taken, share) * 1000 for share in PERCENTILES}
    answered = sum(each.answered for each in slices)
    return Figure(value=found.pop("p99"), count=answered, beside=found)


def _workers(server: Running, load: Load) -> Figure:
    """Microseconds of processor time for a hello, as busy as 16 clients keep each worker."""
    clients = 16 * len(workers_of(server.pid))
    ask = Ask(target=HELLO, fields=COUNTED, connections=clients)
    found = with_cpu(server.pid, lambda: rate(ask, server.port, load.seconds))
    return Figure(value=found.beside[CPU], beside={_RATE: found.value})


_RATE = "requests/s"
_MIB = "MiB/s"
_BODILESS = ("limit",)

ROWS: dict[str, Row] = {
    "hello": Row(
        title="Hello",
        unit=_RATE,
        measure=_asking(Ask(target=HELLO, fields=COUNTED)),
    ),
    "hello-fixed": Row(
        title="Hello, the same head each time", unit=_RATE, measure=_asking(Ask(target="/hello"))
    ),
    "route-return": Row(
        title="Hello from a framework's route, `return`",
        unit=_RATE,
        kind="framework",
        measure=_asking(Ask(target="/return?n={n}", fields=COUNTED)),
    ),
    "route-yield": Row(
        title="Hello from a framework's route, `yield` twice",
        unit=_RATE,
        kind="framework",
        measure=_asking(Ask(target="/yield?n={n}", fields=COUNTED)),
    ),
    "browser": Row(
        title="Hello with a browser's head",
        unit=_RATE,
        measure=_asking(Ask(target=HELLO, fields=BROWSER)),
    ),
    "post": Row(
        title="Echo of 1 KiB in a POST",
        unit=_RATE,
        measure=_asking(Ask(target="/echo?n={n}", method="POST", fields=COUNTED, body_size=1024)),
        without=_BODILESS,
    ),
    "churn": Row(
        title="A connection for each request",
        unit=_RATE,
        measure=_asking(Ask(target=HELLO, fields=("Connection: close",))),
        without=_BODILESS,
    ),
    "pipelining": Row(
        title="Hello, 16 requests at once on each connection",
        unit=_RATE,
        measure=_asking(Ask(target=HELLO, fields=COUNTED, pipelined=16)),
    ),
    "download": Row(title="Streamed download", unit=_MIB, measure=_download, without=_BODILESS),
    "file": Row(
        title="File download, `pathsend` where there is it",
        unit=_MIB,
        measure=_file,
        without=_BODILESS,
    ),
    "upload": Row(title="Streamed upload", unit=_MIB, measure=_upload, without=_BODILESS),
    "multipart": Row(
        title="Upload of a multipart form's file, to a framework's route",
        unit=_MIB,
        kind="framework",
        measure=_multipart,
    ),
    "websocket-64": Row(
        title="WebSocket echo, 64 B", unit="messages/s", measure=_echo(64), without=_BODILESS
    ),
    "websocket-16k": Row(
        title="WebSocket echo, 16 KiB",
        unit="messages/s",
        measure=_echo(16_384),
        without=_BODILESS,
    ),
    "websocket-1m": Row(
        title="WebSocket echo, 1 MiB",
        unit="messages/s",
        measure=_echo(1 << 20),
        without=_BODILESS,
    ),
    "tls": Row(
        title="Hello over TLS",
        unit=_RATE,
        kind="tls",
        measure=_asking(Ask(target=HELLO, fields=COUNTED), tls=True),
        without=_BODILESS,
    ),
    "switches": Row(
        title="Hello, with one feature switched",
        unit=_RATE,
        measure=_asking(Ask(target=HELLO, fields=COUNTED)),
        only=("ours-asyncio", *SWITCHES),
    ),
    "workers": Row(
        title="Processor time of a hello on one core, 16 clients for each worker",
        unit="µs",
        measure=_workers,
        less_is_better=True,
        only=("ours-asyncio", "ours-uvloop", "ours-trio", *WORKERS),
        rounds=9,
    ),
    "idle": Row(
        title="Memory of an idle kept-alive connection",
        unit="KiB",
        measure=_idle(tls=False),
        less_is_better=True,
        fresh=True,
        without=_BODILESS,
    ),
    "idle-tls": Row(
        title="Memory of an idle kept-alive TLS connection",
        unit="KiB",
        kind="tls",
        measure=_idle(tls=True),
        less_is_better=True,
        fresh=True,
        without=_BODILESS,
    ),
    "startup": Row(
        title="From the start to the first answer",
        unit="ms",
        measure=_startup,
        less_is_better=True,
        fresh=True,
    ),
    "latency": Row(
        title="Slowest hundredth, at half of what uvicorn with h11 reaches",
        unit="ms",
        measure=_latency,
        less_is_better=True,
        repeated=3,
    ),
}
"""In the order in which they run: `latency` asks at a rate that `hello` found."""
