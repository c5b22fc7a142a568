"""How the values of options are read: from the text of a command line, or as they are.

Each function takes either and returns the value for the configuration; its
ValueError says what it takes, as the end of "must be". Which option is read by
which function stands in `config`.
"""

import logging
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

__all__ = (
    "read_count",
    "read_count_or_none",
    "read_duration",
    "read_flag",
    "read_log_format",
    "read_one_of",
    "read_port",
    "read_root_path",
    "read_seconds",
    "read_server_name",
    "read_size",
    "read_size_or_none",
    "read_text",
    "read_texts",
    "read_truth",
    "read_whole",
    "read_workers",
)

_NUMBER = re.compile(r"[0-9]{1,18}")
_FRACTION = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "on", "1", "t", "y"), True),
    **dict.fromkeys(("false", "no", "off", "0", "f", "n"), False),
}
"""As click reads them, and with it uvicorn."""
_FIELD_VALUE = re.compile(rb"|[!-~](?:[ -~]*[!-~])?")


def read_text(told: object) -> str:
    """Any text."""
    if not isinstance(told, str):
        raise ValueError("text")
    return told


def read_texts(told: object) -> tuple[str, ...]:
    """Any text, or several."""
    if isinstance(told, str):
        return (told,)
    if not isinstance(told, Iterable):
        raise ValueError("text")
    return tuple(map(read_text, told))


def read_log_format(told: object) -> str:
    """A format of `logging.Formatter`, or the word `json`."""
    text = read_text(told)
    if text != "json":
        try:
            logging.Formatter(text)
        except ValueError:
            raise ValueError("`json`, or a format of Python's logging") from None
    return text


def read_one_of(*names: str) -> Callable[[object], str]:
    """Return a function that reads one of `names`, in whatever case."""
    by_folded = {name.lower(): name for name in names}

    def read(told: object) -> str:
        name = by_folded.get(told.lower()) if isinstance(told, str) else None
        if name is None:
            raise ValueError(f"one of {', '.join(names)}")
        return name

    return read


def read_flag(told: object) -> bool:
    """True, which is how the command line says that a flag is there, or False."""
    if not isinstance(told, bool):
        raise ValueError("True or False")
    return told


def read_truth(told: object) -> bool:
    """True or False, as they are or in a text that says either in a usual way."""
    if isinstance(told, str):
        told = _TRUTHS.get(told.lower())
    if not isinstance(told, bool):
        raise ValueError("true or false")
    return told


def read_port(told: object) -> int:
    """A TCP port; 0 is one of the system's choice."""
    port = _whole(told)
    if port is None or port > 65_535:
        raise ValueError("a number from 0 to 65535")
    return port


def read_seconds(told: object) -> float | None:
    """Seconds, with a fraction or without; None, in a text `none`, is for ever."""
    if _is_none(told):
        return None
    if isinstance(told, str) and _FRACTION.fullmatch(told):
        told = float(told)
    if isinstance(told, bool) or not isinstance(told, int | float) or not 0 <= told < math.inf:
        raise ValueError("a number of seconds, or none")
    return float(told)


def read_duration(told: object) -> float:
    """Seconds, with a fraction or without, but not for ever."""
    with suppress(ValueError):
        if (seconds := read_seconds(told)) is not None:
            return seconds
    raise ValueError("a number of seconds")


def read_size(told: object) -> int:
    """Bytes, at least one."""
    size = _whole(told)
    if not size:
        raise ValueError("a number of bytes")
    return size


def read_size_or_none(told: object) -> int | None:
    """Bytes; None, in a text `none`, is no limit."""
    if _is_none(told):
        return None
    size = _whole(told)
    if size is None:
        raise ValueError("a number of bytes, or none")
    return size


def read_count(told: object) -> int:
    """How many, at least one."""
    count = _whole(told)
    if not count:
        raise ValueError("a number, at least 1")
    return count


def read_count_or_none(told: object) -> int | None:
    """How many; None, in a text `none` or 0, is no limit."""
    if _is_none(told):
        return None
    return read_whole(told) or None


def read_whole(told: object) -> int:
    """A number that is not negative."""
    number = _whole(told)
    if number is None:
        raise ValueError("a number")
    return number


def read_workers(told: object) -> int:
    """How many processes; a negative number is as many as this process may use processors."""
    if isinstance(told, str) and told.startswith("-"):
        told = -read_whole(told[1:])
    if isinstance(told, int) and not isinstance(told, bool) and told < 0:
        return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return read_whole(told)


def read_root_path(told: object) -> str:
    """A path prefix, as ASGI wants it; empty for none."""
    path = read_text(told)
    if path and (not path.startswith("/") or path.endswith("/")):
        raise ValueError("a path that begins with a slash and does not end with one")
    return path


def read_server_name(told: object) -> bytes:
    """The value of a `Server` field (RFC 9110 10.2.4); empty for no such field."""
    name = told if isinstance(told, bytes) else read_text(told).encode("utf-8")
    if not _FIELD_VALUE.fullmatch(name):
        raise ValueError("visible ASCII")
    return name


def _whole(told: object) -> int | None:
    """A number that is not negative; None for anything else."""
    if isinstance(told, str):
        return int(told) if _NUMBER.fullmatch(told) else None
    return told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else None


def _is_none(told: object) -> bool:
    return told is None or (isinstance(told, str) and told.lower() == "none")
