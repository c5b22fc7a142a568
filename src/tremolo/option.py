"""What an option is: its name, its other spellings, its unit, where its value stands.

Which options there are is said in the tables of each subject (`app_options`,
`limit_options`, `listening_options`, `program_options`), which `config` puts
together; how a value is read is said in `option_values`.
"""

from collections.abc import Callable

from tremolo_core import value

__all__ = ("Option", "Spelling", "flag_of")


def flag_of(name: str) -> str:
    """How an option of that name is spelled on the command line."""
    return "--" + name.replace("_", "-")


def _as_told(told: object) -> object:
    return told


@value
class Spelling:
    """Another name of an option, such as another server's users know it by."""

    name: str
    """With underscores."""
    unit: str = ""
    """What to write behind the flag; nothing behind a switch."""
    means: Callable[[object], object] = _as_told
    """Makes what the option is told of what this spelling is told."""

    @property
    def flag(self) -> str:
        """How it is spelled on the command line."""
        return flag_of(self.name)


@value
class Option:
    """One thing that can be told, by a keyword argument or on the command line."""

    name: str
    """With underscores; the flag has hyphens in their place."""
    fields: tuple[str, ...]
    """Where it stands in `Config`, with dots between."""
    read: Callable[[object], object]
    """Makes the field's value of the value, or its text; ValueError says what is expected."""
    unit: str = ""
    """What to write behind the flag, for the help. Nothing for a switch: `--x` or `--no-x`."""
    help: str
    spellings: tuple[Spelling, ...] = ()
    repeatable: bool = False
    """Whether it may be given several times, each of which adds to the others."""

    @property
    def flag(self) -> str:
        """How it is spelled on the command line."""
        return flag_of(self.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and behind it those of its other spellings."""
        return (self.name, *(spelling.name for spelling in self.spellings))
