"""The command line for programs that have options of their own beside those of a server.

The command `tremolo` has another, which is stricter: see `tremolo.__main__`.
"""

import sys
from collections.abc import Callable
from typing import Any

from tremolo.config import OPTIONS

__all__ = ("parse_args",)


def parse_args(**callbacks: Callable[..., object]) -> dict[str, Any]:
    """Read the arguments of the process into keyword arguments for `Application.run`.

    For `--name` that is no option of a server, the callback of that name is
    called with the next argument as `value`, and with the `options` so far; if
    it returns something other than None, that is the exit code of the program.
    What is no option is left out. Raises SystemExit with 1 for an option that
    nobody knows, or a value that cannot be, and says so on standard error.
    """
    known = {option.flag: option for option in OPTIONS}
    options: dict[str, Any] = {"host": "127.0.0.1", "port": 8_000, "ssl": {}}
    arguments = iter(sys.argv[1:])
    for argument in arguments:
        name = argument.removeprefix("--").replace("-", "_")
        if not argument.startswith("--"):
            continue
        if name in callbacks:
            code = callbacks[name](value=next(arguments, ""), options=options)
            if code is not None:
                raise SystemExit(code)
            continue
        option = known.get(argument)
        negated = known.get("--" + argument.removeprefix("--no-"))
        if option is None and negated is not None and not negated.unit:
            options[negated.name] = False
        elif option is None:
            _refuse(f'Unrecognized option "{argument}"')
        elif not option.unit:
            options[name] = True
        else:
            text = next(arguments, "")
            try:
                option.read(text)
            except ValueError as error:
                _refuse(f'Invalid {argument} value "{text}". It must be {error}')
            content: str | int = int(text) if text.isdecimal() else text
            if name in ("ssl_cert", "ssl_key"):
                options["ssl"][name.removeprefix("ssl_")] = content
            else:
                options[name] = content
    return options


def _refuse(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    raise SystemExit(1)
