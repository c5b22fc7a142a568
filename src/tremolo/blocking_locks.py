"""Locks as plain functions use them; see `blocking`."""

from types import TracebackType
from typing import Self

from anyio import from_thread

from .locks import Lock, LockName

__all__ = ("BlockingLock",)


class BlockingLock:
    """A `Lock` for plain functions: `with lock("accounts"): ...`."""

    __slots__ = ("_lock",)

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def __call__(self, name: LockName = 0, *, timeout: float | None = None) -> "BlockingLock":
        """As `Lock.__call__`."""
        return BlockingLock(self._lock(name, timeout=timeout))

    @property
    def name(self) -> LockName:
        """As `Lock.name`."""
        return self._lock.name

    @property
    def held(self) -> bool:
        """As `Lock.held`."""
        return self._lock.held

    def acquire(self, timeout: float | None = None) -> None:
        """As `Lock.acquire`."""
        from_thread.run(self._lock.acquire, timeout)

    def release(self) -> None:
        """As `Lock.release`."""
        from_thread.run_sync(self._lock.release)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
