"""Which of the codings that there are a client likes best (RFC 9110 12.5.3)."""

import re
from collections.abc import Iterable, Sequence

__all__ = ("choose_coding",)

_MEMBER = re.compile(
    rb"[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)"
    rb"(?:[ \t]*;[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?[ \t]*"
)

_ALIASES = {b"x-gzip": b"gzip", b"x-compress": b"compress"}
"""RFC 9110 8.4.1."""


def choose_coding(fields: Iterable[bytes], available: Sequence[bytes]) -> bytes | None:
    """The best of `available`, of equally good ones the first; None is to send it as it is.

    What is no member of such a list is ignored.
    """
    weights = _weights(fields)
    rest = weights.get(b"*", 0.0)
    best, most = None, weights.get(b"identity", 0.0)
    for coding in available:
        weight = weights.get(coding, rest)
        # As it is only if that is liked better.
        if weight > most or (best is None and 0 < weight == most):
            best, most = coding, weight
    return best


def _weights(fields: Iterable[bytes]) -> dict[bytes, float]:
    weights: dict[bytes, float] = {}
    for field in fields:
        for member in field.split(b","):
            found = _MEMBER.fullmatch(member)
            if found is not None:
                name = found[1].lower()
                weights[_ALIASES.get(name, name)] = float(found[2] or 1)
    return weights
