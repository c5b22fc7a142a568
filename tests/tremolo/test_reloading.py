"""Code that is saved is noticed. What a program does then: tests/processes."""

import py_compile
import queue
from pathlib import Path

import pytest

from tremolo.reloading import can_watch, watching

PATIENCE = 60.0

pytestmark = pytest.mark.skipif(not can_watch(), reason="watchfiles is not installed")


def test_python_that_is_saved_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    told: queue.SimpleQueue[None] = queue.SimpleQueue()
    with watching([str(tmp_path)], lambda: told.put(None)):
        while told.empty():
            # The watch begins at some time in its own thread.
            (tmp_path / "app.py").write_text("x = 1\n", encoding="utf-8")
    while not told.empty():
        told.get(timeout=PATIENCE)
    with watching([str(tmp_path)], lambda: told.put(None)):
        (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert told.empty()


def test_what_is_saved_again_within_a_second_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "app.py"
    path.write_text("x = 1\n", encoding="utf-8")
    cached = Path(py_compile.compile(str(path), doraise=True) or "")
    assert cached.exists()
    gone: queue.SimpleQueue[bool] = queue.SimpleQueue()
    with watching([str(tmp_path)], lambda: gone.put(not cached.exists())):
        while gone.empty():
            # As long as before, and as far as whole seconds tell perhaps at the same time.
            path.write_text("x = 2\n", encoding="utf-8")
    assert gone.get()
