"""Compares servers side by side, kind of work by kind of work: `nox -s bench`.

Each server has an environment of its own, with the latest version that the
package index has. Servers run on one core and the load generator on another.
A round is one measurement of every server, one after the other, so that what
disturbs the machine for a while disturbs them all; then comes the next round.
Figures are medians; lowest and highest stand beside them. At the end stands
which floors were reached.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import verdicts
from figure import Figure, until_at_rest, with_cpu
from floors import FLOORS, wanted
from generator import generator
from report import PUBLISHED, machine, spread, write
from rows import ROWS, Load, Row
from running import Running, cores, install, running, versions
from servers import SERVERS
from transfer import MIB

__all__ = ("QUICK", "THOROUGH", "Profile", "Suite", "able", "chosen", "main")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much is measured."""

    rounds: int = 5
    seconds: float
    """Of a measurement."""
    mib: int
    """Of a transfer."""
    named_only: bool
    """Whether a row has only the servers that its floors name."""


THOROUGH = Profile(seconds=3, mib=512, named_only=False)
QUICK = Profile(seconds=1, mib=64, named_only=True)


def able(name: str, row: str) -> bool:
    """Whether the server can do the row's work, and is there for it."""
    server, work = SERVERS[name], ROWS[row]
    if name in work.without or (work.only and name not in work.only):
        return False
    if server.rows and row not in server.rows:
        return False
    if work.kind == "framework":
        return bool(server.framework)
    return bool(server.tls if work.kind == "tls" else server.asgi)


class Suite:
    """The chosen servers, installed, of which each kind is started once."""

    def __init__(self, names: Sequence[str], environments: Path, load: Load) -> None:
        self.load = load
        programs = {name: install(name, environments) for name in names}
        self.programs = {name: found for name, found in programs.items() if found is not None}
        self.missing = [name for name in names if name not in self.programs]
        self._running: dict[tuple[str, str], Running] = {}
        self._resources = contextlib.ExitStack()
        directory = self._resources.enter_context(tempfile.TemporaryDirectory())
        self._file = Path(directory) / "file"
        self._file.write_bytes(bytes(load.size))

    def close(self) -> None:
        """Stop all that was started."""
        self._resources.close()

    def figure(self, row: Row, name: str, load: Load) -> Figure:
        """What one server reaches now. Raises RuntimeError or OSError if it fails at it."""
        program = self.programs[name]
        if row.fresh:
            with running(name, row.kind, program, self._file) as server:
                return row.measure(server, load)
        key = (row.kind, name)
        if key not in self._running:
            self._running[key] = self._resources.enter_context(
                running(name, row.kind, program, self._file)
            )
        server = self._running[key]
        try:
            return with_cpu(server.pid, lambda: row.measure(server, load))
        finally:
            until_at_rest(server.pid)

    def measure(self, row: Row, names: Sequence[str], rounds: int) -> dict[str, Any]:
        """The row's figures of these servers, and why there are none of some."""
        figures: dict[str, list[Figure]] = {name: [] for name in names}
        failed: dict[str, str] = {}
        rounds = max(rounds, row.rounds)
        # The first round only warms up, where a server stays.
        for number in range(0 if not row.fresh else 1, rounds * row.repeated + 1):
            # Nobody always runs right after the same other one, in an order that stays the same.
            for name in random.Random(number).sample(names, len(names)):
                if name in failed:
                    continue
                load = self.load
                if not number:
                    load = replace(
                        load, seconds=min(0.5, load.seconds), size=min(16 * MIB, load.size)
                    )
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
                name: described(found) for name, found in figures.items() if name not in failed
            },
            "failed": failed,
        }


def described(found: Sequence[Figure]) -> dict[str, Any]:
    """The figures of one server as they are kept."""
    return {
        **spread([figure.value for figure in found]),
        "beside": {
            name: spread([figure.beside[name] for figure in found]) for name in found[0].beside
        },
    }


def show(name: str, measured: dict[str, Any]) -> None:
    """Print one row."""
    print(f"\n{measured['title']} ({name}), {measured['unit']}")
    ranked = sorted(measured["servers"].items(), key=lambda each: each[1]["median"])
    for server, found in ranked if measured["less_is_better"] else reversed(ranked):
        median, lowest, highest = found["median"], found["lowest"], found["highest"]
        span = f"({lowest:,.1f} to {highest:,.1f})"
        beside = "; ".join(
            f"{each}: {what['median']:,.2f}" for each, what in found["beside"].items()
        )
        print(f"  {SERVERS[server].title:28} {median:12,.1f}  {span:26} {beside}", flush=True)
    for server, reason in measured["failed"].items():
        print(f"  {SERVERS[server].title:28} failed: {reason}", flush=True)


def chosen(text: str, known: Sequence[str]) -> list[str]:
    """The names in a list with commas, where `ours` is all that begin with it."""
    names: list[str] = []
    for word in text.split(",") if text else known:
        found = [name for name in known if name == word or name.startswith(f"{word}-")]
        if (word not in known and word != "ours") or not found:
            raise SystemExit(f"{word!r} is none of {', '.join(known)}")
        names += [word] if word in known else found
    return names


def servers_for(row: str, names: Sequence[str], *, named_only: bool) -> list[str]:
    """Those of the servers that the row measures."""
    only = wanted(row) | {*ROWS[row].only} if named_only else {*names}
    return [name for name in names if able(name, row) and name in only]


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="some 20 minutes in all")
    arguments.add_argument("--rounds", type=int, help="default: 5")
    arguments.add_argument("--seconds", type=float, help="of a round; default: 3, quick 1")
    arguments.add_argument("--rows", default="", help=f"of {', '.join(ROWS)}; default: all")
    arguments.add_argument("--servers", default="", help=f"of {', '.join(SERVERS)}; default: all")
    arguments.add_argument("--mib", type=int, help="of a transfer; default: 512, quick 64")
    arguments.add_argument("--rate", type=float, default=1500, help="for latency without hello")
    arguments.add_argument("--publish", action="store_true", help="what `nox -s charts` draws")
    arguments.add_argument("--environments", type=Path, default=Path(".nox/servers"))
    options = arguments.parse_args()

    told = {name: getattr(options, name) for name in ("rounds", "seconds", "mib")}
    profile = replace(
        QUICK if options.quick else THOROUGH,
        **{name: given for name, given in told.items() if given is not None},
    )
    rows = chosen(options.rows, list(ROWS))
    load = Load(seconds=profile.seconds, size=profile.mib * MIB, rate=options.rate)
    names = chosen(options.servers, list(SERVERS))
    each = {
        row: servers_for(row, names, named_only=profile.named_only and not options.servers)
        for row in rows
    }
    needed = [name for name in names if any(name in found for found in each.values())]
    suite = Suite(needed, options.environments.absolute(), load)
    for name in suite.missing:
        print(f"{SERVERS[name].title} is not installed and is left out", flush=True)
    # What was started is stopped, whoever ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    measured: dict[str, Any] = {}
    busy_before = os.getloadavg()
    with contextlib.closing(suite):
        for name in rows:
            able_here = [server for server in each[name] if server in suite.programs]
            measured[name] = suite.measure(
                ROWS[name], able_here, max(profile.rounds, ROWS[name].rounds)
            )
            show(name, measured[name])
            if name == "hello" and "uvicorn" in measured[name]["servers"]:
                load.rate = measured[name]["servers"]["uvicorn"]["median"] / 2
    titles = {name: server.title for name, server in SERVERS.items()}
    path = write(
        "suite",
        ["tremolo-anyio", "anyio", "h11", "wsproto"],
        {
            "hardware": machine(),
            "load_average_before": busy_before,
            "load_average_after": os.getloadavg(),
            "options": {"rounds": profile.rounds, "seconds": profile.seconds, "mib": profile.mib},
            "rate_of_latency": load.rate,
            "load_generator": generator(),
            "pinned": cores() is not None,
            "missing": suite.missing,
            "servers": {
                name: {"title": titles[name], "versions": versions(name, program)}
                for name, program in suite.programs.items()
            },
            "rows": measured,
        },
    )
    found = verdicts.verdicts(FLOORS, measured)
    print("\n" + "\n".join(verdicts.text(found, titles)))
    table = path.with_suffix(".md")
    table.write_text("\n".join(verdicts.markdown(found, titles)) + "\n", encoding="utf-8")
    print(f"\nraw numbers: {path}\nthe table as Markdown: {table}")
    if options.publish:
        shutil.copyfile(path, PUBLISHED)
        print(f"published as {PUBLISHED}: `nox -s charts` draws it")


if __name__ == "__main__":
    main()
