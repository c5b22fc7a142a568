"""What a load generator asks for, in the forms that wrk and `load` take."""

import json
from dataclasses import asdict, dataclass

__all__ = ("Ask",)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request, over and over; `{n}` in the target or the fields counts from 1000000."""

    target: str
    method: str = "GET"
    fields: tuple[str, ...] = ()
    body_size: int = 0
    pipelined: int = 1
    """How many are sent at once."""
    connections: int = 16

    @property
    def text(self) -> str:
        """The request."""
        length = (f"Content-Length: {self.body_size}",) if self.body_size else ()
        lines = (f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1", *self.fields, *length)
        return "\r\n".join((*lines, "", "x" * self.body_size))

    def script(self) -> str:
        """The request as a Lua script for wrk, which sends one at a time."""
        one = " .. n .. ".join(json.dumps(part) for part in self.text.split("{n}"))
        return f"local n = 1000000\nrequest = function() n = n + 1; return {one} end\n"

    def dump(self) -> str:
        """The request as an argument for `load`."""
        return json.dumps(asdict(self))
