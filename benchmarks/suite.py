"""Compares servers side by side, kind of work by kind of work: `nox -s bench`.

Each server has an environment of its own, with the latest version that the
package index has. Servers run on one core and the load generator on another.
A round is one measurement of every server, one after the other, so that what
disturbs the machine for a while disturbs them all; then comes the next round.
Figures are medians; lowest and highest stand beside them.
"""

import argparse
import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from generator import generator
from report import machine, spread, write
from rows import ROWS, Load, Row
from running import Running, cores, install, running, versions
from servers import SERVERS
from transfer import MIB

__all__ = ("Suite", "main")


class Suite:
    """The chosen servers, installed, of which each kind is started once."""

    def __init__(self, names: list[str], environments: Path, load: Load) -> None:
        self.names = names
        self.load = load
        self.pythons = {name: install(name, environments) for name in names}
        self._running: dict[tuple[str, str], Running] = {}
        self._resources = contextlib.ExitStack()
        directory = self._resources.enter_context(tempfile.TemporaryDirectory())
        self._file = Path(directory) / "file"
        self._file.write_bytes(bytes(load.size))

    def close(self) -> None:
        """Stop all that was started."""
        self._resources.close()

    def able(self, row: Row) -> list[str]:
        """The servers that can do the work."""
        able = [name for name in self.names if name not in row.without]
        if row.kind == "framework":
            return [name for name in able if SERVERS[name].framework]
        if row.kind == "tls":
            return [name for name in able if SERVERS[name].tls]
        return able

    def figure(self, row: Row, name: str, load: Load) -> float:
        """What one server reaches now. Raises RuntimeError or OSError if it fails at it."""
        if row.fresh:
            with running(name, row.kind, self.pythons[name], self._file) as server:
                return row.measure(server, load)
        key = (row.kind, name)
        if key not in self._running:
            self._running[key] = self._resources.enter_context(
                running(name, row.kind, self.pythons[name], self._file)
            )
        return row.measure(self._running[key], load)

    def measure(self, row: Row, rounds: int) -> dict[str, Any]:
        """The row's figures of all servers, and why there are none of some."""
        figures: dict[str, list[float]] = {name: [] for name in self.able(row)}
        failed: dict[str, str] = {}
        # The first round only warms up, where a server stays.
        for number in range(0 if not row.fresh else 1, rounds + 1):
            for name in [name for name in figures if name not in failed]:
                load = self.load
                if not number:
                    load = Load(seconds=min(0.5, load.seconds), size=load.size, rate=load.rate)
                try:
                    figure = self.figure(row, name, load)
                except (RuntimeError, OSError) as error:
                    if number:
                        failed[name] = f"{error}" or repr(error)
                else:
                    if number:
                        figures[name].append(figure)
        return {
            "title": row.title,
            "unit": row.unit,
            "less_is_better": row.less_is_better,
            "servers": {
                name: spread(found) for name, found in figures.items() if name not in failed
            },
            "failed": failed,
        }


def show(name: str, measured: dict[str, Any]) -> None:
    """Print one row."""
    print(f"\n{measured['title']} ({name}), {measured['unit']}")
    ranked = sorted(measured["servers"].items(), key=lambda each: each[1]["median"])
    for server, found in ranked if measured["less_is_better"] else reversed(ranked):
        median, lowest, highest = found["median"], found["lowest"], found["highest"]
        span = f"({lowest:,.1f} to {highest:,.1f})"
        print(f"  {SERVERS[server].title:28} {median:12,.1f}  {span}", flush=True)
    for server, reason in measured["failed"].items():
        print(f"  {SERVERS[server].title:28} failed: {reason}", flush=True)


def chosen(text: str, known: dict[str, Any]) -> list[str]:
    """The names in a list with commas, where `ours` is all that begin with it."""
    names: list[str] = []
    for word in text.split(",") if text else known:
        found = [name for name in known if name == word or name.startswith(f"{word}-")]
        if (word not in known and word != "ours") or not found:
            raise SystemExit(f"{word!r} is none of {', '.join(known)}")
        names += [word] if word in known else found
    return names


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="default: 5")
    arguments.add_argument("--seconds", type=float, default=3, help="of a round; default: 3")
    arguments.add_argument("--rows", default="", help=f"of {', '.join(ROWS)}; default: all")
    arguments.add_argument("--servers", default="", help=f"of {', '.join(SERVERS)}; default: all")
    arguments.add_argument("--mib", type=int, default=64, help="of a transfer; default: 64")
    arguments.add_argument("--rate", type=float, default=1500, help="for p99 without hello")
    arguments.add_argument("--environments", type=Path, default=Path(".nox/servers"))
    options = arguments.parse_args()

    rows = chosen(options.rows, ROWS)
    load = Load(seconds=options.seconds, size=options.mib * MIB, rate=options.rate)
    suite = Suite(chosen(options.servers, SERVERS), options.environments.absolute(), load)
    measured: dict[str, Any] = {}
    busy_before = os.getloadavg()
    with contextlib.closing(suite):
        for name in rows:
            measured[name] = suite.measure(ROWS[name], options.rounds)
            show(name, measured[name])
            if name == "hello" and "uvicorn" in measured[name]["servers"]:
                load.rate = measured[name]["servers"]["uvicorn"]["median"] / 2
    path = write(
        "suite",
        ["tremolo-anyio", "anyio", "h11", "wsproto"],
        {
            "hardware": machine(),
            "load_average_before": busy_before,
            "options": {**vars(options), "environments": None},
            "rate_of_p99": load.rate,
            "load_generator": generator(),
            "pinned": cores() is not None,
            "servers": {
                name: {"title": SERVERS[name].title, "versions": versions(python)}
                for name, python in suite.pythons.items()
            },
            "rows": measured,
        },
    )
    print(f"\nraw numbers: {path}")


if __name__ == "__main__":
    main()
