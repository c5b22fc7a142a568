"""What applications for nggit/tremolo tell `run` and `listen`, as the options that we have.

What is called the same there and here stands in the tables of `config` only.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from .option_values import read_size
from .settings import AppSettings

__all__ = ("split_unknown", "translated")

_TLS = {"cert": "ssl_cert", "key": "ssl_key", "password": "ssl_keyfile_password"}

_REFUSED = {
    "app": "an ASGI application is mounted, app.mount('/', asgi), or run by tremolo.run(asgi)",
}
"""What would say nothing here, and what says something like it."""


def translated(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same options, with those that have another name here under that.

    Raises TypeError for one that has no meaning here, ValueError for a value
    that cannot be.
    """
    found = dict(options)
    for name in _REFUSED.keys() & found.keys():
        raise TypeError(f"there is no option {name}: {_REFUSED[name]}")
    found.update(_tls(found.pop("ssl", None)))
    if "experimental" in found and found.pop("experimental") is not True:
        raise ValueError(
            "experimental: must be True, as connections are always kept after a chunked request"
        )
    if "max_queue_size" in found:
        pieces = found.pop("max_queue_size")
        if isinstance(pieces, bool) or not isinstance(pieces, int) or pieces < 1:
            raise ValueError(f"max_queue_size: must be a number, at least 1, not {pieces!r}")
        if "read_ahead" in found:
            raise ValueError("max_queue_size: says what read_ahead says too; give one of them")
        found["read_ahead"] = pieces * read_size(
            found.get("buffer_size", AppSettings().buffer_size)
        )
    return found


def _tls(told: object) -> dict[str, object]:
    """What is told of TLS in one mapping, as options of its own."""
    if not told:
        return {}
    if not isinstance(told, Mapping) or not told.keys() <= _TLS.keys():
        raise ValueError(f"ssl: must be a mapping of {', '.join(_TLS)}, not {told!r}")
    return {_TLS[name]: text for name, text in told.items() if text is not None}


def split_unknown(
    options: Mapping[str, Any], known: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options that are `known`, and those that are the application's own.

    Raises TypeError for one that is almost called as a known one is: a mistake.
    """
    names = set(known)
    own = {name: content for name, content in options.items() if name not in names}
    for name in own:
        if close := difflib.get_close_matches(name, names, n=1, cutoff=0.8):
            raise TypeError(f"there is no option {name}; did you mean {close[0]}?")
    return {name: options[name] for name in options if name in names}, own
