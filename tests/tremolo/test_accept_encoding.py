"""What a client likes is what it gets, if there is any."""

from tests.cases import for_each
from tremolo.accept_encoding import choose_coding

ALL = (b"br", b"zstd", b"gzip")


@for_each(
    ("field", "chosen"),
    [
        (b"gzip, deflate, br, zstd", b"br"),
        (b"gzip", b"gzip"),
        (b"GZIP;q=0.5", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"gzip;q=1.0, br;q=0.9", b"gzip"),
        (b"gzip;q=0.8 , zstd ; q=0.9", b"zstd"),
        (b"*", b"br"),
        (b"br;q=0, *;q=0.1", b"zstd"),
        (b"identity, gzip", b"gzip"),
        (b"identity;q=1, gzip;q=0.5", None),
        (b"identity;q=0.5, gzip;q=0.5", b"gzip"),
        (b"gzip;q=0", None),
        (b"*;q=0", None),
        (b"deflate", None),
        (b"", None),
        (b"gzip;q=2", None),
        (b"gzip;level=9", None),
        (b"gzip;q=0.1234", None),
        (b"gz ip, br", b"br"),
    ],
)
def test_the_best_is_chosen(field: bytes, chosen: bytes | None) -> None:
    assert choose_coding([field], ALL) == chosen


def test_without_a_word_it_is_sent_as_it_is() -> None:
    assert choose_coding([], ALL) is None


def test_what_there_is_not_is_not_chosen() -> None:
    assert choose_coding([b"br, gzip;q=0.1"], (b"gzip",)) == b"gzip"
    assert choose_coding([b"br, gzip"], ()) is None


def test_several_lines_are_one_list() -> None:
    assert choose_coding([b"gzip;q=0.1", b"zstd;q=0.2"], ALL) == b"zstd"
