"""What an exception is as an answer: its status and its body.

When an answer can still be given, and which error handler may change it, is
decided in `dispatcher`.
"""

import html
import traceback

from .exceptions import HTTPException

__all__ = ("culprit", "default_body", "is_expected", "traceback_page")


def culprit(error: BaseException) -> BaseException:
    """The one exception inside a group of one, however deep; else `error` itself.

    A task group wraps what its tasks raise, also when only one did.
    """
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def is_expected(error: BaseException) -> bool:
    """Whether `error` was raised to be shown to the client, so that nobody need look into it."""
    return isinstance(error, HTTPException) and (error.code < 500 or error.__cause__ is None)


def default_body(failure: HTTPException) -> bytes:
    """The text of `failure`, escaped and encoded as its content type demands.

    Without arguments that is the phrase of its status, never another
    exception's text.
    """
    text = str(failure)
    if not _is_markup(failure.content_type):
        return text.encode(failure.encoding, "replace")
    return html.escape(text).encode(failure.encoding, "xmlcharrefreplace")


def traceback_page(error: BaseException) -> bytes:
    """A page of HTML with the traceback of `error`, for the developer; encoded as UTF-8."""
    lines = "".join(traceback.format_exception(error))
    title = html.escape(f"{type(error).__name__}: {error}")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>'
        f"</head>\n<body>\n<h1>{title}</h1>\n<pre>{html.escape(lines)}</pre>\n</body>\n</html>\n"
    ).encode("utf-8", "backslashreplace")


def _is_markup(content_type: str) -> bool:
    essence = content_type.partition(";")[0].strip().lower()
    return essence in ("text/html", "text/xml", "application/xml") or essence.endswith("+xml")
