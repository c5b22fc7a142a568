"""The command line: `python3 -m tremolo [OPTIONS] APP`, also installed as `tremolo`.

Its options are those of the table in `config`; what they do is done by
`program`, and what APP means is said in `loader`.
"""

import argparse
import functools
import traceback
from collections.abc import Sequence
from typing import NoReturn

from . import loader, program
from ._version import __version__
from .config import OPTIONS, ConfigError, Option, configure
from .program import ExitCode, complain

__all__ = ("main",)

_DESCRIPTION = """\
Serve an ASGI application, or a Tremolo application, over HTTP.

APP is MODULE:NAME or FILE.py:NAME; NAME is `app` if it is left out.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the given arguments, or those of the process.

    Returns the exit code; raises nothing that an argument or an application
    is to blame for.
    """
    try:
        told = vars(_parser().parse_args(argv))
    except _Refused as refused:
        return _refuse(str(refused))
    except SystemExit:
        return ExitCode.OK  # after --help and --version
    target = told.pop("APP")
    try:
        config = configure(told)
    except ConfigError as error:
        return _refuse(f"--{error.option.replace('_', '-')} {error.reason}")
    try:
        return program.run(functools.partial(loader.build, target, config), config)
    except loader.ModuleFailed as error:
        traceback.print_exception(error.__cause__)
        complain(str(error))
        return ExitCode.APPLICATION
    except loader.LoadError as error:
        complain(str(error))
        return ExitCode.FAILED


class _Refused(Exception):
    """What argparse does not understand."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _Refused(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="tremolo",
        usage="tremolo [OPTIONS] APP",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("APP", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"tremolo {__version__}")
    for option in OPTIONS:
        if not option.unit:
            parser.add_argument(option.flag, help=_help(option), action="store_true")
        else:
            # Of options that are given twice the last one counts, but for `bind`.
            action = "append" if option.name == "bind" else "store"
            parser.add_argument(option.flag, help=_help(option), action=action, metavar=option.unit)
    return parser


def _help(option: Option) -> str:
    """What is said of `option`, with its default if it has one that can be written."""
    default = option.defaults[0] if len(option.defaults) == 1 else None
    match default:
        case bytes():
            text = default.decode("ascii")
        case float():
            text = f"{default:g}"
        case None | False | "" | ():
            return option.help
        case _:
            text = str(default)
    return f"{option.help} (default: {text})"


def _refuse(message: str) -> int:
    complain(f'{message}. Use "--help" for help')
    return ExitCode.USAGE


if __name__ == "__main__":
    raise SystemExit(main())
