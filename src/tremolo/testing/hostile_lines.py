"""Connections that behave as no friendly client's do, around one that works.

`hostile` runs conversations over them.
"""

from collections.abc import Callable
from typing import NoReturn

import anyio

from .lines import Line
from .turns import let_others_run

__all__ = ("CountingLine", "SlowLine", "SplitLine", "Vanished", "VanishingLine")


class Vanished(Exception):
    """The peer has vanished in the middle of its conversation."""


class _Around(Line):
    """Passes everything on."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def send(self, item: bytes) -> None:
        await self._line.send(item)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        return await self._line.receive(max_bytes)

    async def send_eof(self) -> None:
        await self._line.send_eof()

    async def aclose(self) -> None:
        await self._line.aclose()

    def abort(self) -> None:
        self._line.abort()


class CountingLine(_Around):
    """Counts what goes over it."""

    def __init__(self, line: Line) -> None:
        super().__init__(line)
        self.sent = 0
        self.received = 0

    async def send(self, item: bytes) -> None:
        await super().send(item)
        self.sent += len(item)

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        data = await super().receive(max_bytes)
        self.received += len(data)
        return data


class SplitLine(_Around):
    """Lets the server take the first `at` bytes, and waits, before it sends the others."""

    def __init__(self, line: Line, *, at: int, pause: float) -> None:
        super().__init__(line)
        self._left = at
        self._pause = pause

    async def send(self, item: bytes) -> None:
        first, rest = item[: self._left], item[self._left :]
        self._left -= len(first)
        if first:
            await super().send(first)
        if rest:
            if first:
                await let_others_run()
                await anyio.sleep(self._pause)
            await super().send(rest)


class VanishingLine(_Around):
    """Vanishes once so many bytes have gone over it, in either direction, and tells its user."""

    def __init__(self, line: Line, *, after: int) -> None:
        super().__init__(line)
        self._left = after

    async def send(self, item: bytes) -> None:
        first = item[: self._left]
        self._left -= len(first)
        if first:
            await super().send(first)
        if len(first) < len(item):
            await self._vanish()

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        if not self._left:
            await self._vanish()
        data = await super().receive(min(max_bytes, self._left))
        self._left -= len(data)
        return data

    async def _vanish(self) -> NoReturn:
        # The server is to see what was sent: a reset destroys what is on its way.
        await let_others_run()
        self.abort()
        raise Vanished


class SlowLine(_Around):
    """Receives `rate` bytes a second and no more, and reports how many it has by now."""

    def __init__(self, line: Line, *, rate: int, report: Callable[[int], None]) -> None:
        super().__init__(line)
        self._rate = rate
        self._report = report
        self._received = 0

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        data = await super().receive(min(max_bytes, max(1, self._rate // 10)))
        self._received += len(data)
        self._report(self._received)
        await anyio.sleep(len(data) / self._rate)
        return data
