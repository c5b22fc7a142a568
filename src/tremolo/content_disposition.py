"""The field that says under which name a body is to be saved (RFC 6266, RFC 8187)."""

import re
from urllib.parse import quote

__all__ = ("content_disposition",)

_AS_IT_IS = re.compile(r"[ !#$&'()+,\-.0-9;=@A-Z\[\]^_`a-z{}~]+")
"""What may stand in quotes and means the same to every client: no quote, backslash, percent."""

_ATTR_CHARS = "!#$&+-.^_`|~"
"""RFC 8187 3.2.1, besides letters and digits."""

_UNFIT = re.compile(r"[^ !#$&'()+,\-.0-9;=@A-Z\[\]^_`a-z{}~]")

_SEPARATORS = re.compile(r"[/\\\x00-\x1f\x7f]")


def content_disposition(filename: str, *, kind: str = "attachment") -> bytes:
    """The value of Content-Disposition for a body to be saved as `filename`.

    Control characters and separators of directories become underscores; clients
    that know only ASCII see one in place of every other character that they
    could take for something else.
    """
    filename = _SEPARATORS.sub("_", filename)
    if _AS_IT_IS.fullmatch(filename):
        return f'{kind}; filename="{filename}"'.encode("ascii")
    plain = _UNFIT.sub("_", filename)
    extended = quote(filename.encode("utf-8", "surrogateescape"), safe=_ATTR_CHARS)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{extended}".encode("ascii")
