"""Judges the fields and reason phrases that we are about to send: nothing is injected by them."""

from http import HTTPStatus

from .errors import LocalProtocolError
from .grammar import FIELD_NAME, FIELD_VALUE, REASON_PHRASE
from .headers import Headers

__all__ = ("PHRASES", "judged", "reason_phrase")

# Until 3.13 the standard library has four phrases from before RFC 9110.
PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus} | {
    413: b"Content Too Large",
    414: b"URI Too Long",
    416: b"Range Not Satisfiable",
    422: b"Unprocessable Content",
}
"""The registered reason phrase of each status."""


def judged(headers: Headers) -> Headers:
    """The same fields with lower-case names and no white space around values (RFC 9110 5.5).

    Raises LocalProtocolError for a name that is no token, and for a control byte in a value.
    """
    fields = []
    for name, value in headers:
        if FIELD_NAME.fullmatch(name) is None:
            raise LocalProtocolError(f"{name!r} is not a field name")
        stripped = value.strip(b" \t")
        if FIELD_VALUE.fullmatch(stripped) is None:
            # The value may be a secret; its name tells where to look.
            raise LocalProtocolError(f"the value of {name!r} has a control byte, as CR or LF")
        fields.append((name.lower(), stripped))
    return Headers(fields)


def reason_phrase(status: int, reason: bytes) -> bytes:
    """Return `reason`, or if it is empty the registered phrase; raises LocalProtocolError."""
    if REASON_PHRASE.fullmatch(reason) is None:
        raise LocalProtocolError("the reason phrase has a control byte, as CR or LF")
    return reason or PHRASES.get(status, b"")
