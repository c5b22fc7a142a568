"""Which spellings of a path are the same path, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo.paths import canonical_path, path_segments, read_prefix


@for_each(
    ("path", "canonical"),
    [
        (b"/", b"/"),
        (b"", b"/"),
        (b"///", b"/"),
        (b"/hello", b"/hello"),
        (b"/hello/", b"/hello"),
        (b"//hello//", b"/hello"),
        (b"/a/b/", b"/a/b"),
        (b"/h%65llo", b"/hello"),
        (b"/caf%C3%A9", b"/caf\xc3\xa9"),
        (b"/caf%c3%a9", b"/caf\xc3\xa9"),
        # What is encoded is not structure (RFC 3986 2.2).
        (b"/a%2Fb", b"/a%2Fb"),
        (b"/a%2fb", b"/a%2Fb"),
        (b"/%2Fa", b"/%2Fa"),
        (b"/a%252Fb", b"/a%252Fb"),
        (b"/a%3Fb", b"/a?b"),
        # A percent sign for itself.
        (b"/100%", b"/100%25"),
        (b"/100%25", b"/100%25"),
        (b"/%zz", b"/%25zz"),
        # Nothing is resolved, so nothing is escaped from.
        (b"/a/../b", b"/a/../b"),
        (b"/a/%2E%2E/b", b"/a/../b"),
        (b"/a//b", b"/a//b"),
        (b"/a%00b", b"/a\x00b"),
        (b"/%FF%FE", b"/\xff\xfe"),
    ],
)
def test_a_path_in_its_canonical_spelling(path: bytes, canonical: bytes) -> None:
    assert canonical_path(path) == canonical


@given(st.lists(st.binary(), max_size=4))
def test_every_way_to_encode_a_path_is_the_same_path(segments: list[bytes]) -> None:
    segments = [segment for segment in segments if segment]
    raw = b"/".join(b"".join(b"%%%02X" % byte for byte in segment) for segment in segments)
    decoded = canonical_path(raw)
    assert decoded.count(b"/") == max(1, len(segments))
    assert canonical_path(decoded) == decoded


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        (b"/", ()),
        (b"", ()),
        (b"//", ()),
        (b"/a", (b"a",)),
        (b"//a/b//", (b"a", b"b")),
        (b"/a//b", (b"a", b"", b"b")),
        (b"/%61%2fb/%C3%A9", (b"a%2Fb", b"\xc3\xa9")),
    ],
)
def test_the_segments_of_a_path(path: bytes, segments: tuple[bytes, ...]) -> None:
    assert path_segments(path) == segments


def test_a_prefix_is_a_literal_path() -> None:
    assert read_prefix("/api/v1/") == (b"api", b"v1")
    assert read_prefix("/") == ()
    assert read_prefix("/" + "x" * 254) == (b"x" * 254,)


@pytest.mark.parametrize("prefix", ["", "api", "/" + "x" * 255, "/{id}", "/a}", b"/api", None, 5])
def test_what_is_no_prefix(prefix: object) -> None:
    with pytest.raises(ValueError, match="prefix"):
        read_prefix(prefix)
