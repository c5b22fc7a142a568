"""Locks that processes share through one file: taken or not, at once.

Each is one byte of the file, which need not be there: the kernel keeps the lock,
and frees it when its process ends, however it does (POSIX `F_SETLK`). How one
waits for a lock is decided in `locks`.
"""

import os
import threading
import weakref
from typing import TypeAlias

__all__ = ("LockFile", "lock_file")


class LockFile:
    """The locks of one file; without one, those of this process alone. Safe in all threads.

    There must be no more than one of a file in a process, as the kernel keeps
    the locks of a process together: see `lock_file`.
    """

    def __init__(self, path: str | None) -> None:
        """Make the file if there is none. Raises OSError if it cannot be written."""
        self._mutex = threading.Lock()
        self._held: set[int] = set()
        self._descriptor: int | None = None
        if path is not None:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            weakref.finalize(self, os.close, self._descriptor)

    def try_lock(self, number: int) -> bool:
        """Take the lock, unless somebody has it, in this process or in another."""
        with self._mutex:
            if number in self._held:
                return False
            if self._descriptor is not None and not _try_lock(self._descriptor, number):
                return False
            self._held.add(number)
            return True

    def unlock(self, number: int) -> None:
        """Free a lock that `try_lock` has taken."""
        with self._mutex:
            if self._descriptor is not None:
                _unlock(self._descriptor, number)
            self._held.remove(number)


_Key: TypeAlias = tuple[int, int] | None

_files: weakref.WeakValueDictionary[_Key, LockFile] = weakref.WeakValueDictionary()
_files_mutex = threading.Lock()


def lock_file(path: str | None) -> LockFile:
    """Return the locks of a file, the same to all who use them in this process.

    None stands for the locks of this process alone. Raises OSError as `LockFile` does.
    """
    with _files_mutex:
        key = _key_of(path)
        found = None if path is not None and key is None else _files.get(key)
        if found is None:
            found = LockFile(path)
            _files[_key_of(path)] = found
        return found


def _key_of(path: str | None) -> _Key:
    """What tells files apart, however they are called; None also for one that is not there.

    Without opening it: closing one of two descriptors would free all locks.
    """
    if path is None:
        return None
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _try_lock(descriptor: int, number: int) -> bool:
    # Not there on Windows, where a server is one process.
    import fcntl

    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
    except (BlockingIOError, PermissionError):
        # POSIX leaves it open which of the two it is.
        return False
    return True


def _unlock(descriptor: int, number: int) -> None:
    import fcntl

    fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, number)
