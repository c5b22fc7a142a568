"""Changes the core, one small thing at a time, and sees whether its tests turn red.

Each row of the tables in `states` is removed and redirected; in the files that
judge and choose, each comparison is off by one or inverted and each condition
turned around. A change that no test notices is a survivor: a test is missing,
or the change makes no difference, which `SAME` says of it and why.
"""

import argparse
import os
import shutil
import signal
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

JUDGES = (
    *("answer_head", "fast_engine", "gate", "h11_engine", "head", "head_fields", "incoming"),
    *("outgoing", "plain_answers", "plain_heads", "standing", "waits"),
)

ALL_OF_HTTP = ("test_connection.py", "test_corpus.py", "test_fast_path.py")

SAME: dict[str, str] = {
    'fast_engine.py: return _END if len(raw) <= len(b"\\r\\n") else _end_with_trailers(raw)'
    '  ->  return _END if len(raw) < len(b"\\r\\n") else _end_with_trailers(raw)': (
        "an empty line has no trailers to be found either; it only takes longer"
    ),
}
"""Changes that make no difference, as they are printed but for the number of the line: why."""


def mutants(only: str) -> Iterator[Mutant]:
    """All of them, in files with `only` in their name."""
    if only in "states.py":
        yield from tables(CORE / "states.py")
    for name in JUDGES:
        if only in f"{name}.py":
            yield from logic(CORE / f"{name}.py")


def tests_of(mutant: Mutant) -> list[Sequence[str]]:
    """Which tests to run, those that are likely to notice first."""
    if mutant.path.name == "states.py":
        return [("test_states.py", "test_websocket_states.py")]
    return [(f"test_{mutant.path.name}",), ALL_OF_HTTP]


def notice(mutant: Mutant, tests: Sequence[str], place: Path) -> bool:
    """Whether any of `tests` fails with the changed core in `place`."""
    changed = place / "tremolo_core" / mutant.path.name
    changed.write_text(mutant.source, encoding="utf-8")
    # What is imported already, which is much, is not imported for each of hundreds of changes.
    child = os.fork()
    if child == 0:
        # Whoever goes round in circles is ended, which counts as noticed.
        signal.alarm(600)
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
    shutil.copy(mutant.path, changed)
    return status != 0


def is_same(mutant: Mutant) -> bool:
    """Whether it is known to make no difference."""
    return f"{mutant.path.name}: {mutant.before.strip()}  ->  {mutant.after.strip()}" in SAME


def main() -> None:
    """Try them all; exit with 1 if there is a survivor."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="", help="files with this in their name")
    arguments.add_argument("--quick", action="store_true", help="only each file's own tests")
    arguments.add_argument("--list", action="store_true", help="print the changes, run nothing")
    options = arguments.parse_args()

    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    chosen = list(mutants(options.only))
    survivors = []
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(CORE, Path(place) / "tremolo_core")
        assert not notice(unchanged(CORE / "states.py"), ALL_OF_HTTP, Path(place)), "red already"
        for mutant in chosen:
            stages = tests_of(mutant)[: 1 if options.quick else None]
            if options.list or is_same(mutant):
                print(mutant, "" if options.list else "(makes no difference)")
            elif any(notice(mutant, tests, Path(place)) for tests in stages):
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
