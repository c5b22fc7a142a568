"""Files of environment variables, as `--env-file` has them: one `NAME=value` a line.

When they are read is decided in `program`: before the application is loaded.
"""

import os
import re
from collections.abc import Mapping, MutableMapping

__all__ = ("EnvFileError", "load_env_file", "parse_env_file")

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")

_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")

_COMMENT = re.compile(r"\s#")

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
"""What a backslash makes of a letter in double quotes; anything else stands for itself."""


class EnvFileError(ValueError):
    """A line of the file cannot be understood."""


def parse_env_file(text: str) -> dict[str, str]:
    r"""The variables that `text` sets, of which the last counts that has a name.

    Empty lines are left out, and those that begin with `#`. `export` before a name
    says nothing. A value may stand in single quotes, as it is, or in double
    ones, where a backslash goes before a quote or a backslash and makes line
    ends (`\n`). Without quotes it ends at white space with a `#` behind it.
    Nothing is put in for `$NAME`. Raises EnvFileError for any other line.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        value = None if match is None else _value_of(match[2])
        if match is None or value is None:
            raise EnvFileError(f"line {number} is not NAME=value")
        found[match[1]] = value
    return found


def load_env_file(path: str, environment: MutableMapping[str, str] | None = None) -> None:
    """Set what the file sets, but for the variables that are set already.

    In `os.environ`, unless it is told another. Raises OSError, EnvFileError,
    and UnicodeDecodeError for what is no UTF-8.
    """
    target = os.environ if environment is None else environment
    with open(path, encoding="utf-8") as file:
        told: Mapping[str, str] = parse_env_file(file.read())
    for name, value in told.items():
        target.setdefault(name, value)


def _value_of(text: str) -> str | None:
    """What stands behind the equals sign; None if its quotes are not closed."""
    if not text.lstrip().startswith(("'", '"')):
        return _COMMENT.split(text, maxsplit=1)[0].strip()
    match = _QUOTED.fullmatch(text.lstrip())
    if match is None:
        return None
    literal, quoted = match.groups()
    if literal is not None:
        return str(literal)
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), quoted)
