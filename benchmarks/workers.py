"""What a second worker costs: CPU seconds per request next to one worker's, and the spread.

Both programs run all the time, and are asked in turns over as many connections
for each worker; the processor's time is that of the worker processes, from
`/proc/PID/stat`. Then 200 clients connect to the one with two workers, each
once, and the workers say how many came to each. Linux only.
"""

import argparse
import contextlib
import statistics
from collections import Counter
from pathlib import Path

from load import answer_size, connect, repeat
from programs import Program, program

APPLICATION = str(Path(__file__).parent / "apps" / "worker_app.py")
HELLO = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WHO = b"GET /pid HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def per_request(served: Program, connections: int, seconds: float) -> float:
    """CPU seconds of the workers for each request that they answer in so many seconds."""
    with contextlib.ExitStack() as opened:
        clients = [opened.enter_context(connect(served.port)) for _ in range(connections)]
        # Each is accepted before it counts.
        [size] = {answer_size(client, HELLO) for client in clients}
        before = served.cpu_seconds()
        answered = repeat(clients, lambda: HELLO, size, seconds)
        return (served.cpu_seconds() - before) / answered


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
        with (
            program(APPLICATION, [f"--loop={loop}", "--workers=1"]) as one,
            program(APPLICATION, [f"--loop={loop}", "--workers=2"]) as two,
        ):
            costs: list[tuple[float, float]] = [
                (
                    per_request(one, options.connections, options.seconds),
                    per_request(two, 2 * options.connections, options.seconds),
                )
                for _ in range(options.rounds)
            ]
            alone, shared = (statistics.median(column) * 1e6 for column in zip(*costs, strict=True))
            ratios = sorted(second / first for first, second in costs)
            print(
                f"{loop}: {alone:.1f} µs of CPU per request with one worker, {shared:.1f} with two;"
                f" ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f});"
                f" 200 clients: {spread(two, 200)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
