"""What is agreed on for each offer, and that a bomb is never expanded."""

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core.deflate import (
    Deflater,
    Inflater,
    PerMessageDeflate,
    agree,
    longest,
    parameters,
)
from tremolo_core.errors import LocalProtocolError, RemoteProtocolError

OURS = PerMessageDeflate()
TAIL = b"\x00\x00\xff\xff"

Offer = tuple[tuple[bytes, bytes | None], ...]

SERVER_BITS = b"server_max_window_bits"
CLIENT_BITS = b"client_max_window_bits"
SERVER_ALONE = b"server_no_context_takeover"
CLIENT_ALONE = b"client_no_context_takeover"


def pressed(data: bytes, *, bits: int = 15) -> bytes:
    """A message as a client compresses it."""
    deflater = zlib.compressobj(wbits=-bits)
    return (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def expanded(*messages: bytes) -> list[bytes]:
    """Our messages as a client expands them."""
    inflater = zlib.decompressobj(-15)
    return [inflater.decompress(message + TAIL) for message in messages]


# What is agreed on (RFC 7692 7.1).


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ((), b"; server_max_window_bits=12"),
        (((CLIENT_BITS, None),), b"; server_max_window_bits=12; client_max_window_bits=12"),
        (((CLIENT_BITS, b"15"),), b"; server_max_window_bits=12; client_max_window_bits=12"),
        (((CLIENT_BITS, b"10"),), b"; server_max_window_bits=12; client_max_window_bits=10"),
        (((CLIENT_BITS, b"8"),), b"; server_max_window_bits=12; client_max_window_bits=8"),
        (((SERVER_BITS, b"15"),), b"; server_max_window_bits=12"),
        (((SERVER_BITS, b"9"),), b"; server_max_window_bits=9"),
        (((SERVER_ALONE, None),), b"; server_no_context_takeover; server_max_window_bits=12"),
        (((CLIENT_ALONE, None),), b"; client_no_context_takeover; server_max_window_bits=12"),
        (
            ((CLIENT_BITS, None), (CLIENT_ALONE, None), (SERVER_BITS, b"11"), (SERVER_ALONE, None)),
            (
                b"; server_no_context_takeover; client_no_context_takeover"
                b"; server_max_window_bits=11; client_max_window_bits=12"
            ),
        ),
    ],
)
def test_an_offer_is_taken(offer: Offer, answer: bytes) -> None:
    agreed = agree(OURS, offer)
    assert agreed is not None
    assert parameters(agreed) == answer


def test_what_we_want_holds_for_a_client_that_asks_for_nothing() -> None:
    ours = PerMessageDeflate(
        server_max_window_bits=15,
        client_max_window_bits=9,
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        memory_level=1,
        threshold=0,
    )
    agreed = agree(ours, ())
    # It has not said that it can be told of a window, so it may use the largest.
    assert agreed == PerMessageDeflate(
        server_max_window_bits=15,
        client_max_window_bits=15,
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        memory_level=1,
        threshold=0,
    )
    assert parameters(agreed) == b"; server_no_context_takeover; client_no_context_takeover"


@for_each(
    "offer",
    [
        ((b"unknown", None),),
        ((SERVER_BITS, None),),
        ((SERVER_BITS, b"8"),),
        ((SERVER_BITS, b"7"),),
        ((SERVER_BITS, b"16"),),
        ((SERVER_BITS, b"09"),),
        ((SERVER_BITS, b"+9"),),
        ((SERVER_BITS, b""),),
        ((SERVER_BITS, b"10"), (SERVER_BITS, b"10")),
        ((CLIENT_BITS, b"7"),),
        ((CLIENT_BITS, b"16"),),
        ((CLIENT_BITS, b""),),
        ((CLIENT_BITS, b"010"),),
        ((SERVER_ALONE, b"1"),),
        ((SERVER_ALONE, None), (SERVER_ALONE, None)),
        ((CLIENT_ALONE, b"true"),),
    ],
)
def test_an_offer_is_declined(offer: Offer) -> None:
    assert agree(OURS, offer) is None


@pytest.mark.parametrize(
    "ours",
    [
        PerMessageDeflate(server_max_window_bits=8),
        PerMessageDeflate(server_max_window_bits=16),
        PerMessageDeflate(client_max_window_bits=8),
        PerMessageDeflate(client_max_window_bits=16),
        PerMessageDeflate(memory_level=0),
        PerMessageDeflate(memory_level=10),
    ],
)
def test_what_zlib_cannot_do_is_no_setting(ours: PerMessageDeflate) -> None:
    with pytest.raises(LocalProtocolError, match="9"):
        agree(ours, ())


@pytest.mark.parametrize("bits", [9, 15])
@pytest.mark.parametrize("memory_level", [1, 9])
def test_what_zlib_can_do_is_one(bits: int, memory_level: int) -> None:
    ours = PerMessageDeflate(
        server_max_window_bits=bits, client_max_window_bits=bits, memory_level=memory_level
    )
    assert agree(ours, ()) is not None
    assert expanded(Deflater(ours).part(b"abc" * 100, final=True)) == [b"abc" * 100]


# What the client sends.


def test_messages_share_a_window() -> None:
    client = zlib.compressobj(wbits=-12)
    inflater = Inflater(OURS, limit=None)
    sizes = []
    for _ in range(3):
        message = client.compress(b"the same again") + client.flush(zlib.Z_SYNC_FLUSH)
        sizes.append(len(message))
        assert inflater.inflate(message.removesuffix(TAIL)) + inflater.end_message() == (
            b"the same again"
        )
    assert sizes[1] < sizes[0]


def test_without_takeover_each_message_begins_anew() -> None:
    client = zlib.compressobj(wbits=-12)
    inflater = Inflater(PerMessageDeflate(client_no_context_takeover=True), limit=None)
    first, second = (
        (client.compress(b"the same again") + client.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
        for _ in range(2)
    )
    assert inflater.inflate(first) + inflater.end_message() == b"the same again"
    with pytest.raises(RemoteProtocolError, match="cannot be expanded") as caught:
        inflater.inflate(second)
    assert caught.value.close_code == 1007


@pytest.mark.parametrize(
    "message",
    [
        # RFC 7692 7.2.3.1, 7.2.3.3, 7.2.3.4 and 7.2.3.5.
        bytes.fromhex("f248cdc9c90700"),
        bytes.fromhex("000500faff48656c6c6f00"),
        bytes.fromhex("f348cdc9c9070000"),
        bytes.fromhex("f24805000000ffffcac9c90700"),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 100])
def test_the_examples_of_the_rfc(message: bytes, step: int) -> None:
    inflater = Inflater(OURS, limit=5)
    for _ in range(2):
        got = b"".join(
            inflater.inflate(message[start : start + step])
            for start in range(0, len(message), step)
        )
        assert got + inflater.end_message() == b"Hello"


def test_a_client_may_have_the_smallest_window() -> None:
    agreed = agree(OURS, ((CLIENT_BITS, b"8"),))
    assert agreed is not None
    inflater = Inflater(agreed, limit=None)
    assert inflater.inflate(pressed(b"abc" * 99, bits=9)) + inflater.end_message() == b"abc" * 99


def test_no_more_than_the_window_that_was_agreed_on_is_kept() -> None:
    noise = random.Random(1).randbytes(3_000)
    client = zlib.compressobj(wbits=-15)
    inflater = Inflater(PerMessageDeflate(client_max_window_bits=9), limit=None)
    first, second = (client.compress(noise) + client.flush(zlib.Z_SYNC_FLUSH) for _ in range(2))
    assert inflater.inflate(first) == noise
    with pytest.raises(RemoteProtocolError) as caught:
        inflater.inflate(second)
    assert caught.value.close_code == 1007


@pytest.mark.parametrize("limit", [1, 2, 1_000, 16_384, 100_000])
def test_the_limit_is_exact(limit: int) -> None:
    for data in (b"\x00" * limit, random.Random(1).randbytes(limit)):
        inflater = Inflater(OURS, limit=limit)
        # Message after message, as the count begins anew with each.
        for _ in range(2):
            assert inflater.inflate(pressed(data)) + inflater.end_message() == data
        with pytest.raises(RemoteProtocolError, match=f"more than {limit} bytes") as caught:
            inflater.inflate(pressed(data + b"\x00")) + inflater.end_message()
        assert caught.value.close_code == 1009
        assert caught.value.status is None


def test_an_empty_message_is_within_a_limit_of_nothing() -> None:
    inflater = Inflater(OURS, limit=0)
    assert inflater.inflate(b"\x00") + inflater.end_message() == b""
    with pytest.raises(RemoteProtocolError):
        inflater.inflate(pressed(b"a")) + inflater.end_message()


def test_a_bomb_is_not_expanded() -> None:
    limit = 1 << 20
    bomb = pressed(bytes(40 * limit))
    tracemalloc.start()
    try:
        inflater = Inflater(OURS, limit=limit)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(RemoteProtocolError):
            inflater.inflate(bomb)
        held = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # One step, and zlib's own doubling of its buffer; the copy of `bomb` that waits.
    assert held < 3 * limit + 2 * len(bomb)


def test_final_blocks_without_content_take_no_memory() -> None:
    inflater = Inflater(OURS, limit=10)
    assert inflater.inflate(b"\x03\x00" * 10_000) + inflater.end_message() == b""


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 50))
def test_whatever_a_client_compresses_is_expanded(messages: list[bytes], step: int) -> None:
    client = zlib.compressobj(wbits=-12)
    inflater = Inflater(OURS, limit=300)
    for message in messages:
        wire = (client.compress(message) + client.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
        parts = [inflater.inflate(wire[at : at + step]) for at in range(0, len(wire), step)]
        # zlib's second flush in a row says nothing; a client would send an empty block.
        assert b"".join(parts) + (inflater.end_message() if wire else b"") == message


@given(st.binary(max_size=200))
def test_garbage_is_refused_or_means_something(garbage: bytes) -> None:
    inflater = Inflater(OURS, limit=1_000)
    try:
        assert len(inflater.inflate(garbage) + inflater.end_message()) <= 1_000
    except RemoteProtocolError as error:
        assert error.close_code in (1007, 1009)


# What we send.


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_a_client_reads_what_we_compress(messages: list[bytes], alone: bool) -> None:
    deflater = Deflater(PerMessageDeflate(server_no_context_takeover=alone, threshold=0))
    inflater = zlib.decompressobj(-15)
    for message in messages:
        wire = deflater.whole(message)
        if wire is not None:
            assert len(wire) < len(message)
            assert inflater.decompress(wire + TAIL) == message


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.integers(1, 3))
def test_a_client_reads_each_part_as_it_comes(parts: list[bytes], messages: int) -> None:
    deflater = Deflater(OURS)
    inflater = zlib.decompressobj(-12)
    for _ in range(messages):
        for part in parts[:-1]:
            assert inflater.decompress(deflater.part(part, final=False)) == part
        wire = deflater.part(parts[-1], final=True)
        assert wire
        assert inflater.decompress(wire + TAIL) == parts[-1]


def test_what_is_tiny_or_cannot_be_compressed_is_sent_as_it_is() -> None:
    deflater = Deflater(PerMessageDeflate(threshold=64))
    assert deflater.whole(b"a" * 63) is None
    assert deflater.whole(b"a" * 64) is not None
    noise = random.Random(1).randbytes(1_000)
    assert deflater.whole(noise) is None
    # And it is no part of the window that the client expands with.
    again = deflater.whole(noise + noise)
    assert again is not None
    assert expanded(again) == [noise + noise]


def test_what_compression_makes_no_shorter_is_sent_as_it_is() -> None:
    noise = random.Random(1).randbytes(64)
    for size in range(20):  # Among these are some that come to the same length.
        data = noise + b"a" * size
        pressed = Deflater(PerMessageDeflate()).part(data, final=True)
        sent = Deflater(PerMessageDeflate(threshold=0)).whole(data)
        assert sent == (pressed if len(pressed) < len(data) else None)


def test_our_messages_share_a_window_unless_agreed_otherwise() -> None:
    for alone in (False, True):
        deflater = Deflater(PerMessageDeflate(server_no_context_takeover=alone))
        first, second = (deflater.part(b"the same again", final=True) for _ in range(2))
        assert (second == first) is alone


@given(st.integers(0, 5_000), st.sampled_from([(9, 1), (12, 5), (15, 8)]), st.integers(0, 9))
def test_the_longest_that_a_compressor_makes(
    size: int, memory: tuple[int, int], level: int
) -> None:
    noise = random.Random(size).randbytes(size)
    deflater = zlib.compressobj(level, zlib.DEFLATED, -memory[0], memory[1])
    assert len(deflater.compress(noise) + deflater.flush(zlib.Z_SYNC_FLUSH)) <= longest(size)
