"""Opens the socket at a path, and removes the path again.

Sockets of TCP are opened in `tcp_sockets`.
"""

import errno
import os
import shutil
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

from .endpoints import UnixBind

if sys.platform != "win32":
    import fcntl

__all__ = ("FileIdentity", "identify", "listen_unix", "remove_socket")

FileIdentity: TypeAlias = tuple[int, int]
"""The device and the number of a file: what stays the same when it is renamed."""

_STALE_SECONDS = 1.0
"""How long somebody who listens at a path may take to be noticed; a full queue answers at once."""

_LOCK_SECONDS = 5.0
_LOCK_PAUSE = 0.01
"""How long others who begin to listen in the same folder are waited for, and how often asked."""


def listen_unix(bind: UnixBind) -> socket.socket:
    """Listen at a path, in place of a socket at which nobody listens any more.

    Nobody can connect before owner and mode are what they are to be. Raises
    OSError, whose text names the path, if that cannot be.
    """
    try:
        if bind.path.startswith("@"):
            return _listen("\0" + bind.path[1:], bind)
        with _alone_in(os.path.dirname(bind.path) or "."):
            _make_way(bind.path)
            return _listen(bind.path, bind)
    except (LookupError, OSError, ValueError) as error:
        code = error.errno if isinstance(error, OSError) else None
        what = os.strerror(code) if code else str(error)
        raise OSError(code or errno.EINVAL, f"cannot listen on {bind}: {what}") from None


def identify(path: str) -> FileIdentity | None:
    """Which file is at `path`, without following a link; None if there is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def remove_socket(path: str, identity: FileIdentity) -> None:
    """Remove `path` if it is still the file that it was; what cannot be removed stays."""
    if identify(path) == identity:
        with suppress(OSError):
            os.unlink(path)


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Keep out others who begin to listen in `folder`, as far as they ask.

    Else two who start at once would both find a stale socket, and the second
    would remove that of the first.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # It may be written to and not read. `bind` says whatever else is wrong.
        yield
        return
    try:
        # In a folder of everybody's, anybody could hold the lock for ever.
        until = time.monotonic() + _LOCK_SECONDS
        while not _locked(descriptor) and time.monotonic() < until:
            time.sleep(_LOCK_PAUSE)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock, or say that somebody else has it; where there are none, all is well."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # Not every file system has locks.
        return True
    return True


def _make_way(path: str) -> None:
    """Remove a socket at `path` that nobody listens at; raises OSError for anything else."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_STALE_SECONDS)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except FileNotFoundError:
            # It has been removed meanwhile.
            return
        except BlockingIOError:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)) from None
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _listen(name: str, bind: UnixBind) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    identity = None
    try:
        sock.bind(name)
        if name == bind.path:
            identity = identify(name)
            if bind.user is not None or bind.group is not None:
                # Python's types do not know -1, or None, which leave the owner as it is.
                shutil.chown(name, bind.user, bind.group)  # type: ignore[arg-type]  # of a union
            if bind.mode is not None:
                os.chmod(name, bind.mode)
        sock.listen(bind.backlog)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        if identity is not None:
            remove_socket(name, identity)
        raise
    return sock
