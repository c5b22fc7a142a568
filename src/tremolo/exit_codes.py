"""What a program's end says: to whoever has started it by a number, to people in one line."""

import enum
import sys

__all__ = ("ExitCode", "complain")


class ExitCode(enum.IntEnum):
    """What a program's end says. One that was made to stop at once ends with 128 + the signal."""

    OK = 0
    """It was told to stop, and everything was completed or had its time."""
    FAILED = 1
    """It could not run: an option it does not understand, no application, a taken address."""
    APPLICATION = 3
    """The application failed to start up or to shut down, or to be imported."""
    STUCK = 4
    """It was told to stop, and left something behind that did not end in its time."""


def complain(line: str) -> None:
    """Say why the program ends, in one line on standard error, whatever the log level is."""
    sys.stderr.write(f"tremolo: {line}\n")
