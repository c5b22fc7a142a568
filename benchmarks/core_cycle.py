"""How many times faster the protocol core is than bare h11 and bare wsproto, row by row.

Each row is a ratio within one run: both sides take turns, piece by piece of a
few milliseconds, so that a machine that slows down slows both, and the median of
the pieces' ratios counts, so that one that was disturbed does not. Both have one
connection that is made, and warm, before; the garbage collector runs as ever
(it has nothing to collect of either). Nothing but the core is measured.
"""

import argparse
import gc
import statistics
import sys
import time
from dataclasses import dataclass

import core_http
import core_websocket
from core_row import Row, Work
from report import spread, write

ROWS = (*core_http.ROWS, *core_websocket.ROWS)

PIECES = 10
"""Of one round."""


def microseconds(work: Work, times: int) -> float:
    """What doing it once takes, of processor time."""
    began = time.process_time()
    work(times)
    return (time.process_time() - began) / times * 1e6


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The figures of one row, one of each a piece."""

    row: Row
    core_us: list[float]
    other_us: list[float]

    @property
    def ratios(self) -> list[float]:
        """How many times faster the core was, piece by piece."""
        return [other / ours for ours, other in zip(self.core_us, self.other_us, strict=True)]

    @property
    def too_slow(self) -> bool:
        """Whether the core has fallen below the floor."""
        return self.row.floor is not None and statistics.median(self.ratios) < self.row.floor

    def line(self) -> str:
        """The row as it is printed."""
        row, ratio = self.row, statistics.median(self.ratios)
        core, other = statistics.median(self.core_us), statistics.median(self.other_us)
        figures = f"{row.name:42} {core:8.2f} {other:9.2f} {row.against:8}{ratio:6.2f}"
        tenths = statistics.quantiles(self.ratios, n=10)
        spreading = f"({tenths[0]:.2f} to {tenths[-1]:.2f})"
        if row.floor is None or row.goal is None:
            return f"{figures} {spreading}"
        verdict = "BELOW" if self.too_slow else "goal" if ratio >= row.goal else ""
        return f"{figures} {spreading:17} {row.floor:5.2f} {row.goal:5.2f}  {verdict}"

    def raw(self) -> dict[str, object]:
        """The row as it is kept."""
        return {
            "row": self.row.name,
            "against": self.row.against,
            "core_us": spread(self.core_us),
            "other_us": spread(self.other_us),
            "ratio": spread(self.ratios),
            "floor": self.row.floor,
            "goal": self.row.goal,
        }


def measure(row: Row, rounds: int) -> Measured:
    """Do both sides' work, in turns."""
    times = max(1, row.times // PIECES)
    row.core(50)
    row.other(50)
    figures = [
        (microseconds(row.core, times), microseconds(row.other, times))
        for _ in range(rounds * PIECES)
    ]
    return Measured(
        row=row, core_us=[ours for ours, _ in figures], other_us=[other for _, other in figures]
    )


def main() -> None:
    """Measure, print, and keep the raw numbers; with `--check`, fail below a floor."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="default: 15")
    arguments.add_argument("--only", default="", help="rows with this in their name")
    arguments.add_argument("--check", action="store_true", help="exit with 1 below a floor")
    options = arguments.parse_args()

    # What lives already is not looked through once more by each collection.
    gc.collect()
    gc.freeze()
    print(f"{'':42} {'core':>8} {'other':>9} {'':8}{'times faster':24} floor  goal")
    table = []
    for row in ROWS:
        if options.only in row.name:
            table.append(measure(row, options.rounds))
            print(table[-1].line(), flush=True)
    print("microseconds; medians of pieces that took turns; eight tenths of their ratios")
    result = {"rows": [measured.raw() for measured in table]}
    print(f"raw numbers: {write('core_cycle', ['tremolo-anyio', 'h11', 'wsproto'], result)}")
    if options.check and any(measured.too_slow for measured in table):
        sys.exit("the core has fallen below a floor")


if __name__ == "__main__":
    main()
