"""One log record for each request: what was asked, and what has become of it.

When a request is over is known by `driver`. How records are written is up to
whoever has set up logging.
"""

import logging
import os
import threading
import time
from functools import partial
from time import perf_counter
from typing import Any, Final

from tremolo_core import Request

from .peer import Peer

__all__ = ("Outcome", "is_wanted")

_logger = logging.getLogger("tremolo.access")

is_wanted: Final = partial(_logger.isEnabledFor, logging.INFO)
"""Whether anybody wants a record now, as far as its level tells."""

_LINE = '%s "%s %s %s" %s %d %.1fms'


class Outcome:
    """What becomes of the requests of one connection, one after the other.

    Each is one record at INFO on the logger `tremolo.access`, with these
    attributes: `client` (text), `method`, `target` as on the wire, `protocol`,
    `status` (None if no answer has begun), `bytes` that were written for it with
    its head, `duration` in seconds, and `close_code` for a WebSocket, else None.
    """

    __slots__ = ("_begun", "_client", "_peer", "_request", "_sent", "close_code", "status")

    def __init__(self) -> None:
        self._request: Request | None = None
        self._peer: Peer | None = None
        self._client = ""
        """The peer as text, which most requests of a connection have in common."""
        self._begun = 0.0
        self._sent = 0
        self.status: int | None = None
        """That of the final answer, 101 for a WebSocket; None if none has begun."""
        self.close_code: int | None = None
        """What was said at the end of a WebSocket; None if nothing was."""

    def begin(self, request: Request, peer: Peer, *, sent: int) -> None:
        """A request begins that is to be logged; so many bytes were sent before."""
        self._request = request
        if peer is not self._peer:
            self._peer = peer
            self._client = str(peer)
        self._begun = perf_counter()
        self._sent = sent
        self.status = self.close_code = None

    def end(self, *, sent: int) -> None:
        """Log that it is over, unless that was done or is not to be; so many bytes were sent."""
        if self._request is None:
            return
        request, self._request = self._request, None
        duration = perf_counter() - self._begun
        # The core lets nothing through but visible ASCII.
        method, target = request.method.decode("ascii"), request.target.decode("ascii")
        protocol = "HTTP/" + request.http_version.decode("ascii")
        client, count = self._client, sent - self._sent
        close_code = (self.close_code or 1006) if self.status == 101 else None
        status = "-" if self.status is None else str(self.status)
        shown = status if close_code is None else f"{status} {close_code}"
        quoted = target
        if '"' in target or "\\" in target:
            quoted = target.replace("\\", "\\\\").replace('"', '\\"')
        record = _records.make((client, method, quoted, protocol, shown, count, duration * 1_000))
        record.__dict__.update(
            client=client,
            method=method,
            target=target,
            protocol=protocol,
            status=self.status,
            bytes=count,
            duration=duration,
            close_code=close_code,
        )
        _logger.handle(record)


class _Records:
    """Makes records for less than `logging` does, which asks anew who and where it is."""

    def __init__(self) -> None:
        self._last: tuple[tuple[int, int], dict[str, Any]] = ((0, 0), {})
        """The process and the thread of a record, and what it says, all of which but the time and
        the arguments is so in the next. To be read at once, as other threads log, too."""

    def make(self, args: tuple[object, ...]) -> logging.LogRecord:
        """A record whose line has these arguments."""
        factory = logging.getLogRecordFactory()
        place = (os.getpid(), threading.get_ident())
        its_place, known = self._last
        if factory is not logging.LogRecord or place != its_place:
            record = factory(_logger.name, logging.INFO, "", 0, _LINE, args, None)
            known = {**vars(record), "args": ()}
            if "taskName" in known:
                # That of the next would be another one.
                known["taskName"] = None
            self._last = place, known
            return record
        now = time.time()
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__ = {
            **known,
            "args": args,
            "created": now,
            "msecs": int(now % 1 * 1_000) + 0.0,
            "relativeCreated": known["relativeCreated"] + (now - known["created"]) * 1_000,
        }
        return record


_records = _Records()
