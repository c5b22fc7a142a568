"""What a second worker costs: processor time per request next to one worker's, and the spread.

The server, which is its supervisor and all of its workers, has one core, and the
load another, as in the suite. So what is compared is the work, and not what a second
busy process does to a machine whose cores have to carry the load too. Processor time
is that of all processes of the server. One worker and two take turns; each way to
ask them is one row:

- as fast as they answer, over as many connections for each worker, which keeps each
  as busy as the one: the same row as the suite's;
- as fast as they answer, over as many connections in all;
- at a fixed rate for each worker, a quarter of what one can do, over as many
  connections for each;
- at half of what one can do in all, over as many connections in all.

In the second row and in the last the load is spread thinner over two: an event loop
that finds fewer requests at a time turns more often for as many, one as well as two.

Then comes the measurement as it is without a core for each side, `beside the load`:
both workers on the cores that the load has too, next to one worker, and next to two
programs of one worker at the same time, which are no less dear.

At last 200 clients connect to the two workers, each once, and the workers say how
many came to each. Linux only, with two cores at least.
"""

import argparse
import contextlib
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ask import Ask
from figure import CPU, Figure, with_cpu
from generator import generator, rate
from latency import latencies
from load import answer_size, connect, repeat
from programs import Program, program
from report import machine, spread, write
from running import cores, on_core

APPLICATION = str(Path(__file__).parent / "apps" / "worker_app.py")
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WHO = b"GET /pid HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to ask one worker, and two."""

    title: str
    clients: tuple[int, int]
    """How many ask one worker, and two."""
    shares: tuple[float, float] | None = None
    """At what rate, as a part of what one can do; as fast as they answer if there is none."""

    def cost(self, served: Program, which: int, *, seconds: float, most: float) -> float:
        """Microseconds for a request to the one (0) or to the two (1); one can do `most` a second.

        Raises RuntimeError if a request failed.
        """
        return with_cpu(served.pid, lambda: self._ask(served.port, which, seconds, most)).beside[
            CPU
        ]

    def _ask(self, port: int, which: int, seconds: float, most: float) -> Figure:
        clients = self.clients[which]
        if self.shares is None:
            return rate(Ask(target="/", connections=clients), port, seconds)
        with on_core(1):
            taken = latencies(port, most * self.shares[which], seconds, connections=clients)
        return Figure(value=0, count=taken.answered)


WAYS = (
    Way(title="as fast as they answer, 16 clients each", clients=(16, 32)),
    Way(title="as fast as they answer, 32 clients in all", clients=(32, 32)),
    Way(title="at a quarter each, 16 clients each", clients=(16, 32), shares=(0.25, 0.5)),
    Way(title="at a half in all, 32 clients in all", clients=(32, 32), shares=(0.5, 0.5)),
)
BESIDE = "beside the load, 8 clients each"

Costs = dict[str, list[tuple[float, ...]]]
"""By the title of a row: for each round the microseconds of one, of two, and of others besides."""


def on_one_core(loop: str, rounds: int, seconds: float) -> Costs:
    """What one worker and two cost in each way to ask them, with a core for each side."""
    costs: Costs = {way.title: [] for way in WAYS}
    with contextlib.ExitStack() as stack:
        with on_core(0):
            served = [
                stack.enter_context(program(APPLICATION, [f"--loop={loop}", f"--workers={number}"]))
                for number in (1, 2)
            ]
        # All are warm then, and one has said how much it can do.
        most, _ = [rate(Ask(target="/"), each.port, 1).value for each in served]
        for number in range(rounds):
            for way in WAYS:
                found = [0.0, 0.0]
                # Neither always runs after the other.
                for which in (0, 1) if number % 2 else (1, 0):
                    found[which] = way.cost(served[which], which, seconds=seconds, most=most)
                costs[way.title].append(tuple(found))
    return costs


def beside_the_load(loop: str, rounds: int, seconds: float) -> tuple[Costs, list[int]]:
    """What they cost on all cores, and what two programs of one do; and how clients spread."""
    alone, each = [f"--loop={loop}", "--workers=1"], 8
    with (
        program(APPLICATION, alone) as one,
        program(APPLICATION, alone) as another,
        program(APPLICATION, [f"--loop={loop}", "--workers=2"]) as two,
    ):
        found: list[tuple[float, ...]] = [
            (
                per_request([one], each, seconds),
                per_request([two], 2 * each, seconds),
                per_request([one, another], each, seconds),
            )
            for _ in range(rounds)
        ]
        return {BESIDE: found}, clients_of_each(two, 200)


def per_request(programs: Sequence[Program], connections: int, seconds: float) -> float:
    """Microseconds of the workers for each request that they answer in so many seconds.

    Each of the programs is asked over as many `connections`.
    """
    with contextlib.ExitStack() as opened:
        ports = [served.port for served in programs for _ in range(connections)]
        clients = [opened.enter_context(connect(port)) for port in ports]
        # Each is accepted before it counts.
        [size] = {answer_size(client, HELLO) for client in clients}
        before = sum(served.cpu_seconds() for served in programs)
        answered = repeat(clients, lambda: HELLO, size, seconds)
        return (sum(served.cpu_seconds() for served in programs) - before) / answered * 1e6


def clients_of_each(served: Program, clients: int) -> list[int]:
    """How many of so many clients came to each worker."""
    seen: Counter[bytes] = Counter()
    for _ in range(clients):
        with connect(served.port) as client:
            client.sendall(WHO)
            seen[client.recv(65_536).rpartition(b"\r\n\r\n")[2]] += 1
    return sorted(seen.values())


def line(loop: str, title: str, costs: Sequence[tuple[float, ...]]) -> str:
    """A row of the table, as Markdown."""
    one, two, *others = [statistics.median(column) for column in zip(*costs, strict=True)]
    ratios = spread([cost[1] / cost[0] for cost in costs])
    cells = [
        *(loop, title, f"{one:.1f}", f"{two:.1f}", f"{ratios['median']:.3f}"),
        f"{ratios['lowest']:.3f} to {ratios['highest']:.3f}",
    ]
    if others:
        programs = statistics.median(cost[1] / cost[2] for cost in costs)
        cells[-1] += f"; next to two programs {programs:.3f}"
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure, print the table, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--loop", nargs="+", default=["asyncio", "uvloop", "trio"])
    arguments.add_argument("--rounds", type=int, default=9, help="default: 9")
    arguments.add_argument("--seconds", type=float, default=2.0, help="of a round; default: 2")
    options = arguments.parse_args()
    if cores() is None:
        raise SystemExit("this needs a core for the server and another for the load")
    print("| loop | asked | one, µs | two, µs | two next to one | spread |")
    print("| --- | --- | ---: | ---: | ---: | --- |", flush=True)
    measured, spreads = {}, {}
    for loop in options.loop:
        costs = on_one_core(loop, options.rounds, options.seconds)
        beside, spreads[loop] = beside_the_load(loop, options.rounds, options.seconds)
        measured[loop] = {**costs, **beside}
        for title, found in measured[loop].items():
            print(line(loop, title, found), flush=True)
    for loop, counts in spreads.items():
        print(f"{loop}: of 200 clients {' and '.join(map(str, counts))} came to each worker")
    result = {
        "hardware": machine(),
        "load_average_after": os.getloadavg(),
        "options": {"rounds": options.rounds, "seconds": options.seconds},
        "load_generator": generator(),
        "microseconds": measured,
        "clients": spreads,
    }
    print(f"raw numbers: {write('workers', ['tremolo-anyio', 'anyio', 'h11'], result)}")


if __name__ == "__main__":
    main()
