"""The command line: `python3 -m tremolo [OPTIONS] APP`, also installed as `tremolo`.

Its options are those of the table in `config`; what they do is done by
`program`, and what APP means is said in `loader`.
"""

import argparse
import functools
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from . import loader, program
from ._version import __version__
from .config import OPTIONS, Config, ConfigError, configure, defaults_of
from .exit_codes import ExitCode, complain
from .last_threads import end_soon
from .option import Option, Spelling, flag_of
from .shared_locks import share_locks
from .standard_streams import open_standard_streams

__all__ = ("command", "main")

_DESCRIPTION = """\
Serve an ASGI application, or a Tremolo application, over HTTP.

APP is MODULE:NAME or FILE.py:NAME; NAME is `app` if it is left out. `tremolo routes APP`
prints the routes of a Tremolo application instead of serving it.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the given arguments, or those of the process.

    Returns the exit code; raises nothing that an argument or an application
    is to blame for.
    """
    open_standard_streams()
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) == 2 and arguments[0] == "routes":
        from .route_listing import list_routes

        code, table = list_routes(arguments[1])
        sys.stdout.write(table)
        return code
    try:
        told, unknown = _parser().parse_known_args(argv)
        config, target = _understand(vars(told), unknown)
    except _Refused as refused:
        complain(f'{refused}. Use "--help" for help')
        return ExitCode.FAILED
    except SystemExit:
        return ExitCode.OK  # after --help and --version
    with share_locks(config) as config:
        build = functools.partial(loader.build, target, config)
        return program.run(build, config, may_fork=argv is None)


def _understand(told: dict[str, Any], unknown: list[str]) -> tuple[Config, str]:
    """What is to be run, and the application's place. Raises _Refused."""
    for argument in unknown:
        if argument.startswith("-"):
            raise _Refused(f'Unrecognized option "{argument.partition("=")[0]}"')
    target = told.pop("APP")
    if target is None:
        raise _Refused("You must specify APP")
    if unknown:
        raise _Refused(f'"{unknown[0]}" is one argument too many behind APP, "{target}"')
    try:
        return configure(told), target
    except ConfigError as error:
        flag, given = flag_of(error.option), told[error.option]
        if error.wanted is None:
            raise _Refused(f"{flag} {error.reason}") from None
        text = ",".join(given) if isinstance(given, list) else given
        raise _Refused(f'Invalid {flag} value "{text}". It must be {error.wanted}') from None


class _Refused(Exception):
    """What cannot be understood, as one sentence without a full stop."""


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
    parser.add_argument("APP", help=argparse.SUPPRESS, nargs="?", default=None)
    parser.add_argument("--version", action="version", version=f"tremolo {__version__}")
    for option in OPTIONS:
        _add(parser, option, help=_help(option), repeatable=option.repeatable)
        for spelling in option.spellings:
            _add(parser, spelling, help=f"the same as {option.flag}", repeatable=option.repeatable)
    return parser


def _add(
    parser: argparse.ArgumentParser, option: Option | Spelling, *, help: str, repeatable: bool
) -> None:
    if not option.unit:
        parser.add_argument(option.flag, help=help, action=argparse.BooleanOptionalAction)
    else:
        # Of options that are given twice the last one counts, unless they can be repeated.
        action = "append" if repeatable else "store"
        parser.add_argument(option.flag, help=help, action=action, metavar=option.unit)


def _help(option: Option) -> str:
    """What is said of `option`, with its default if it has one that can be written."""
    defaults = defaults_of(option)
    match defaults[0] if len(defaults) == 1 else None:
        case None | False | "" | () | b"":
            return option.help
        case bytes(name):
            text = name.decode("ascii")
        case float(seconds):
            text = f"{seconds:g}"
        case True:
            text = "on"
        case tuple(names):
            text = ",".join(names)
        case default:
            text = str(default)
    return f"{option.help} (default: {text})"


def command() -> int:
    """As `main`, for a process that has nothing else to do."""
    code = main()
    end_soon(code)
    return code


if __name__ == "__main__":
    raise SystemExit(command())
