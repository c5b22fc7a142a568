"""Reads in one go the fields that most requests have, by what is known of their names.

The names in a head, and their order, are mostly those of many heads before, so what
follows from them alone is found out once, and if they come often a pattern is made for
them. Only what is right, and nothing out of the
ordinary: all else is left to `head_fields`, which would have said the same.
"""

import re
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TypeAlias

from .errors import RemoteProtocolError
from .grammar import HOST, TRIM_FIELD_LINES, trim_section_of
from .head_fields import NOTED, SECRET, Meaning, meaning_of
from .headers import Headers

__all__ = ("MOST_FIELDS", "Fields", "Names", "read_plainly")

MOST_FIELDS = 48
"""In one head; browsers behind two proxies send 30."""

_Said: TypeAlias = bytes | tuple[bytes, ...]

_DECISIVE = (b"content-length", b"connection")
_USUAL = SECRET.union(_DECISIVE, (b"host",))
"""What is said of most messages, and means the same whatever the method is."""

_MOST_KEPT = 128
_LONGEST_NAMES = 1_024
_LONGEST_CONTENT = 100
"""In bytes. All that is kept is three megabytes at most, then."""

_OFTEN = 500
"""Times, behind which the making of a pattern is a small part of the work that was done."""


class Names:
    """The names of one head or another, and what follows from them alone."""

    __slots__ = ("_seen", "always", "decisive", "host", "lowered", "meanings", "section")

    def __init__(self, lowered: Sequence[bytes]) -> None:
        self.lowered = lowered
        self._seen = 0
        self.section: re.Pattern[bytes] | None = None
        """Matches all lines if these are their names, once these have come often."""
        self.host = lowered.index(b"host")
        """Which of them it is."""
        present = [name for name in _DECISIVE if name in lowered]
        # Of more than one it makes a tuple, and without any it could not be made.
        self.decisive: Callable[[Sequence[bytes]], _Said] = itemgetter(
            *map(lowered.index, present or [b"host"])
        )
        """Takes the contents that decide what all fields mean."""
        self.always: Meaning | None = None
        """What they mean if nothing else decides."""
        if not present:
            self.always = meaning_of(Headers([(name, b"a") for name in lowered]), b"GET", b"1.1")
        key = tuple(present), SECRET.isdisjoint(lowered)
        self.meanings = _meanings.setdefault(key, {})
        """What was found out lately, by what decides it."""

    def note(self, found: Sequence[bytes]) -> None:
        """Note that they have come once more, as they stand in the head."""
        self._seen += 1
        if self._seen == _OFTEN:
            self.section = trim_section_of(found)


Fields: TypeAlias = tuple[bytes, Headers, Meaning, Names | None]
"""The fields of a head: as they came, to the empty line; as they are; what they say; their names
if they were read by them."""

_names: dict[tuple[bytes, ...], Names | None] = {}
"""By the names as they stand in a head; None for those that are left to `head_fields`."""

_meanings: dict[tuple[tuple[bytes, ...], bool], dict[_Said, Meaning]] = {}
"""By the fields that decide, and whether none is secret: the same for all heads that agree."""

_hosts: set[bytes] = set()
"""Contents of Host that lately were found right."""

_join = b"".join


def read_plainly(block: bytes, likely: Names | None) -> Fields | None:
    """Read the field lines of a request of HTTP/1.1, to the empty line that ends them.

    Their names are `likely` to be those of the request before; others take longer.
    None if they are left to others: if there are more than `MOST_FIELDS`, if anything
    is wrong, or if that is in doubt.
    """
    names = likely
    section = None if names is None else names.section
    lines = None if section is None else section.fullmatch(block)
    contents: Sequence[bytes]
    if names is not None and lines is not None:
        contents = lines.groups()
    else:
        # What stands between the lines, a name, its content, and so on.
        parts = TRIM_FIELD_LINES.split(block)
        if _join(parts[::3]) != b"\r\n":
            return None
        found = tuple(parts[1::3])
        try:
            names = _names[found]
        except KeyError:
            names = _learn(found)
        if names is None:
            return None
        names.note(found)
        contents = parts[2::3]
    host = contents[names.host]
    if host not in _hosts and not _learn_host(host):
        return None
    # There are as many of each, and to be asked so takes zip as long again.
    headers = Headers([*zip(names.lowered, contents)])  # noqa: B905
    meaning = names.always
    if meaning is None:
        said = names.decisive(contents)
        meaning = names.meanings.get(said)
        if meaning is None:
            meaning = _find_out(headers)
            if meaning is None:
                return None
            _keep(names.meanings, said, meaning)
    return block, headers, meaning, names


def _learn(found: tuple[bytes, ...]) -> Names | None:
    if len(found) > MOST_FIELDS or sum(map(len, found)) > _LONGEST_NAMES:
        return None
    lowered = tuple(map(bytes.lower, found))
    noted = NOTED.intersection(lowered)
    names = None
    if len(set(lowered)) == len(lowered) and b"host" in noted and noted <= _USUAL:
        names = Names(lowered)
    if len(_names) >= _MOST_KEPT:
        # What is used often comes back at once.
        _names.clear()
    _names[found] = names
    return names


def _learn_host(host: bytes) -> bool:
    if HOST.fullmatch(host) is None:
        return False
    if len(_hosts) >= _MOST_KEPT:
        _hosts.clear()
    if len(host) <= _LONGEST_CONTENT:
        _hosts.add(host)
    return True


def _find_out(headers: Headers) -> Meaning | None:
    try:
        return meaning_of(headers, b"GET", b"1.1")
    except RemoteProtocolError:
        return None


def _keep(meanings: dict[_Said, Meaning], said: _Said, meaning: Meaning) -> None:
    contents = (said,) if isinstance(said, bytes) else said
    if any(len(content) > _LONGEST_CONTENT for content in contents):
        return
    if len(meanings) >= _MOST_KEPT:
        meanings.clear()
    meanings[said] = meaning
