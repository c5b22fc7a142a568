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
        """Log a refusal, or count it."""
        if not self._left:
            self._suppressed += 1
            return
        self._left -= 1
        more = f" ({self._suppressed} more were not logged)" if self._suppressed else ""
        self._suppressed = 0
        answer = error.close_code or error.status
        logger.info("refused %s: %s; answered %s%s", peer, error.reason, answer, more)
