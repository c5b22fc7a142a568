"""What a second worker costs: CPU seconds per request next to one worker's, and the spread.

Three programs run all the time, two of one worker and one of two. They are asked
in turns over as many connections for each worker: one of those with one worker
alone, both of them at the same time, and the one with two. The processor's time is
that of the worker processes, from `/proc/PID/stat`. A second busy process makes
every request dearer on a machine whose cores are all busy then, whoever started it;
what is dearer yet with two workers than with two programs is the workers' doing.

Then 200 clients connect to the one with two workers, each once, and the workers say
how many came to each. Linux only.
"""

import argparse
import contextlib
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from load import answer_size, connect, repeat
from programs import Program, program

APPLICATION = str(Path(__file__).parent / "apps" / "worker_app.py")
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WHO = b"GET /pid HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def per_request(programs: Sequence[Program], connections: int, seconds: float) -> float:
    """CPU seconds of the workers for each request that they answer in so many seconds.

    Each of the programs is asked over as many `connections`.
    """
    with contextlib.ExitStack() as opened:
        ports = [served.port for served in programs for _ in range(connections)]
        clients = [opened.enter_context(connect(port)) for port in ports]
        # Each is accepted before it counts.
        [size] = {answer_size(client, HELLO) for client in clients}
        before = sum(served.cpu_seconds() for served in programs)
        answered = repeat(clients, lambda: HELLO, size, seconds)
        return (sum(served.cpu_seconds() for served in programs) - before) / answered


def spread(served: Program, clients: int) -> list[int]:
    """How many of so many clients came to each worker."""
    seen: Counter[bytes] = Counter()
    for _ in range(clients):
        with connect(served.port) as client:
            client.sendall(WHO)
            seen[client.recv(65_536).rpartition(b"\r\n\r\n")[2]] += 1
    return sorted(seen.values())


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--loop", nargs="+", default=["asyncio", "uvloop", "trio"])
    arguments.add_argument("--rounds", type=int, default=9, help="default: 9")
    arguments.add_argument("--seconds", type=float, default=2.0, help="of a round; default: 2")
    arguments.add_argument("--connections", type=int, default=8, help="per worker; default: 8")
    options = arguments.parse_args()
    for loop in options.loop:
        alone = [f"--loop={loop}", "--workers=1"]
        with (
            program(APPLICATION, alone) as one,
            program(APPLICATION, alone) as another,
            program(APPLICATION, [f"--loop={loop}", "--workers=2"]) as two,
        ):
            each, seconds = options.connections, options.seconds
            costs = [
                (
                    per_request([one], each, seconds),
                    per_request([one, another], each, seconds),
                    per_request([two], 2 * each, seconds),
                )
                for _ in range(options.rounds)
            ]
            microseconds = [statistics.median(column) * 1e6 for column in zip(*costs, strict=True)]
            print(
                f"{loop}: µs of CPU per request: {microseconds[0]:.1f} with one worker,"
                f" {microseconds[1]:.1f} with two programs of one, {microseconds[2]:.1f} with two"
                f" workers; these next to one: {ratio(costs, 0)}, next to two programs:"
                f" {ratio(costs, 1)}; 200 clients: {spread(two, 200)}",
                flush=True,
            )


def ratio(costs: Sequence[tuple[float, float, float]], base: int) -> str:
    """The median of two workers' cost next to that of a `base`, with the least and the most."""
    ratios = sorted(cost[2] / cost[base] for cost in costs)
    return f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})"


if __name__ == "__main__":
    main()
