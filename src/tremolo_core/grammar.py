"""The grammar of HTTP/1.1 as patterns, named and ordered as in RFC 9110, 9112, 3986 and 6455.

Every repetition that is followed by something it could also match is
possessive, so that no input takes more than linear time. What a well-formed
message may still not say is decided in `head`.
"""

import re
from collections.abc import Iterable

__all__ = (
    "ABSOLUTE_FORM",
    "CHUNK_LINE",
    "CONTENT_LENGTH",
    "EXTENSION",
    "EXTENSION_PARAMETER",
    "FIELD_LINES",
    "FIELD_NAME",
    "FIELD_VALUE",
    "HOST",
    "PLAIN_REQUEST_LINE",
    "REASON_PHRASE",
    "REQUEST_LINE",
    "TRIM_FIELD_LINES",
    "trim_section_of",
)

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""RFC 9110 5.6.2."""

FIELD_NAME = re.compile(_TOKEN)
"""RFC 9110 5.1."""

FIELD_VALUE = re.compile(rb"(?:[\x21-\x7e\x80-\xff][\t\x20-\x7e\x80-\xff]*+(?<![\t\x20]))?")
"""RFC 9110 5.5: no control bytes but TAB, nor white space at either end."""

REASON_PHRASE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
"""RFC 9112 4."""

REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([\x21\x22\x24-\x7e]++) HTTP/([0-9]\.[0-9])\r\n")
"""RFC 9112 3, with single spaces; the target is visible ASCII but for `#`."""

PLAIN_REQUEST_LINE = re.compile(
    rb"(?!CONNECT )(" + _TOKEN + rb") (/[\x21\x22\x24-\x7e]*+) HTTP/1\.1\r\n"
)
"""The same for nearly all requests: a path, and the version that is spoken here."""

FIELD_LINES = re.compile(
    rb"^(" + _TOKEN + rb"):[\t\x20]*+([\t\x20-\x7e\x80-\xff]*+)\r\n", re.MULTILINE
)
"""RFC 9112 5, for `findall`: each match is one whole line, found where a line begins.

So if there are as many matches as line feeds, nothing stands between them.
"""

_TRIM_REST = rb":[\t\x20]*+([\t\x20-\x7e\x80-\xff]*+)(?<![\t\x20])\r\n"

TRIM_FIELD_LINES = re.compile(rb"^(" + _TOKEN + rb")" + _TRIM_REST, re.MULTILINE)
"""The same, but only lines without white space at their end: nearly all there are."""


def trim_section_of(names: Iterable[bytes]) -> re.Pattern[bytes]:
    """The same for a whole section of lines with these names, for `fullmatch`.

    Its groups are the contents. It takes half as long, but a millisecond to make.
    """
    return re.compile(b"".join([re.escape(name) + _TRIM_REST for name in names]) + rb"\r\n")


CONTENT_LENGTH = re.compile(rb"[0-9]{1,18}")
"""RFC 9110 8.6, as far as a signed 64-bit integer is sure to reach."""

CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;[\t\x20-\x7e\x80-\xff]*+)?\r\n")
"""RFC 9112 7.1.1: extensions are passed over, whatever they say without control bytes."""

_PCT_ENCODED = rb"%[0-9A-Fa-f]{2}"
_REG_NAME = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=]++|" + _PCT_ENCODED + rb")++"
_IP_LITERAL = rb"\[(?:[0-9A-Fa-f:.]++|[vV][0-9A-Fa-f]++\.[A-Za-z0-9\-._~!$&'()*+,;=:]++)\]"
_AUTHORITY = rb"(?:" + _IP_LITERAL + rb"|" + _REG_NAME + rb")(?::[0-9]{0,5})?"

HOST = re.compile(_AUTHORITY)
"""RFC 9110 7.2: RFC 3986's host and port, never empty, as an `http` URI has a host."""

ABSOLUTE_FORM = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://(" + _AUTHORITY + rb")(?:[/?].*)?")
"""RFC 9112 3.2.2, for `http` and `https`, without user information (RFC 9110 4.2.4)."""

_OWS = rb"[\t\x20]*+"
_QUOTED = rb'"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*+"'
_EQUALS = _OWS + rb"=" + _OWS
_SEMICOLON = _OWS + rb";" + _OWS
_PARAMETER_VALUE = _TOKEN + rb"|" + _QUOTED
_PARAMETERS = (
    rb"(?:" + _SEMICOLON + _TOKEN + rb"(?:" + _EQUALS + rb"(?:" + _PARAMETER_VALUE + rb"))?+)*+"
)

EXTENSION = re.compile(
    _OWS + rb"(?:(" + _TOKEN + rb")(" + _PARAMETERS + rb")" + _OWS + rb")?+(?:,|\Z)"
)
"""RFC 6455 9.1, one after the other: a name and all its parameters, or an empty list member."""

EXTENSION_PARAMETER = re.compile(
    _SEMICOLON + rb"(" + _TOKEN + rb")(?:" + _EQUALS + rb"(" + _PARAMETER_VALUE + rb"))?+"
)
"""One parameter of an extension, for `findall`: its name, and its value as it stands."""
