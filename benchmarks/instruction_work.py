"""Does work of which the instructions are counted: the program that runs under callgrind.

`instructions` starts it. All is imported once; then each kind of work is done
twice, a few times and many times, each in a fork of its own that starts from the
same memory. The difference has neither start-up nor first times in it. What the
work is stands in `core_work` and `served_work`, which find the suite's
application by PYTHONPATH.
"""

import gc
import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ("Work", "known", "main")

MODULES = ("core_work", "served_work")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is done so many times, and how often."""

    run: Callable[[int], object]
    few: int
    many: int


def known(modules: Iterable[str] = MODULES) -> dict[str, Work]:
    """All kinds of work by name. A name begins with its module's word, as `core: ` does."""
    return {
        name: work
        for module in modules
        for name, work in importlib.import_module(module).WORK.items()
    }


def in_a_fork(run: Callable[[int], object], count: int) -> int:
    """Do it in a fork of this process; the fork's number. Raises RuntimeError if it fails."""
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"a fork ended with {os.waitstatus_to_exitcode(status)}")
        return child
    try:
        run(count)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main(names: list[str]) -> None:
    """Do each work twice, and print which processes did it, and how many times more the second."""
    # The modules of a whole server take their time under callgrind.
    needed = {f"{'core' if name.startswith('core: ') else 'served'}_work" for name in names}
    kinds = known(sorted(needed))
    gc.collect()
    # What is imported is not looked through again by each collection.
    gc.freeze()
    done = {}
    for name in names:
        work = kinds[name]
        few, many = in_a_fork(work.run, work.few), in_a_fork(work.run, work.many)
        done[name] = {"few": few, "many": many, "more": work.many - work.few}
    print(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1:])
