"""What an application is told when it is built: sizes and counts, with their defaults.

What a server is told besides is in `tremolo_transport.settings`.
"""

import dataclasses
from typing import Any

from tremolo_core import value

__all__ = ("AppSettings",)


@value
class AppSettings:
    """How an application treats its requests."""

    debug: bool = False
    """Whether the answer to an unexpected error shows the traceback, to anybody who asks."""
    buffer_size: int = 16_384
    """Bytes that a handler is given of a body at a time, at most."""
    client_max_body_size: int | None = 2_097_152
    """Bytes of a request's body that are read; beyond them 413. None is no limit."""
    ws_max_payload_size: int | None = 2_097_152
    """Bytes of a WebSocket message that are received; beyond them 1009. None is no limit."""
    lock_file: str | None = None
    """Through which the locks of several processes are one; None for those of this process."""
    app_handler_timeout: float | None = 120.0
    """Seconds that a handler may take in all; then it is cancelled (503). None is no limit."""
    thread_pool_size: int = 5
    """Plain functions and plain generators that run at the same time, each in a thread."""

    shutdown_timeout: float | None = 30.0
    """Seconds that tasks of the application may take once it is not served any more; None: any."""
    app_close_timeout: float | None = 30.0
    """Seconds that the hooks for a connection's end may take. None is no limit."""

    def by_name(self) -> dict[str, Any]:
        """The settings as handlers find them in the `options` of their contexts."""
        # Not `asdict`, which copies each value.
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
