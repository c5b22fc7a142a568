"""What is to be written, as the parts it was made of, until somebody takes it.

Which bytes these are is decided by the engines; who writes them, outside.
"""

__all__ = ("Outbox",)

# To look it up by `super` takes as long as all the rest.
_clear = list[bytes].clear

_FEW = 32
"""Parts whose sizes are added up each time."""


class Outbox(list[bytes]):
    """Parts behind one another. They are joined only where several go in one piece."""

    __slots__ = ("taken",)

    def __init__(self) -> None:
        self.taken = 0
        """Bytes of the first part that were handed over."""

    def clear(self) -> None:
        """Drop all there is."""
        super().clear()
        self.taken = 0

    def take(self, most: int | None) -> bytes:
        """Hand over the next bytes, `most` of them at most, or all there are; `b""` for none.

        However large a part is, no more than that is copied.
        """
        if not self.taken and (
            most is None or not self or (len(self) <= _FEW and sum(map(len, self)) <= most)
        ):
            # Nearly always: an answer, or a piece of one.
            data = b"".join(self)
            _clear(self)
            return data
        if most is None:
            return self._cut(len(self), most)
        return self._cut(self._fitting(most), most)

    def take_some(self, most: int, most_uncopied: int) -> bytes | memoryview:
        """Hand over the next bytes as `take` does, or more of a large part, as a view of it.

        That is one that is larger than `most`; of it `most_uncopied` bytes go at most.
        """
        if self and len(self[0]) - self.taken > most:
            part, begin = self[0], self.taken
            self.taken = end = begin + most_uncopied
            if end >= len(part):
                del self[0]
                self.taken = 0
            return memoryview(part)[begin:end]
        if not self.taken and len(self) <= _FEW and sum(map(len, self)) <= most:
            data = b"".join(self)
            _clear(self)
            return data
        return self._cut(self._fitting(most), None)

    def _fitting(self, most: int) -> int:
        """How many parts there are in the next `most` bytes, with what is left of the first."""
        whole = 0
        room = most + self.taken
        for part in self:
            room -= len(part)
            if room < 0:
                break
            whole += 1
        return whole

    def _cut(self, whole: int, most: int | None) -> bytes:
        """Hand over `whole` parts, or what is left of them, and as much of the next as goes."""
        pieces: list[bytes | memoryview] = list(self[:whole])
        if pieces and self.taken:
            pieces[0] = memoryview(self[0])[self.taken :]
            self.taken = 0
        del self[:whole]
        if self and most is not None:
            end = self.taken + most - sum(map(len, pieces))
            pieces.append(memoryview(self[0])[self.taken : end])
            self.taken = end
        return b"".join(pieces)
