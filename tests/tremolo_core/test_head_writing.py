"""Heads and trailers as bytes: to the byte as h11 writes them."""

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core import Headers
from tremolo_core.head_writing import titled, write_fields, write_head

from .corpus import IN_VALUE, TOKEN

FIELDS = Headers(((b"x-y", b"Z"), (b"host", b"a"), (b"x'z_b", b""), (b"host", b"b"), (b"x", b"1")))


def test_names_begin_with_capitals() -> None:
    assert titled(FIELDS) == [
        *((b"X-Y", b"Z"), (b"Host", b"a"), (b"X'Z_B", b""), (b"Host", b"b"), (b"X", b"1"))
    ]


def test_no_fields() -> None:
    assert write_fields(Headers()) == b"\r\n"


def test_fields_keep_their_order_but_host_comes_first() -> None:
    assert write_fields(FIELDS) == b"Host: a\r\nHost: b\r\nX-Y: Z\r\nX'Z_B: \r\nX: 1\r\n\r\n"
    assert write_fields(FIELDS.without(b"host")) == b"X-Y: Z\r\nX'Z_B: \r\nX: 1\r\n\r\n"


@pytest.mark.parametrize("reason", [b"", b"OK", b"Tr\xe8s bien\t!"])
def test_a_head(reason: bytes) -> None:
    assert write_head(200, reason, Headers(((b"x", b"y"),))) == (
        b"HTTP/1.1 200 " + reason + b"\r\nX: y\r\n\r\n"
    )


NAMES = st.sampled_from([b"host", b"x-y", b"x"]) | st.text(
    alphabet=TOKEN.decode("ascii"), min_size=1
).map(lambda name: name.lower().encode("ascii"))
VALUES = st.lists(st.sampled_from([bytes([byte]) for byte in (*IN_VALUE, 0x20, 0x09)])).map(
    lambda parts: b"".join(parts).strip()
)


@given(
    fields=st.lists(
        st.tuples(
            NAMES.filter(lambda name: name not in (b"content-length", b"transfer-encoding")),
            VALUES,
        )
    )
)
def test_h11_writes_the_same(fields: list[tuple[bytes, bytes]]) -> None:
    headers = Headers(fields)
    alone = h11.Connection(h11.SERVER)
    alone.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    alone.next_event()
    hints = h11.InformationalResponse(status_code=103, headers=titled(headers), reason=b"Hints")
    assert write_head(103, b"Hints", headers) == alone.send(hints)
