"""Changes the core, one small thing at a time, and sees whether its tests turn red.

Each row of the tables in `states` is removed and redirected; in the files that
judge and choose, each comparison is off by one or inverted and each condition
turned around. A change that no test notices is a survivor: a test is missing,
or the change makes no difference, which `SAME` says of it and why.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from mutants import Mutant, logic, tables
from same import SAME
from trying import Outcome, Trials

ROOT = Path(__file__).parent.parent
CORE = ROOT / "src" / "tremolo_core"
TESTS = Path("tests") / "tremolo_core"


def mutants(only: Sequence[str]) -> Iterator[Mutant]:
    """All of them, or those in the modules named in `only`, each with or without a line."""
    for path in sorted(CORE.glob("*.py")):
        lines = [
            line for name, _, line in (each.partition(":") for each in only) if name == path.stem
        ]
        if only and not lines:
            continue
        found = [*(tables(path) if path.stem == "states" else ()), *logic(path)]
        for mutant in sorted(found, key=lambda mutant: mutant.line):
            if not lines or "" in lines or str(mutant.line) in lines:
                yield mutant


def is_same(mutant: Mutant) -> bool:
    """Whether it is known to make no difference."""
    return mutant.result in SAME


def main() -> None:
    """Try them all; exit with 1 if there is a survivor."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", default=[], help="modules: gate, or gate:105")
    arguments.add_argument("--tests", nargs="+", default=[TESTS], help="the tests to run")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many at once")
    arguments.add_argument("--known", type=Path, help="where to keep which tests call what")
    arguments.add_argument("--list", action="store_true", help="print the changes, run nothing")
    options = arguments.parse_args()

    os.chdir(ROOT)
    chosen = list(mutants(options.only))
    if options.list:
        print(*chosen, sep="\n")
        return
    if old := SAME.keys() - {each.result for each in mutants([])}:
        print("said to make no difference, but not there any more:", *old, sep="\n")
    survivors = []

    def report(outcome: Outcome) -> None:
        if not outcome.noticed:
            survivors.append(outcome.mutant)
        said = "noticed  " if outcome.noticed else "SURVIVED "
        print(said, outcome.mutant, "" if outcome.noticed else f"({outcome.tests} tests)")

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["CI"] = "1"  # Properties are tried on the same examples each time.
    tried = [mutant for mutant in chosen if not is_same(mutant)]
    quietly = ("-q", "-s", "--assert=plain", "-p", "no:cacheprovider")
    # Many at once may take longer than a test otherwise should.
    ended = pytest.main(
        [*quietly, "-o", "faulthandler_timeout=0", *map(str, options.tests)],
        plugins=[Trials(tried, jobs=options.jobs, known=options.known, report=report)],
    )
    if ended not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        sys.exit(ended)
    print(f"{len(chosen)} changes, {len(chosen) - len(tried)} of them the same,", end=" ")
    print(f"{len(survivors)} survivors", *survivors, sep="\n")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
