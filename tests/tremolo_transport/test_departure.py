"""Whom is told that a peer is gone."""

from tremolo_transport.departure import Departure


def test_all_are_called_once_in_their_order_but_for_who_was_taken_back() -> None:
    departure = Departure()
    called: list[str] = []

    def first() -> None:
        called.append("first")
        # Whoever comes while the others are told waits for the next time.
        departure.call(second)

    def second() -> None:
        called.append("second")

    def third() -> None:
        called.append("third")

    for callback in (first, third, second):
        departure.call(callback)
    departure.forget(third)
    departure.forget(third)
    departure.tell()
    assert called == ["first", "second"]
    departure.tell()
    assert called == ["first", "second", "second"]
    departure.tell()
    assert called == ["first", "second", "second"]
