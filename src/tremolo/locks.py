"""Locks by name, in one worker or across all of them: what handlers are given as `lock`.

That nobody else has a lock is seen to by `lock_file`; here one waits for it,
without a thread.
"""

import functools
import hashlib
from types import TracebackType
from typing import Self, TypeAlias

import anyio

from .lock_file import LockFile

__all__ = ("Lock", "LockName", "Locks", "number_of")

LockName: TypeAlias = str | int | bytes
"""What a lock is called; 3 and "3" are two."""

_TIMEOUT = 30.0
"""Seconds that a lock is waited for by default, as in nggit/tremolo."""

_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.025
"""Seconds between two looks whether another process has freed a lock."""


class _Queue:
    """Those who want one lock, in this worker."""

    __slots__ = ("turn", "users")

    def __init__(self) -> None:
        self.turn = anyio.Semaphore(1)
        """Whoever has it holds the lock, or is the one who asks for it."""
        self.users = 0


class Locks:
    """The locks of one application in one worker."""

    def __init__(self, file: LockFile) -> None:
        self._file = file
        self._queues: dict[int, _Queue] = {}
        """Of the locks that somebody holds or wants."""

    async def acquire(self, number: int) -> None:
        """Wait for a lock and take it. A call that is cancelled has not, and leaves nothing."""
        queue = self._queues.get(number)
        if queue is None:
            queue = self._queues[number] = _Queue()
        queue.users += 1
        try:
            await queue.turn.acquire()
            try:
                pause = _FIRST_PAUSE
                while not self._file.try_lock(number):
                    await anyio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE)
            except BaseException:
                queue.turn.release()
                raise
        except BaseException:
            self._leave(number, queue)
            raise

    def acquire_nowait(self, number: int) -> bool:
        """Take a lock if it is free and nobody in this worker waits for it."""
        if number in self._queues or not self._file.try_lock(number):
            return False
        queue = self._queues[number] = _Queue()
        queue.turn.acquire_nowait()
        queue.users = 1
        return True

    def release(self, number: int) -> None:
        """Free a lock that `acquire` has taken; who waits longest in this worker is next."""
        self._file.unlock(number)
        queue = self._queues[number]
        queue.turn.release()
        self._leave(number, queue)

    def _leave(self, number: int, queue: _Queue) -> None:
        queue.users -= 1
        if not queue.users:
            del self._queues[number]


class Lock:
    """A lock that one holder at a time has, among all workers of a server.

        async with lock("accounts", timeout=5):
            ...

    `lock` itself is the one called 0. Each request has a lock object of its own;
    what it has not acquired it cannot release. A lock is not re-entrant: who
    holds it and acquires it again waits. It is free when its holder releases
    it, or its process ends.
    """

    __slots__ = ("_held", "_locks", "_timeout", "name")

    def __init__(self, locks: Locks, name: LockName = 0, *, timeout: float = _TIMEOUT) -> None:
        # Handlers that take all there is are given one for each request, and few make use of it.
        self.name = name
        self._locks = locks
        self._timeout = timeout
        self._held = False

    def __call__(self, name: LockName = 0, *, timeout: float | None = None) -> "Lock":
        """Return the lock of that name, which is waited for `timeout` seconds, by default 30."""
        return Lock(self._locks, name, timeout=_TIMEOUT if timeout is None else timeout)

    @property
    def held(self) -> bool:
        """Whether this object has acquired the lock, and not released it."""
        return self._held

    async def acquire(self, timeout: float | None = None) -> None:
        """Wait for the lock, `timeout` seconds at most, and take it.

        By default so long as the lock says; `math.inf` is for ever, and with 0 it
        is taken only if it is free. Those who wait in one worker get it in
        their order; no order is kept among workers. Raises TimeoutError if
        it was not to be had; then, and when the call is cancelled, it is not
        taken.
        """
        seconds = self._timeout if timeout is None else timeout
        if seconds <= 0:
            if not self._locks.acquire_nowait(number_of(self.name)):
                raise TimeoutError(f"the lock {self.name!r} is not free")
        else:
            try:
                with anyio.fail_after(seconds):
                    await self._locks.acquire(number_of(self.name))
            except TimeoutError:
                raise TimeoutError(
                    f"the lock {self.name!r} was not free for {seconds:g} s"
                ) from None
        self._held = True

    def release(self) -> None:
        """Free the lock; if this object has not acquired it, do nothing."""
        if self._held:
            self._held = False
            self._locks.release(number_of(self.name))

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


@functools.lru_cache(maxsize=256, typed=True)
def number_of(name: LockName) -> int:
    """A number of 56 bits; two names that share one are as likely as a broken machine."""
    text = name if isinstance(name, bytes) else str(name).encode("utf-8", "surrogatepass")
    salt = type(name).__name__.encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=7, salt=salt).digest())
