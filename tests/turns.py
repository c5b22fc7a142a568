"""Counts how often others run, for tests of whoever is to let them."""

from anyio.lowlevel import checkpoint

__all__ = ("Turns",)


class Turns:
    """Those of one task."""

    def __init__(self) -> None:
        self.count = 0

    async def run(self) -> None:
        """Take turn after turn; to be started in a task group, and cancelled with it."""
        while True:
            self.count += 1
            await checkpoint()
