"""Cookies: what a Cookie field says, and what a Set-Cookie field is to say.

After RFC 6265 and, for prefixes, SameSite and Partitioned, what browsers do.
"""

import re
from collections.abc import Iterable
from email.utils import formatdate
from urllib.parse import quote

from tremolo_core import value

from .urlencoded import percent_decoded

__all__ = ("Cookie", "format_cookie", "parse_cookies")

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 6265 4.1.1: a token."""

_ATTRIBUTE = re.compile(r"[ !-:<-~]+")
"""RFC 6265 4.1.1: no control characters and no semicolon; and ASCII alone."""

_NEED_NO_QUOTING = "!#$&'()*+-./:<=>?@[]^_`{|}~"
"""RFC 6265 4.1.1: what a value may have in it, but for the percent sign, as we quote by it."""

_SAMESITE = {"lax": "Lax", "none": "None", "strict": "Strict"}


@value
class Cookie:
    """What a browser is told to keep."""

    name: str
    value: str
    """Any text; it is percent-encoded where a cookie cannot have it as it is."""
    expires: int | None = None
    """Seconds from now; zero or less removes the cookie. None: it ends with the session."""
    max_age: int | None = None
    """The same, for browsers that know both; None is `expires`."""
    path: str | None = "/"
    domain: str | None = None
    """None is this host alone; otherwise all below it too."""
    secure: bool = False
    httponly: bool = False
    samesite: str | None = "Lax"
    """`Lax`, `Strict` or `None`; None says nothing about it."""
    partitioned: bool = False


def parse_cookies(fields: Iterable[bytes]) -> dict[str, list[str]]:
    """Read Cookie fields: the values of each name, in their order, percent-decoded as UTF-8.

    Names are case-sensitive; quotes around a value are dropped. What is no
    pair of a name and a value is passed over.
    """
    cookies: dict[str, list[str]] = {}
    for field in fields:
        for pair in field.decode("latin-1").split(";"):
            name, separator, text = pair.partition("=")
            name, text = name.strip(" \t"), text.strip(" \t")
            if not separator or not name:
                continue
            if len(text) > 1 and text[0] == text[-1] == '"':
                text = text[1:-1]
            cookies.setdefault(name, []).append(percent_decoded(text))
    return cookies


def format_cookie(cookie: Cookie, *, now: float) -> bytes:
    """Return the Set-Cookie field for `cookie`; `now` is in seconds since the epoch.

    Raises ValueError for what cannot stand in one, and for a cookie that
    browsers refuse.
    """
    if _NAME.fullmatch(cookie.name) is None:
        raise ValueError(f"{cookie.name!r} is not the name of a cookie (RFC 6265 4.1.1)")
    parts = [f"{cookie.name}={quote(cookie.value, safe=_NEED_NO_QUOTING)}"]
    if cookie.expires is not None:
        parts.append(f"Expires={formatdate(now + cookie.expires, usegmt=True)}")
    max_age = cookie.expires if cookie.max_age is None else cookie.max_age
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    for name, text in (("Path", cookie.path), ("Domain", cookie.domain)):
        if text is not None:
            if _ATTRIBUTE.fullmatch(text) is None:
                raise ValueError(f"{text!r} cannot be the {name} of a cookie (RFC 6265 4.1.1)")
            parts.append(f"{name}={text}")
    samesite = _read_samesite(cookie.samesite)
    if samesite is not None:
        parts.append(f"SameSite={samesite}")
    for name, wanted in (
        ("Secure", cookie.secure),
        ("HttpOnly", cookie.httponly),
        ("Partitioned", cookie.partitioned),
    ):
        if wanted:
            parts.append(name)
    _refuse_as_browsers_do(cookie, samesite)
    return "; ".join(parts).encode("ascii")


def _read_samesite(samesite: str | None) -> str | None:
    if samesite is None:
        return None
    read = _SAMESITE.get(samesite.lower())
    if read is None:
        raise ValueError(f"the SameSite of a cookie is Lax, Strict or None, not {samesite!r}")
    return read


def _refuse_as_browsers_do(cookie: Cookie, samesite: str | None) -> None:
    name = cookie.name.lower()
    reasons = {
        "SameSite=None": samesite == "None",
        "Partitioned": cookie.partitioned,
        "the name's prefix `__Secure-`": name.startswith("__secure-"),
        "the name's prefix `__Host-`": name.startswith("__host-"),
    }
    for reason, applies in reasons.items():
        if applies and not cookie.secure:
            raise ValueError(f"browsers refuse the cookie {cookie.name!r}: {reason} needs Secure")
    if name.startswith("__host-") and (cookie.path != "/" or cookie.domain is not None):
        raise ValueError(
            f"browsers refuse the cookie {cookie.name!r}: the name's prefix `__Host-` needs the"
            " path / and no domain"
        )
