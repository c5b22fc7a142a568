"""Sees to it that a program has the three standard streams, whoever has started it.

What is written to them is decided elsewhere: in `exit_codes` and `log_setup`, and
by the application.
"""

import os
import sys

__all__ = ("open_standard_streams",)


def open_standard_streams() -> None:
    """Open those that are closed, to nothing: some start a daemon so.

    Else the next sockets would get their numbers, and worker processes would take
    those for their standard streams.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free is this one. Workers are to have it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
