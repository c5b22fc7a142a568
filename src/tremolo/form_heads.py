"""What a form says about itself and its parts before their data: types, boundaries, names.

Pure. The parts are told apart in `multipart_decoder`.
"""

import re
from urllib.parse import unquote_to_bytes

from tremolo_core import value

from .exceptions import BadRequest

__all__ = ("FORM", "MULTIPART", "MediaType", "PartHead", "read_boundary", "read_media_type")

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_PARAMETER = re.compile(
    r";[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*"
    r'(?:"((?:[^"\\]|\\.)*)"(?=[ \t]*(?:;|$))'
    # A browser does not escape a backslash, not even the last character of a file's name.
    r'|"([^"]*)"(?=[ \t]*(?:;|$))'
    r"|([^;\"]*))",
    re.DOTALL,
)
"""RFC 9110 5.6.6, and what browsers send."""

_ESCAPED = re.compile(r"(?:%[89A-F][0-9A-F])+|%22|%0D|%0A", re.IGNORECASE)
"""What stands for another character in a name; see `_unescape`."""

_EXTENDED = re.compile(r"(utf-8|iso-8859-1)'[^']*'([!#$&+\-.^_`|~0-9A-Za-z%]*)", re.IGNORECASE)
"""RFC 8187 3.2.1."""

_BOUNDARY = re.compile(r"[ -~]{0,69}[!-~]")
"""RFC 2046 5.1.1 allows fewer characters, but clients know only its length."""


@value
class MediaType:
    """The value of a Content-Type field."""

    essence: str
    """Such as `text/plain`, in lower case."""
    parameters: tuple[tuple[str, str], ...] = ()
    """By lower-case name, in their order."""

    def get(self, name: str) -> str | None:
        """The value of the first parameter called `name`."""
        return next((found for key, found in self.parameters if key == name), None)


@value
class PartHead:
    """The head of one part of a form."""

    name: str
    """Of the form's field."""
    filename: str | None
    """As the client sent it, so never to be used as a path; None if this is no file."""
    content_type: str | None
    headers: tuple[tuple[str, str], ...]
    """All fields of the head, in their order."""

    @classmethod
    def of(cls, headers: tuple[tuple[str, str], ...]) -> "PartHead":
        """Read `headers`. Raises BadRequest if they do not name the field (RFC 7578 4.2)."""
        disposition: MediaType | None = None
        content_type: str | None = None
        for field, text in headers:
            match field.lower():
                case "content-disposition":
                    disposition = read_media_type(text)
                case "content-type":
                    content_type = text
        if disposition is None or disposition.essence != "form-data":
            raise BadRequest("malformed multipart/form-data: a part that is none of a form")
        name = disposition.get("name")
        if name is None:
            raise BadRequest("malformed multipart/form-data: a part without a name")
        filename = disposition.get("filename")
        # RFC 7578 4.2 has clients not send it; those that do mean it.
        extended = _read_extended(disposition.get("filename*"))
        if extended is not None:
            filename = extended
        elif filename is not None:
            filename = _unescape(filename)
        return cls(
            name=_unescape(name), filename=filename, content_type=content_type, headers=headers
        )


def read_media_type(text: str) -> MediaType:
    """Read a value with parameters; what is none of them is passed over."""
    essence, semicolon, rest = text.partition(";")
    found = _PARAMETER.finditer(semicolon + rest)
    return MediaType(
        essence=essence.strip().lower(),
        parameters=tuple((match[1].lower(), _parameter_value(match)) for match in found),
    )


def read_boundary(media_type: MediaType) -> bytes:
    """The boundary of a multipart body. Raises BadRequest if there is none that can be."""
    boundary = media_type.get("boundary")
    if boundary is None or not _BOUNDARY.fullmatch(boundary):
        raise BadRequest("missing boundary")
    return boundary.encode("ascii")


def _parameter_value(match: re.Match[str]) -> str:
    quoted, raw, token = match[2], match[3], match[4]
    if quoted is not None:
        # What escapes a quotation mark escapes backslashes too (RFC 9110 5.6.4).
        return re.sub(r"\\(.)", r"\1", quoted) if '\\"' in quoted else quoted
    return raw if raw is not None else token.strip()


def _unescape(text: str) -> str:
    """Undo what browsers do to a name, and what RFC 7578 4.2 allows to be done to others.

    Browsers escape a quotation mark and line ends, and nothing else, so that a
    percent sign may stand for itself. Percent-encoded UTF-8 of characters
    beyond ASCII is what RFC 7578 2 describes.
    """
    return _ESCAPED.sub(_unescaped, text) if "%" in text else text


def _unescaped(match: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(match[0]).decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _read_extended(text: str | None) -> str | None:
    """The text of an extended value, or None if it is none, and so to be ignored."""
    match = None if text is None else _EXTENDED.fullmatch(text)
    if match is None:
        return None
    try:
        return unquote_to_bytes(match[2]).decode(match[1])
    except UnicodeDecodeError:
        return None
