"""Sets up logging for a program: how lines look, on standard error, and from which level on.

A server inside somebody's program leaves logging alone.
"""

import functools
import logging
import sys
import time
from collections.abc import Callable

from .config import Config

__all__ = ("JsonFormatter", "LineFormatter", "set_up_logging")

_FORMAT = "[%(asctime)s] %(levelname)s %(name)s: %(message)s"


@functools.cache
def _encoder() -> Callable[[object], str]:
    """Makes JSON of anything. Few programs need it, and all would wait for its import."""
    import json

    return json.JSONEncoder(default=str).encode


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "message", "taskName"}
"""What every record has; the rest is what its writer has added."""


class LineFormatter(logging.Formatter):
    """The default format: what `logging` makes of it, which it takes three times as long for."""

    def __init__(self) -> None:
        super().__init__(_FORMAT)
        self._second = -1
        self._time = ""
        """That second as text; the access log has many records in one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, or several with a traceback."""
        if record.exc_info or record.exc_text or record.stack_info:
            return super().format(record)
        second = int(record.created)
        if second != self._second:
            self._time = time.strftime(self.default_time_format, self.converter(second))
            self._second = second
        when = f"{self._time},{int(record.msecs):03}"
        return f"[{when}] {record.levelname} {record.name}: {record.getMessage()}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and all that was added to a record.

    Of the access log that is `method`, `target`, `status` and the others.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        from datetime import UTC, datetime

        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told.update((name, text) for name, text in vars(record).items() if name not in _STANDARD)
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = record.stack_info
        return _encoder()(told)


def set_up_logging(config: Config) -> None:
    """Do what `config` says; nothing changes in the formats of a program that has set them up."""
    if config.log_config is not None:
        from logging.config import dictConfig, fileConfig

        if config.log_config.endswith(".json"):
            import json

            with open(config.log_config, encoding="utf-8") as file:
                dictConfig(json.load(file))
        else:
            fileConfig(config.log_config, disable_existing_loggers=False)
        return
    handler = logging.StreamHandler(sys.stderr)
    formatter: logging.Formatter
    match config.log_fmt:
        case "json":
            formatter = JsonFormatter()
        case None:
            formatter = LineFormatter()
        case text:
            formatter = logging.Formatter(text)
    handler.setFormatter(formatter)
    # It does nothing where the user has set up logging already.
    logging.basicConfig(level=config.threshold, handlers=[handler])
    logging.getLogger("tremolo").setLevel(config.threshold)
