"""Messages in one part and in many, told as a whole or part by part."""

import tracemalloc

import pytest

from tremolo_core.events import BytesMessage, TextMessage
from tremolo_core.message_assembly import MessageAssembly

Message = TextMessage | BytesMessage


def text(text: str, *, final: bool = False) -> TextMessage:
    return TextMessage(text=text, final=final)


def data(data: bytes, *, final: bool = False) -> BytesMessage:
    return BytesMessage(data=data, final=final)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([text("a", final=True)], text("a", final=True)),
        ([text("", final=True)], text("", final=True)),
        ([data(b"", final=True)], data(b"", final=True)),
        ([text("a"), text("€"), text("c", final=True)], text("a€c", final=True)),
        ([text("a"), text("", final=True)], text("a", final=True)),
        ([text(""), text("a", final=True)], text("a", final=True)),
        ([text(""), text("", final=True)], text("", final=True)),
        ([data(b"\xff"), data(b"\x00"), data(b"b", final=True)], data(b"\xff\x00b", final=True)),
        ([data(b""), data(b"", final=True)], data(b"", final=True)),
    ],
)
def test_parts_make_a_message(parts: list[Message], message: Message) -> None:
    assembly = MessageAssembly(by_fragment=False)
    for _ in range(2):
        *before, last = parts
        assert [assembly.add(part) for part in before] == [None] * len(before)
        assert assembly.add(last) == message


def test_parts_are_told_as_they_come_if_asked_for() -> None:
    assembly = MessageAssembly(by_fragment=True)
    for part in (text("a"), text("b", final=True), data(b"c"), data(b"", final=True)):
        assert assembly.add(part) == part


def test_a_part_without_content_is_told_only_if_it_is_the_last() -> None:
    assembly = MessageAssembly(by_fragment=True)
    assert assembly.add(text("")) is None
    assert assembly.add(data(b"")) is None
    assert assembly.add(text("", final=True)) == text("", final=True)


def test_many_small_parts_take_no_more_than_their_content() -> None:
    assembly = MessageAssembly(by_fragment=False)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100_000):
            assembly.add(text("a"))
        held = tracemalloc.get_traced_memory()[0] - before
        assert held < 150_000
        assembly.release()
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()
