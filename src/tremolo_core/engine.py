"""The seam between the connection and what turns bytes into events and back.

One engine reads and writes one cycle, from its head to its end. It is given
only bytes that the `gate` has passed and events that `states` and `outgoing`
have found right, so it never has a reason to complain.
"""

from typing import Protocol

from .events import Data, EndOfMessage, InformationalResponse, Request, Response

__all__ = ("Engine", "IncomingEvent", "OutgoingEvent")

IncomingEvent = Request | Data | EndOfMessage
OutgoingEvent = InformationalResponse | Response | Data | EndOfMessage


class Engine(Protocol):
    """Reads one request and writes its answers."""

    def receive(self, raw: bytes) -> None:
        """Take the next raw bytes of this cycle: a head, or a part of a body."""

    def next_event(self) -> IncomingEvent | None:
        """Return the next event in what was received; None until there is more."""

    def send(self, event: OutgoingEvent) -> bytes:
        """Return the bytes that say `event`."""
