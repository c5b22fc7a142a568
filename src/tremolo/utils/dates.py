"""The time, as logs and as header fields write it."""

import time
from email.utils import formatdate

__all__ = ("log_date", "server_date")


def log_date() -> str:
    """The local time, as in `[2026-11-23 08:00:00]`."""
    return time.strftime("[%Y-%m-%d %H:%M:%S]")


def server_date() -> bytes:
    """The time as a Date field has it (RFC 9110 5.6.7), as in `Mon, 23 Nov 2026 08:00:00 GMT`."""
    return formatdate(usegmt=True).encode("ascii")
