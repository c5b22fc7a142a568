"""Makes whole messages of the parts that an engine reads.

That all parts together keep to the limit is seen to by `frame_gate` and
`deflate`, so that here nothing needs to be counted.
"""

from .events import BytesMessage, TextMessage

__all__ = ("MessageAssembly",)


class MessageAssembly:
    """The message that is being received, as far as it has come."""

    __slots__ = ("_by_fragment", "_held")

    def __init__(self, *, by_fragment: bool) -> None:
        self._by_fragment = by_fragment
        """Whether parts are to be told of as they come."""
        # Of text too: a part for each byte as it dribbles in would take fifty times its size.
        self._held = bytearray()

    def add(self, part: TextMessage | BytesMessage) -> TextMessage | BytesMessage | None:
        """Return what there is to tell: the message that `part` completes, or the part."""
        content = part.text if isinstance(part, TextMessage) else part.data
        if self._by_fragment:
            return part if content or part.final else None
        if part.final and not self._held:
            return part
        self._held += content.encode() if isinstance(content, str) else content
        if not part.final:
            return None
        try:
            if isinstance(part, TextMessage):
                return TextMessage(text=self._held.decode())
            return BytesMessage(data=bytes(self._held))
        finally:
            self.release()

    def release(self) -> None:
        """Drop what there is of a message."""
        self._held = bytearray()
