"""How many bytes to ask the stream for next, by what the peer has sent so far.

Who asks, and what becomes of the bytes, is the business of `link`.
"""

from tremolo_core import Connection

from .pace import ConnectionPace

__all__ = ("READ_SIZE", "ReadSize")

READ_SIZE = 65_536
"""Bytes to read at once of a peer whose bytes cost little more than to be moved."""

_IN_BULK = 262_144
"""The same while a body comes faster than it is read in such pieces."""

_MOST = 1_048_576
"""Bytes to read at once of a large message. So much a thread keeps to read to."""

_IN_A_CROWD = 1_024
"""Bytes to read next of a peer that sends small frames: what costs some milliseconds."""


class ReadSize:
    """How much of the frames of a WebSocket to read, or of a body that is held to a rate."""

    __slots__ = ("_connection", "_frames", "_pace", "after_lone_message", "crowded", "in_bulk")

    def __init__(self, connection: Connection, pace: ConnectionPace) -> None:
        self._connection = connection
        self._pace = pace
        self._frames = _IN_A_CROWD
        """Bytes of a WebSocket to read at once: more each time, until there are many frames."""
        self.crowded = False
        """Whether there were many when it was last asked for, and others are to have a turn."""
        self.after_lone_message = False
        """Whether one whole message of a WebSocket, and nothing else, came by the last read."""
        self.in_bulk = False
        """Whether the last read of anything else brought as much as it could."""

    def of_frames(self) -> int:
        """Return how much of a WebSocket to read next.

        More than `READ_SIZE` only while so much of one message is missing: of
        many small ones that would take too long.
        """
        size = self._frames
        if self.after_lone_message:
            # There is no crowd, and nothing is missing.
            self.after_lone_message = self.crowded = False
            if size < READ_SIZE:
                self._frames = size * 2
        else:
            size = self._judge(size)
        upload = self._pace.upload
        return size if upload is None else min(size, upload.piece)

    def _judge(self, size: int) -> int:
        """Return what to read in place of `size`, by what has come."""
        connection = self._connection
        self.crowded = connection.crowded
        if self.crowded:
            self._frames = _IN_A_CROWD
            return _IN_A_CROWD
        missing = connection.missing
        if missing > size:
            return min(missing, _MOST)
        if size < READ_SIZE:
            self._frames = size * 2
        return size

    def of_body(self) -> int:
        """Return how much of anything else to read next."""
        size = _IN_BULK if self.in_bulk else READ_SIZE
        upload = self._pace.upload
        return size if upload is None else min(size, upload.piece)
