"""Hears what the server only logs as an error, so that a test can be told.

Such as an exception that the framework has answered with a 500, or one in
clean-up, which nobody is there to answer. What a handler raises to the server
is noticed by `observer` itself.
"""

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from .errors import Misbehaviour

__all__ = ("FailureLog",)

_HOUSE = Path(__file__).parents[2]
_OURS = tuple(
    os.path.join(_HOUSE, package, "")
    for package in ("tremolo", "tremolo_asgi", "tremolo_core", "tremolo_transport")
)
"""Where the code stands whose errors count; an application may log errors as it likes."""


class FailureLog(logging.Handler):
    """Calls `note` with each error that Tremolo logs while this is attached."""

    def __init__(
        self, note: Callable[[BaseException], None], *, more: Iterable[logging.Logger] = ()
    ) -> None:
        """Listen to Tremolo's own loggers, and to `more`."""
        super().__init__(level=logging.ERROR)
        self._note = note
        # A logger below another hands its records on to that.
        others = [logger for logger in more if logger.name.partition(".")[0] != "tremolo"]
        self._loggers = [logging.getLogger("tremolo"), *others]

    def attach(self) -> None:
        """Begin to listen."""
        for logger in self._loggers:
            logger.addHandler(self)

    def detach(self) -> None:
        """Listen no more."""
        for logger in self._loggers:
            logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if not os.path.abspath(record.pathname).startswith(_OURS):
            return
        error = record.exc_info[1] if record.exc_info else None
        self._note(Misbehaviour(record.getMessage()) if error is None else error)
