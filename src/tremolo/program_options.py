"""The options of a program: where its application is, its event loop and its log.

A server inside somebody's program has none of them.
"""

from .option import Option
from .option_values import read_flag, read_log_format, read_one_of, read_text

__all__ = ("PROGRAM_OPTIONS",)

_LOOP_CLASSES = {
    "asyncio.SelectorEventLoop": "asyncio",
    "asyncio.new_event_loop": "asyncio",
    "uvloop.Loop": "uvloop",
    "uvloop.new_event_loop": "uvloop",
}
"""Loops by what makes them, as in nggit/tremolo."""

_read_loop_name = read_one_of("asyncio", "uvloop", "trio")


def _read_loop(told: object) -> str:
    """The name of an event loop, or a class of such a one."""
    return _read_loop_name(_LOOP_CLASSES.get(told, told) if isinstance(told, str) else told)


PROGRAM_OPTIONS: tuple[Option, ...] = (
    Option(
        name="loop",
        fields=("loop",),
        read=_read_loop,
        unit="NAME",
        help="asyncio, uvloop or trio",
    ),
    Option(
        name="factory",
        fields=("factory",),
        read=read_flag,
        help="APP is a function without parameters that returns the application",
    ),
    Option(
        name="app_dir",
        fields=("app_dir",),
        read=read_text,
        unit="DIRECTORY",
        help="where the module of APP is looked for, by default in the current directory",
    ),
    Option(
        name="env_file",
        fields=("env_file",),
        read=read_text,
        unit="FILE",
        help="a file of environment variables, NAME=value a line, which are set before APP is"
        " loaded, unless they are set already",
    ),
    Option(
        name="log_level",
        fields=("log_level",),
        read=read_one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        unit="LEVEL",
        help="the least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."
        " By default INFO, and DEBUG with --debug",
    ),
    Option(
        name="log_fmt",
        fields=("log_fmt",),
        read=read_log_format,
        unit="FORMAT",
        help="how a line of the log looks, as Python's logging has it, or `json` for one JSON"
        " object a line",
    ),
    Option(
        name="log_config",
        fields=("log_config",),
        read=read_text,
        unit="FILE",
        help="a file that says everything about logging, for `logging.config`: .json for its"
        " dictConfig, any other for its fileConfig. The level and format above mean nothing then",
    ),
)
