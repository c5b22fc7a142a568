"""The short way to read fields: the same as the long one where it is taken, and little is kept."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core import Headers, RemoteProtocolError, plain_fields
from tremolo_core.grammar import FIELD_LINES
from tremolo_core.head_fields import Meaning, read_fields
from tremolo_core.plain_fields import MOST_FIELDS, Names, read_plainly

from .corpus import IN_VALUE
from .framing import handshake


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    for kept in (plain_fields._names, plain_fields._meanings, plain_fields._hosts):
        kept.clear()


def block_of(*lines: bytes) -> bytes:
    return b"\r\n".join((*lines, b"", b""))


def read(*lines: bytes) -> Meaning:
    """What they mean, of which the short way must find out as much as the long one."""
    block = block_of(*lines)
    fields = read_plainly(block, None)
    assert fields is not None
    assert fields[:3] == (block, *read_in_full(block))
    return fields[2]


def often(*lines: bytes) -> Names:
    """Their names, for which there is a pattern."""
    names: Names | None = None
    while names is None or names.section is None:
        fields = read_plainly(block_of(*lines), None)
        assert fields is not None
        names = fields[3]
    return names


def read_in_full(block: bytes) -> tuple[Headers, Meaning]:
    lines = [(name, content.rstrip(b" \t")) for name, content in FIELD_LINES.findall(block)]
    return read_fields(lines, b"GET", b"1.1")


def known() -> int:
    """How often it was found out what fields mean."""
    return sum(len(meanings) for meanings in plain_fields._meanings.values())


# The same as the long way.

NAMES = st.sampled_from(
    [
        *(b"Host", b"Host", b"HOST", b"Content-Length", b"content-length", b"Connection"),
        *(b"Cookie", b"Authorization", b"X-Y", b"x-y", b"Accept", b"Expect", b"Upgrade"),
        *(b"Transfer-Encoding", b"Proxy-Authorization", b"A", b"b'c"),
    ]
)
CONTENTS = st.sampled_from(
    [b"", b"a", b"a:1", b"5", b"05", b"x" * 101, b"close", b"keep-alive", b"a, Close", b"chunked"]
) | st.binary(max_size=5).map(lambda some: bytes(byte for byte in some if byte in IN_VALUE))
SPACES = st.sampled_from([b" ", b" ", b"", b"\t ", b" \t"])
LINES = st.tuples(NAMES, st.just(b":"), SPACES, CONTENTS).map(b"".join)
ODD = st.sampled_from(
    [b"a b: c", b": a", b"a : b", b" a: b", b"a: b ", b"a", b"a: \0", b"a: b\nc: d"]
)


@given(
    lines=st.lists(LINES, max_size=5) | st.lists(LINES | ODD, max_size=5),
    host=st.sampled_from([b"Host: a", b"Host: a", b"x: y", b"host: /"]),
    at=st.integers(min_value=0, max_value=5),
)
def test_what_it_reads_is_what_the_long_way_reads(lines: list[bytes], host: bytes, at: int) -> None:
    block = block_of(*lines[:at], host, *lines[at:])
    for _ in range(2):
        fields = read_plainly(block, None)
        assert fields is None or fields[:3] == (block, *read_in_full(block))


@pytest.mark.parametrize(
    "lines",
    [
        (b"Host: a",),
        (b"X-Y:  \t Z z", b"HOST:a:80", b"e:"),
        (b"Content-Length: 5", b"Host: [::1]", b"connection: close"),
        (b"Host: a", b"Cookie: a=b", b"Connection: " + b"x" * 200),
        (b"Host: a", *(b"x%d: y" % number for number in range(MOST_FIELDS - 1))),
        (b"Host: a", b"x" * 1_020 + b": y"),
        (b"Host: " + b"a" * 200, b"x: " + b"y" * 2_000),
    ],
)
def test_what_is_read_the_short_way(lines: tuple[bytes, ...]) -> None:
    for _ in range(2):
        assert isinstance(read(*lines), Meaning)
        fields = read_plainly(block_of(*lines), None)
        assert fields is not None
        assert isinstance(fields[1], Headers)
        # By the pattern, too.
        assert read_plainly(block_of(*lines), often(*lines)) == fields


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (b"X: y",),
        (b"Host: /",),
        (b"Host:",),
        (b"Host: a", b"Host: a"),
        (b"Host: a", b"x: y", b"X: z"),
        (b"Host: a", b"x: y "),
        (b"Host: a", b"x y: z"),
        (b" x: y", b"Host: a"),
        (b"Host: a", b"x: y\nz: 1"),
        (b"Host: a", b"x: y\rz"),
        (b"Host: a", b"Content-Length: x"),
        (b"Host: a", b"Content-Length:"),
        (b"Host: a", b"Expect: 100-continue"),
        (b"Host: a", b"Transfer-Encoding: chunked"),
        (b"Host: a", b"Connection: upgrade", b"Upgrade: h2c"),
        tuple(handshake().split(b"\r\n")[1:-2]),
        (b"Host: a", *(b"x%d: y" % number for number in range(MOST_FIELDS))),
        (b"Host: a", b"x" * 1_021 + b": y"),
    ],
)
def test_what_is_left_to_the_long_way(lines: tuple[bytes, ...]) -> None:
    for _ in range(2):
        assert read_plainly(block_of(*lines), None) is None
    assert known() == 0


def test_a_section_that_does_not_end_is_left_to_others() -> None:
    for likely in (None, often(b"Host: a")):
        assert read_plainly(b"", likely) is None
        assert read_plainly(b"Host: a\r\n", likely) is None


# By a pattern for names that come often.

LIKELY = [
    (b"Host: a",),
    (b"Host: a", b"x-y: 1"),
    (b"x-y: 1", b"HOST: a", b"Content-Length: 5"),
    (b"Host: a", b"Connection: close", b"Content-Length: 5"),
    (b"Host: a", b"Cookie: a=b", b"b'c*+|: 1"),
]


@given(
    likely=st.sampled_from(LIKELY),
    lines=st.lists(st.sampled_from([line for lines in LIKELY for line in lines]) | LINES | ODD),
    exact=st.booleans(),
    contents=st.lists(st.tuples(SPACES, CONTENTS, SPACES), min_size=3, max_size=3),
)
def test_a_pattern_changes_nothing(
    likely: tuple[bytes, ...],
    lines: list[bytes],
    exact: bool,
    contents: list[tuple[bytes, bytes, bytes]],
) -> None:
    names = often(*likely)
    if exact:
        lines = [
            line.partition(b":")[0] + b":" + b"".join(content)
            for line, content in zip(likely, contents, strict=False)
        ]
    block = block_of(*lines)
    assert read_plainly(block, names) == read_plainly(block, None)


@pytest.mark.parametrize("lines", LIKELY)
def test_a_pattern_is_made_once_names_have_come_often(lines: tuple[bytes, ...]) -> None:
    block = block_of(*lines)
    fields = None
    for _ in range(499):
        fields = read_plainly(block, None)
    assert fields is not None
    names = fields[3]
    assert names is not None
    assert names.section is None
    assert often(*lines) is names
    made = names.section
    read_plainly(block, None)
    read_plainly(block, names)
    assert names.section is made


def test_what_matches_the_pattern_is_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    names = often(b"Host: a", b"x: y")
    monkeypatch.setattr(plain_fields, "TRIM_FIELD_LINES", None)
    fields = read_plainly(block_of(b"Host: b", b"x: z"), names)
    assert fields is not None
    assert fields[1] == ((b"host", b"b"), (b"x", b"z"))
    assert fields[3] is names
    assert read_plainly(block_of(b"Host: /", b"x: z"), names) is None


# What is kept.

KNOWN = [(b"Connection: keep-alive",), (b"Connection: close",), (b"Content-Length: 5",)]


@pytest.mark.parametrize("lines", [*KNOWN, *((*known, b"Cookie: a=b") for known in KNOWN)])
def test_what_was_found_out_is_known(lines: tuple[bytes, ...]) -> None:
    found_out = read(b"Host: a", *lines)
    assert known() == 1
    assert read(*lines, b"X: y", b"HOST: another") is found_out
    assert known() == 1


def test_where_nothing_decides_that_is_known_by_the_names() -> None:
    assert read(b"Host: a", b"x: y") is read(b"Host: b", b"x: z")
    assert read(b"Host: a", b"Cookie: a=b") is read(b"Host: b", b"Cookie: c")
    assert known() == 0


@pytest.mark.parametrize(
    ("lines", "others"),
    [
        ((b"Content-Length: 0",), (b"Content-Length: 1",)),
        ((b"Connection: close",), (b"Connection: keep-alive",)),
        ((b"Content-Length: 1",), (b"Content-Length: 1", b"Cookie: a=b")),
        ((b"Content-Length: 1",), (b"Connection: 1",)),
        ((b"Content-Length: 1", b"Connection: 2"), (b"Content-Length: 2", b"Connection: 1")),
    ],
)
def test_each_field_that_decides_makes_a_difference(
    lines: tuple[bytes, ...], others: tuple[bytes, ...]
) -> None:
    assert read(b"Host: a", *lines) != read(b"Host: a", *others)
    assert known() == 2


def test_the_order_of_what_decides_makes_none() -> None:
    lines = (b"Content-Length: 1", b"Connection: close")
    assert read(b"Host: a", *lines) is read(*reversed(lines), b"Host: a")


def test_what_is_wrong_is_never_known() -> None:
    for lines in [(b"Host: /",), (b"Host: a", b"Content-Length: x"), (b"X: y",)]:
        for _ in range(2):
            assert read_plainly(block_of(*lines), None) is None
            with pytest.raises(RemoteProtocolError):
                read_in_full(block_of(*lines))
    assert known() == 0
    assert plain_fields._hosts <= {b"a"}


def test_little_is_known_of_what_differs_each_time() -> None:
    for number in range(1_000):
        lines = (b"Host: %d" % number, b"x%d: y" % number, b"Content-Length: %d" % number)
        assert read(*lines).content_length == number
        assert known() <= 128
        assert len(plain_fields._hosts) <= 128
        assert len(plain_fields._names) <= 128
    assert min(known(), len(plain_fields._hosts), len(plain_fields._names)) > 100


def test_nothing_long_is_kept() -> None:
    for size, kept in ((100, 1), (101, 0)):
        forget()
        read(b"Host: a", b"Connection: " + b"x" * size)
        read(b"Host: a", b"Connection: " + b"x" * size, b"Content-Length: 5")
        read(b"Host: " + b"a" * size)
        assert known() == 2 * kept
        assert len(plain_fields._hosts) == 1 + kept
    forget()
    assert read_plainly(block_of(b"Host: a", b"x" * 1_021 + b": y"), None) is None
    assert not plain_fields._names


def test_no_secret_is_kept() -> None:
    read(b"Host: a", b"Cookie: secret", b"Authorization: secret", b"Content-Length: 5")
    kept = (plain_fields._names, plain_fields._hosts, plain_fields._meanings)
    assert "secret" not in str(kept)
