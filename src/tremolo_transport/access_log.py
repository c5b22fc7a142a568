"""One log record for each request: what was asked, and what has become of it.

When a request is over is known by `driver`. How records are written is up to
whoever has set up logging.
"""

import logging
from time import perf_counter

from tremolo_core import Request

from .peer import Peer

__all__ = ("Outcome",)

_logger = logging.getLogger("tremolo.access")

_LINE = '%s "%s %s %s" %s %d %.1fms'


class Outcome:
    """What becomes of the requests of one connection, one after the other.

    Each is one record at INFO on the logger `tremolo.access`, with these
    attributes: `client` (text), `method`, `target` as on the wire, `protocol`,
    `status` (None if no answer has begun), `bytes` that were written for it with
    its head, `duration` in seconds, and `close_code` for a WebSocket, else None.
    """

    __slots__ = ("_begun", "_peer", "_request", "_sent", "close_code", "status")

    def __init__(self) -> None:
        self._request: Request | None = None
        self._peer = Peer()
        self._begun = 0.0
        self._sent = 0
        self.status: int | None = None
        """That of the final answer, 101 for a WebSocket; None if none has begun."""
        self.close_code: int | None = None
        """What was said at the end of a WebSocket; None if nothing was."""

    def begin(self, request: Request, peer: Peer, *, sent: int) -> None:
        """A request begins, on a connection that has sent so many bytes before."""
        if _logger.isEnabledFor(logging.INFO):
            self._request = request
            self._peer = peer
            self._begun = perf_counter()
            self._sent = sent
            self.status = self.close_code = None

    def end(self, *, sent: int) -> None:
        """Log that it is over, if that was not done; so many bytes have been sent by now."""
        if self._request is None:
            return
        request, self._request = self._request, None
        duration = perf_counter() - self._begun
        # The core lets nothing through but visible ASCII.
        method, target = request.method.decode("ascii"), request.target.decode("ascii")
        protocol = "HTTP/" + request.http_version.decode("ascii")
        client, count = str(self._peer), sent - self._sent
        close_code = (self.close_code or 1006) if self.status == 101 else None
        status = "-" if self.status is None else str(self.status)
        shown = status if close_code is None else f"{status} {close_code}"
        quoted = target.replace("\\", "\\\\").replace('"', '\\"')
        # Not `Logger.info`, which looks for the line of code that calls it.
        record = _logger.makeRecord(
            _logger.name,
            logging.INFO,
            "",
            0,
            _LINE,
            (client, method, quoted, protocol, shown, count, duration * 1_000),
            None,
            extra={
                "client": client,
                "method": method,
                "target": target,
                "protocol": protocol,
                "status": self.status,
                "bytes": count,
                "duration": duration,
                "close_code": close_code,
            },
        )
        _logger.handle(record)
