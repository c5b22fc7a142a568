"""Runs tests against changed code: in this process as far as only functions were changed.

Everything is imported and collected once. For each change a child of this
process takes the changed code into the functions that are there already, and
runs the tests that call them until one fails. What is changed outside of
functions counts when a module is imported: that takes a process of its own.
"""

import gc
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import pytest
from mutants import Mutant

__all__ = ("Outcome", "Trials")

Place = tuple[str, str]
"""Where some code is: the file's name, and its own."""

_SECONDS = 20
"""Of processor time, beside thrice what the same tests take on the unchanged code."""

_FIRST_SECONDS = 1_000
"""Of processor time, to see which tests call what."""

_MEMORY = 2**31
"""In bytes, of address space."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the tests said to a change."""

    mutant: Mutant
    noticed: bool
    tests: int
    """How many tests there are that could have noticed; 0 if all were asked."""


@dataclass(frozen=True, kw_only=True)
class _Record:
    """What one test did."""

    seconds: float
    called: frozenset[Place]


class Trials:
    """A plugin of pytest that tries changes instead of running the tests once."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        *,
        jobs: int,
        known: Path | None,
        report: Callable[[Outcome], None],
    ) -> None:
        self._mutants = mutants
        self._jobs = jobs
        self._known = known
        """Where it is kept which tests call what, for the next time."""
        self._report = report

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try each change, and report what came of it."""
        records = self._records(session)
        functions = _functions()
        assert functions, "nothing of the core is imported"
        gc.collect()
        gc.freeze()  # So that children need not copy what is there.
        trying: dict[int, tuple[Mutant, int]] = {}
        for mutant in (*self._mutants, None):
            while trying and (mutant is None or len(trying) >= self._jobs):
                child, status = os.wait()
                done, tests = trying.pop(child)
                self._report(Outcome(mutant=done, noticed=status != 0, tests=tests))
            if mutant is None:
                continue
            changed = _changed_functions(mutant)
            items = [] if changed is None else _who_call(changed, session.items, records)
            own = f"test_{mutant.path.stem.lstrip('_')}.py"
            items.sort(key=lambda item: (item.path.name != own, _seconds(item, records)))
            child = os.fork()
            if child == 0:
                asked = items or session.items
                _begin(_SECONDS + int(3 * sum(_seconds(item, records) for item in asked)))
                if changed is None or not items:
                    os._exit(_status_when_imported(mutant, session.config.args))
                for place, code in changed.items():
                    for function in functions.get(place, ()):
                        function.__code__ = code
                _run(session, items)
                os._exit(1 if session.testsfailed else 0)
            trying[child] = (mutant, len(items))
        return True

    def _records(self, session: pytest.Session) -> dict[str, _Record]:
        """What each test does, from the run before if it is kept."""
        if self._known is not None and self._known.exists():
            return _read(self._known)
        with tempfile.TemporaryDirectory() as place:
            path = self._known or Path(place) / "records"
            # Another process, so that it leaves no trace in this one.
            child = os.fork()
            if child == 0:
                _begin(_FIRST_SECONDS)
                try:
                    path.write_bytes(pickle.dumps(_record(session)))
                    os._exit(0)
                finally:
                    os._exit(1)
            _, status = os.waitpid(child, 0)
            if status:
                pytest.exit("without any change there is a test that fails", returncode=2)
            return _read(path)


def _read(path: Path) -> dict[str, _Record]:
    records: dict[str, _Record] = pickle.loads(path.read_bytes())
    return records


def _begin(seconds: int) -> None:
    """Be quiet, and end rather than go round in circles or take all the memory."""
    # Whoever is ended so counts as noticed.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


def _run(session: pytest.Session, items: Sequence[pytest.Item]) -> None:
    for item, following in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return


def _record(session: pytest.Session) -> dict[str, _Record]:
    """Run all tests, and see what code of the core each of them calls."""
    records = {}
    called: set[CodeType] = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        called.add(frame.f_code)

    core = str(Path("src") / "tremolo_core")
    for item, following in zip_longest(session.items, session.items[1:]):
        called.clear()
        began = time.process_time()
        sys.settrace(note)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        sys.settrace(None)
        assert not session.testsfailed
        records[item.nodeid] = _Record(
            seconds=time.process_time() - began,
            called=frozenset(_place(code) for code in called if core in code.co_filename),
        )
    return records


def _place(code: CodeType) -> Place:
    return (Path(code.co_filename).name, code.co_qualname)


def _functions() -> dict[Place, list[FunctionType]]:
    """All functions of the core that there are."""
    found: dict[Place, list[FunctionType]] = {}
    gc.unfreeze()  # What tests have frozen is not among the objects.
    for function in gc.get_objects():
        if type(function) is FunctionType and "tremolo_core" in function.__code__.co_filename:
            found.setdefault(_place(function.__code__), []).append(function)
    return found


def _who_call(
    changed: dict[Place, CodeType], items: Sequence[pytest.Item], records: dict[str, _Record]
) -> list[pytest.Item]:
    """Those of `items` that call what was changed, and those of which nothing is known.

    None at all if no record knows of what was changed: it may be called when it is imported.
    """
    if all(record.called.isdisjoint(changed) for record in records.values()):
        return []
    return [
        item
        for item in items
        if item.nodeid not in records or not records[item.nodeid].called.isdisjoint(changed)
    ]


def _seconds(item: pytest.Item, records: dict[str, _Record]) -> float:
    return records[item.nodeid].seconds if item.nodeid in records else 0.0


def _codes(code: CodeType) -> Iterator[CodeType]:
    inner = (each for each in code.co_consts if isinstance(each, CodeType))
    return chain([code], *map(_codes, inner))


def _changed_functions(mutant: Mutant) -> dict[Place, CodeType] | None:
    """The functions that `mutant` changed, as they are now; None if it changed anything else."""
    name = str(mutant.path)
    before = compile(mutant.path.read_text(encoding="utf-8"), name, "exec")
    after = compile(mutant.source, name, "exec")
    changed = {}
    for old, new in zip(_codes(before), _codes(after), strict=True):
        if _essence(old) != _essence(new):
            if not new.co_flags & 0x0001:  # CO_OPTIMIZED: that of a function
                return None
            changed[_place(new)] = new
    # The code of what a function has in it, a comprehension or a lambda, comes with its own.
    for code in _codes(after):
        if any(_place(each) in changed for each in list(_codes(code))[1:]) and (
            code.co_flags & 0x0001
        ):
            changed[_place(code)] = code
    return changed


def _essence(code: CodeType) -> tuple[object, ...]:
    flat = tuple(each for each in code.co_consts if not isinstance(each, CodeType))
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, repr(flat))


def _status_when_imported(mutant: Mutant, tests: Sequence[str]) -> int:
    """Run `tests`, those of the changed module first, in a new process; return its status."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(mutant.path.parent, Path(place) / "tremolo_core")
        (Path(place) / "tremolo_core" / mutant.path.name).write_text(
            mutant.source, encoding="utf-8"
        )
        own = Path(tests[0]) / f"test_{mutant.path.stem.lstrip('_')}.py"
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        environment = {**os.environ, "PYTHONPATH": place}
        for stage in ([str(own)] if own.exists() else [], tests):
            if stage and subprocess.run([*command, *stage], env=environment).returncode:
                return 1
    return 0
