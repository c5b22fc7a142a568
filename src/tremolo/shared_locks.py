"""Gives the workers of a program one file for their locks; how it is used is in `lock_file`."""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from .config import Config

__all__ = ("share_locks",)


@contextmanager
def share_locks(config: Config) -> Iterator[Config]:
    """Make the file, unless the user names one or there are no workers; remove it in the end.

    Its path is in the configuration that is given back.
    """
    if config.app.lock_file is not None or not config.workers.number:
        yield config
        return
    # On Linux in memory: nobody clears it away, nothing is left behind if we are killed, and
    # no file system need be writable. Workers open it by way of this process.
    in_memory = sys.platform == "linux"
    if in_memory:
        descriptor = os.memfd_create("tremolo-locks", os.MFD_CLOEXEC)
        path = f"/proc/{os.getpid()}/fd/{descriptor}"
    else:
        descriptor, path = tempfile.mkstemp(prefix="tremolo-locks-")
    try:
        app = dataclasses.replace(config.app, lock_file=path)
        yield dataclasses.replace(config, app=app)
    finally:
        os.close(descriptor)
        if not in_memory:
            os.remove(path)
