"""How much memory the process has."""

from tremolo_transport.memory_use import resident_kib


def test_what_is_taken_is_seen_and_what_is_given_back_is_not() -> None:
    before = resident_kib()
    hoard = bytearray(b"x" * 64 * 1024 * 1024)
    assert resident_kib() - before > 60_000
    del hoard
    assert resident_kib() - before < 30_000
