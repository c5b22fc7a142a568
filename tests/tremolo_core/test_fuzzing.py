"""Bytes that a fuzzer found worth keeping, and those it begins with."""

from pathlib import Path

import pytest

from tests.cases import for_each

from .corpus import BAD, BREAKING_OFF, GET, GOOD
from .frame_corpus import BAD as BAD_FRAMES
from .frame_corpus import GOOD as GOOD_FRAMES
from .fuzzing import check

KEPT = Path(__file__).parents[2] / "fuzz" / "corpus"

BEGINNINGS = {
    **{f"good {name}": b"\x00" + good.raw for name, good in GOOD.items()},
    **{f"bad {name}": b"\x01" + bad.raw for name, bad in BAD.items()},
    **{f"broken off {name}": b"\x00" + raw for name, raw in BREAKING_OFF.items()},
    **{f"frame {name}": b"\x80" + raw for name, raw in GOOD_FRAMES.items()},
    **{f"bad frame {name}": b"\x81" + a + b for name, (a, b, _) in BAD_FRAMES.items()},
}


@for_each("raw", BEGINNINGS.values(), ids=BEGINNINGS)
def test_what_the_fuzzer_begins_with(raw: bytes) -> None:
    for places in (bytes(4), b"\x03\x11\x29\x47"):
        check(raw[:1] + places + raw[1:])


def test_who_is_answered_while_it_waits_is_no_find() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    for first in b"\0\1":
        check(bytes((first, len(head), 0, 0, 0)) + head + b"ok" + GET)


@pytest.mark.parametrize("path", sorted(KEPT.glob("*")), ids=lambda path: path.name)
def test_what_it_found(path: Path) -> None:
    check(path.read_bytes())
