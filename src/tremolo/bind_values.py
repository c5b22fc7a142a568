"""How the places to listen at are read, from texts such as `127.0.0.1:8000` or `unix:/run/a.sock`.

Which options say them stands in `listening_options`; other kinds of values are
read in `option_values`.
"""

import re
from collections.abc import Iterable

from tremolo_transport.endpoints import Bind, DescriptorBind, Endpoint, SystemdBind, UnixBind
from tremolo_transport.settings import Listener

from .option_values import read_port

__all__ = ("read_binds", "read_descriptor_bind", "read_mode", "read_owner", "read_path_bind")

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([\w.-]*)):([0-9]+)", re.ASCII)
_DESCRIPTOR = re.compile(r"[0-9]{1,9}")
_MODE = re.compile(r"(?:0o)?[0-7]{1,4}")
_OWNER = re.compile(r"[0-9]{1,9}")

_EXPECTED = "HOST:PORT (an IPv6 address in brackets), unix:PATH, fd://NUMBER or systemd[:NAME]"


def read_binds(told: object) -> tuple[Endpoint | Listener, ...]:
    """Where to listen, from one text with commas, or from several.

    Endpoints and listeners are passed on. What has a slash in it is a path, with
    `unix:` before it or without.
    """
    if isinstance(told, Endpoint | Listener):
        return (told,)
    if isinstance(told, str):
        return tuple(_bind(part.strip()) for part in told.split(","))
    if not isinstance(told, Iterable):
        raise ValueError(_EXPECTED)
    return tuple(bind for part in told for bind in read_binds(part))


def read_path_bind(told: object) -> Endpoint:
    """A path to listen at, also one with commas in it."""
    if not isinstance(told, str) or not told:
        raise ValueError("a path")
    return UnixBind(path=told)


def read_descriptor_bind(told: object) -> Endpoint:
    """The number of a descriptor to listen on."""
    if isinstance(told, bool) or not _DESCRIPTOR.fullmatch(str(told)):
        raise ValueError("the number of a descriptor")
    return DescriptorBind(descriptor=int(str(told)))


def read_mode(told: object) -> int | None:
    """Permissions of a file, as a number or in octal digits."""
    if isinstance(told, str) and _MODE.fullmatch(told):
        return int(told, 8)
    if told is None or (isinstance(told, int) and 0 <= told <= 0o7777):
        return told
    raise ValueError("octal digits such as 660")


def read_owner(told: object) -> int | str | None:
    """A user or a group, by name or number."""
    if isinstance(told, str) and told:
        return int(told) if _OWNER.fullmatch(told) else told
    if told is None or (isinstance(told, int) and not isinstance(told, bool) and told >= 0):
        return told
    raise ValueError("a name or a number")


def _bind(text: str) -> Endpoint:
    kind, colon, rest = text.partition(":")
    if kind == "unix" and rest:
        return UnixBind(path=rest)
    if text.startswith("fd://"):
        return read_descriptor_bind(text.removeprefix("fd://"))
    if "/" in text:
        return UnixBind(path=text)
    if kind == "systemd":
        return SystemdBind(name=rest if colon else None)
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError(_EXPECTED)
    return Bind(host=found[1] or found[2] or "", port=read_port(found[3]))
