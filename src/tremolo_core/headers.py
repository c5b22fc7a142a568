"""Header fields as an immutable sequence of name and value pairs.

What a name or a value may contain is the business of `grammar` and `outgoing`.
"""

from collections.abc import Iterable
from typing import Self

__all__ = ("Headers",)


class Headers(tuple[tuple[bytes, bytes], ...]):
    """Fields in the order of the wire: (lower-case name, value) pairs of bytes.

    A field that was sent several times stands here several times.
    """

    __slots__ = ()

    @classmethod
    def of(cls, fields: Iterable[tuple[bytes, bytes]]) -> Self:
        """Take `fields` as they come, with every name put in lower case."""
        return cls((name.lower(), value) for name, value in fields)

    def get(self, name: bytes) -> bytes | None:
        """The value of the first field called `name` (lower case), or None."""
        for key, value in self:
            if key == name:
                return value
        return None

    def get_all(self, name: bytes) -> tuple[bytes, ...]:
        """The values of all fields called `name` (lower case), in order."""
        return tuple(value for key, value in self if key == name)

    def get_list(self, name: bytes) -> tuple[bytes, ...]:
        """The members of a comma-separated field, over all its lines (RFC 9110 5.6.1).

        White space around members is removed, empty members are dropped, the
        case is kept. Only for fields whose members hold no quoted commas.
        """
        members = (
            member.strip(b" \t") for line in self.get_all(name) for member in line.split(b",")
        )
        return tuple(member for member in members if member)

    def has_token(self, name: bytes, token: bytes) -> bool:
        """Whether a list field names `token` (lower case), in whatever case."""
        return any(member.lower() == token for member in self.get_list(name))

    def without(self, *names: bytes) -> "Headers":
        """The same fields but for those called one of `names` (lower case)."""
        return Headers(field for field in self if field[0] not in names)
