"""Each way to take a mask off does the same."""

import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tremolo_core.masking import Masked, choose, fastest, in_c, in_python

MASK = b"\x01\x23\xfe\x80"


def byte_by_byte(payload: Masked, mask: bytes | bytearray) -> bytes:
    """As RFC 6455 5.3 has it."""
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


@given(st.binary(max_size=40), st.binary(min_size=4, max_size=4))
def test_any_payload(payload: bytes, mask: bytes) -> None:
    expected = byte_by_byte(payload, mask)
    for way in (in_python, fastest(), choose(None)):
        assert way(payload, mask) == expected
        assert way(bytearray(payload), bytearray(mask)) == expected
        assert way(memoryview(payload), mask) == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 4_095, 4_096, 4_097, 4_099, 8_192, 70_000])
def test_any_size(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    payload = payload[:size]
    expected = byte_by_byte(payload, MASK)
    for way in (in_python, fastest(), choose(None)):
        plain = way(payload, MASK)
        assert plain == expected
        assert type(plain) is bytes


def test_c_is_taken_if_it_does_the_same() -> None:
    assert choose(byte_by_byte) is byte_by_byte


def test_and_not_if_it_does_not() -> None:
    def forgetful(payload: Masked, mask: bytes | bytearray) -> bytes:
        return bytes(payload)

    assert choose(forgetful) is choose(None)


def test_c_comes_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("websockets.speedups")
    vars(module)["apply_mask"] = byte_by_byte
    monkeypatch.setitem(sys.modules, "websockets", ModuleType("websockets"))
    monkeypatch.setitem(sys.modules, "websockets.speedups", module)
    assert in_c() is byte_by_byte


def test_and_is_missing_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    assert in_c() is None
