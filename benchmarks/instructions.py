"""Counts the instructions of one request, kind by kind, and compares them with the baseline.

They hardly depend on what else the machine does. Counted by callgrind, with
hashes that are the same each time; a count is the difference of a long and a
short run, divided. Exits with 1 if something grew by more than 5 %.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import instruction_baseline
from instruction_work import known

__all__ = ("count", "judge", "main", "total")

_APPS = str(Path(__file__).with_name("apps"))
_CALLGRIND = ("--tool=callgrind", "--quiet")


def count(names: Sequence[str], directory: Path) -> dict[str, int]:
    """The instructions of one request of each kind of work."""
    program = str(Path(__file__).with_name("instruction_work.py"))
    done = subprocess.run(
        [
            *("valgrind", *_CALLGRIND, f"--callgrind-out-file={directory}/%p"),
            *(sys.executable, program, *names),
        ],
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": _APPS},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"what is counted failed with {done.returncode}")
    # Other programs that it started may have printed before.
    processes = json.loads(done.stdout.strip().rpartition("\n")[2])

    def all_of(process: int) -> int:
        return total((directory / f"{process}").read_text("utf-8"))

    return {
        name: round((all_of(runs["many"]) - all_of(runs["few"])) / runs["more"])
        for name, runs in processes.items()
    }


def total(profile: str) -> int:
    """The instructions in all that a profile of callgrind's has."""
    found = re.search(r"^(?:summary|totals): (\d+)", profile, re.MULTILINE)
    if found is None:
        raise ValueError("a profile without a total")
    return int(found[1])


def update(kept: dict[str, Any], python: str, counts: Mapping[str, int], reason: str) -> None:
    """Let the counts be the baseline from now on."""
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    why = {"why": reason, "changed": today, **instruction_baseline.here()}
    instruction_baseline.write(instruction_baseline.updated(kept, python, counts, why))


def judge(kept: Mapping[str, Any], python: str, changes: list[instruction_baseline.Change]) -> None:
    """Exit with 1, and say why, if something grew or has nothing to be compared with."""
    if python not in kept:
        sys.exit(f"there is no baseline for Python {python}: make one with --update 'why'")
    made = kept[python]
    print(f"baseline of {made['changed']}: {made['why']}")
    grown = [change.name for change in changes if change.grew]
    unknown = [change.name for change in changes if change.before is None]
    if grown or unknown:
        for difference in instruction_baseline.differences(made, instruction_baseline.here()):
            print(f"note that {difference}")
    if grown:
        sys.exit(f"more than 5 % grew: {'; '.join(grown)}. If that has to be: --update 'why'")
    if unknown:
        sys.exit(f"not in the baseline: {'; '.join(unknown)}. Add with --update 'why'")


def main() -> None:
    """Count, print, and compare, or keep what was counted."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="", help="work with this in its name")
    arguments.add_argument("--list", action="store_true", help="print the names, count nothing")
    arguments.add_argument("--update", metavar="WHY", help="make it the baseline, for this reason")
    arguments.add_argument("--keep", type=Path, help="a directory for callgrind's profiles")
    options = arguments.parse_args()
    sys.path.append(_APPS)
    names = [name for name in known() if options.only in name]
    if options.list:
        print("\n".join(names))
        return
    if not names:
        sys.exit(f"no work has {options.only!r} in its name: see --list")
    if options.update is not None and not options.update.strip():
        sys.exit("say why the baseline is to change")
    if shutil.which("valgrind") is None:
        sys.exit("this needs valgrind, whose callgrind counts: apt-get install valgrind")

    with tempfile.TemporaryDirectory() as scratch:
        directory = options.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        counts = count(names, directory)
    kept = instruction_baseline.read()
    python = ".".join(platform.python_version_tuple()[:2])
    changes = instruction_baseline.compare(counts, kept.get(python, {}).get("counts", {}))
    print(f"{'instructions of one request':30} {'now':>12} {'baseline':>12}")
    for change in changes:
        print(change.line)
    if options.update is None:
        judge(kept, python, changes)
    else:
        update(kept, python, counts, options.update)


if __name__ == "__main__":
    main()
