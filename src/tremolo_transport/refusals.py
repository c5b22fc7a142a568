"""The log lines about peers that broke the rules: enough to see what is wrong, no more."""

import logging

from tremolo_core import RemoteProtocolError

from .peer import Peer

__all__ = ("RefusalLog",)

logger = logging.getLogger("tremolo.server")


class RefusalLog:
    """Says at INFO what was wrong with a request; so many lines a second, and no more.

    A peer could otherwise fill a disk. What was left out is counted, and told
    with the next line.
    """

    __slots__ = ("_left", "_most", "_suppressed")

    def __init__(self, most: int = 10) -> None:
        self._most = most
        self._left = most
        self._suppressed = 0

    def renew(self) -> None:
        """Allow lines anew; to be done once a second."""
        self._left = self._most

    def note(self, error: RemoteProtocolError, peer: Peer) -> None:
        """Log the refusal of a request, or count it."""
        self._log(peer, f"{error.reason}; answered {error.close_code or error.status}")

    def note_connection(self, reason: str, peer: Peer) -> None:
        """Log the refusal of a connection, or count it."""
        self._log(peer, f"{reason}; closed the connection")

    def _log(self, peer: Peer, what: str) -> None:
        if not self._left:
            self._suppressed += 1
            return
        self._left -= 1
        more = f" ({self._suppressed} more were not logged)" if self._suppressed else ""
        self._suppressed = 0
        logger.info("refused %s: %s%s", peer, what, more)
