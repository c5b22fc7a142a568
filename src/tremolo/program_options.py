"""The options of a program: its event loop and its log.

A server inside somebody's program has none of them.
"""

from .option import Option
from .option_values import read_one_of

__all__ = ("PROGRAM_OPTIONS",)

PROGRAM_OPTIONS: tuple[Option, ...] = (
    Option(
        name="loop",
        fields=("loop",),
        read=read_one_of("asyncio", "uvloop", "trio"),
        unit="NAME",
        help="asyncio, uvloop or trio",
    ),
    Option(
        name="log_level",
        fields=("log_level",),
        read=read_one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        unit="LEVEL",
        help="the least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."
        " By default INFO, and DEBUG with --debug",
    ),
)
