"""How much longer it takes to find one of 10,000 plain routes than one of 10.

A ratio within one run: the rounds of both tables take turns, so that a machine
that slows down slows both. Nothing but the look-up is measured. Each round asks
for a thousand paths of the table, evenly spread over it, as often as it takes.
"""

import argparse
import gc
import statistics
import time
from dataclasses import dataclass

from report import spread, write

from tremolo import Application
from tremolo.routes import Match, RouteTable

SMALL = 10
LARGE = 10_000

_PATHS = 1_000
"""Looked up in turn, in either table: what the processor's caches hold is part of the answer."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table, and what is looked up in it."""

    table: RouteTable
    paths: tuple[bytes, ...]

    def nanoseconds(self, times: int) -> float:
        """What one look-up takes, of processor time."""
        find, paths = self.table.find, self.paths
        began = time.process_time_ns()
        for _ in range(times):
            for path in paths:
                find(path, b"", b"GET")
        return (time.process_time_ns() - began) / (times * len(paths))


async def hello() -> str:
    """Be a handler."""
    return "hello"


def case(routes: int) -> Case:
    """A table of so many plain routes, and paths that are all in it."""
    app = Application()
    for number in range(routes):
        app.add_route(hello, f"/section/{number}/page", methods=["GET"])
    paths = tuple(
        # Of its own, as a request's is; its hash is known from the second time on, in both tables.
        b"/section/%d/page" % (number * routes // _PATHS)
        for number in range(_PATHS)
    )
    table = RouteTable(app.routes)
    for path in paths:
        found = table.find(path, b"", b"GET")
        if not isinstance(found, Match) or found.route.path.encode() != path:
            raise SystemExit(f"{path!r} is not found")
    return Case(table=table, paths=paths)


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="default: 15")
    arguments.add_argument("--times", type=int, default=50, help="thousand look-ups; default: 50")
    options = arguments.parse_args()

    small, large = case(SMALL), case(LARGE)
    # What lives already is not looked through once more by each collection.
    gc.collect()
    gc.freeze()
    few: list[float] = []
    many: list[float] = []
    for _ in range(options.rounds):
        few.append(small.nanoseconds(options.times))
        many.append(large.nanoseconds(options.times))
    ratios = [slow / fast for fast, slow in zip(few, many, strict=True)]
    for routes, figures in ((SMALL, few), (LARGE, many)):
        print(f"{routes:6,} routes {statistics.median(figures):8.0f} ns a look-up")
    print(
        f"{LARGE:,} take {statistics.median(ratios):.2f} times as long as {SMALL}"
        f" ({min(ratios):.2f} to {max(ratios):.2f})"
    )
    result = {"few_ns": spread(few), "many_ns": spread(many), "ratio": spread(ratios)}
    print(f"raw numbers: {write('routing', ['tremolo-anyio'], result)}")


if __name__ == "__main__":
    main()
