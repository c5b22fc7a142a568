"""Changes the core, one small thing at a time, and sees whether its tests turn red.

Each row of the tables in `states` is removed and redirected; in the files that
judge and choose, each comparison is off by one or inverted and each condition
turned around. A change that no test notices is a survivor: a test is missing,
or the change makes no difference, which `SAME` says of it and why.
"""

import argparse
import compileall
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import h11  # noqa: F401 # See `notice`.
import hypothesis  # noqa: F401
import pytest
import wsproto.connection  # noqa: F401
from mutants import Mutant, logic, tables, unchanged

ROOT = Path(__file__).parent.parent
CORE = ROOT / "src" / "tremolo_core"
TESTS = Path("tests") / "tremolo_core"

CONVERSATIONS = (
    *("test_connection.py", "test_websocket.py", "test_fast_path.py", "test_corpus.py"),
)
"""Whole connections: most of what a module's own tests leave to others is noticed here."""

SECONDS = 100
"""Of processor time: all tests together take less than this."""

MEMORY = 2**31
"""In bytes, of address space."""

SAME: dict[str, str] = {
    'fast_engine.py: return _END if len(raw) <= len(b"\\r\\n") else _end_with_trailers(raw)'
    '  ->  return _END if len(raw) < len(b"\\r\\n") else _end_with_trailers(raw)': (
        "an empty line has no trailers to be found either; it only takes longer"
    ),
}
"""Changes that make no difference, as they are printed but for the number of the line: why."""


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


def tests_of(path: Path) -> list[Sequence[str]]:
    """Which tests to run, those that are likely to notice first."""
    own = f"test_{path.stem.lstrip('_')}.py"
    if path.stem == "states":
        return [(own, "test_websocket_states.py")]
    others = [
        name
        for each in sorted(TESTS.glob("test_*.py"))
        if (name := each.name) not in (own, *CONVERSATIONS)
    ]
    first = [(own,)] if (TESTS / own).exists() else []
    return [*first, [name for name in CONVERSATIONS if name != own], others]


def notice(mutant: Mutant, tests: Sequence[str], place: Path) -> bool:
    """Whether any of `tests` fails with the changed core in `place`."""
    changed = place / "tremolo_core" / mutant.path.name
    changed.write_text(mutant.source, encoding="utf-8")
    # What is imported already, which is much, is not imported for each of hundreds of changes.
    child = os.fork()
    if child == 0:
        # Whoever goes round in circles, or takes all the memory, is ended: that is noticed too.
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        sys.path.insert(0, str(place))
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
            os.dup2(nowhere.fileno(), sys.stderr.fileno())
        options = ("-x", "-q", "--assert=plain", "-p", "no:cacheprovider")
        try:
            os._exit(pytest.main([*options, *(str(TESTS / name) for name in tests)]))
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    # With its times, by which what is compiled of it is known to be of it.
    shutil.copy2(mutant.path, changed)
    return status != 0


def is_same(mutant: Mutant) -> bool:
    """Whether it is known to make no difference."""
    return f"{mutant.path.name}: {mutant.before.strip()}  ->  {mutant.after.strip()}" in SAME


def main() -> None:
    """Try them all; exit with 1 if there is a survivor."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", nargs="+", default=[], help="modules: gate, or gate:105")
    arguments.add_argument("--quick", action="store_true", help="only each file's own tests")
    arguments.add_argument("--list", action="store_true", help="print the changes, run nothing")
    options = arguments.parse_args()

    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["CI"] = "1"  # Properties are tried on the same examples each time.
    chosen = list(mutants(options.only))
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        shutil.copytree(CORE, place / "tremolo_core")
        for each in (place, TESTS):
            compileall.compile_dir(each, quiet=1)
        if not options.list:
            everything = tests_of(CORE / "connection.py")
            assert not notice(unchanged(CORE / "gate.py"), everything[0], place), "red already"
        for mutant in chosen:
            stages = tests_of(mutant.path)[: 1 if options.quick else None]
            if options.list or is_same(mutant):
                print(mutant, "" if options.list else "(makes no difference)")
            elif any(notice(mutant, tests, place) for tests in stages):
                print(f"noticed   {mutant}", flush=True)
            else:
                survivors.append(mutant)
                print(f"SURVIVED  {mutant}", flush=True)
    print(f"{len(chosen)} changes, {len(survivors)} survivors")
    for mutant in survivors:
        print(mutant)
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
