"""Judges in one go what answers mostly consist of: a head, Data, and the end.

Only what is right, and nothing out of the ordinary: all else is left to
`outgoing`, which would have said the same.
"""

from collections.abc import Sequence
from typing import Final

from .answer_head import Framing, answer_head
from .engine import OutgoingEvent
from .events import Data, EndOfMessage, Event, Response
from .outgoing import Outgoing
from .standing import Standing

__all__ = ("judge_piece", "judge_plainly")

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_LENGTH: Final = Framing.LENGTH
_CHUNKED: Final = Framing.CHUNKED


def judge_plainly(
    events: Sequence[Event], standing: Standing, outgoing: Outgoing
) -> tuple[Standing, list[OutgoingEvent]] | None:
    """Judge `events`, which are sent together; return where they lead, and what is to be written.

    None if they are left to `Outgoing.judge`: then everything is as before. The
    same holds when LocalProtocolError is raised, for a head that may not be sent.
    """
    if not outgoing.is_plain:
        return None
    framing, missing = outgoing.framing, outgoing.missing
    begun, keep_alive = outgoing.begun, outgoing.keep_alive
    written: list[OutgoingEvent] = []
    for event in events:
        if type(event) is Data and standing.sends_body[keep_alive]:
            size = len(event.data)
            if framing is _LENGTH:
                missing -= size
                if missing < 0:
                    return None
            elif framing is not _CHUNKED:
                return None
            if size:
                written.append(event)
            continue
        steps = standing.by_server.get(type(event))
        if steps is None:
            return None
        if isinstance(event, Response):
            head = answer_head(event, b"1.1", keep_alive=keep_alive, their_last=outgoing.their_last)
            framing, missing, keep_alive = head.framing, head.length, head.keep_alive
            begun = True
            written.append(head)
        elif isinstance(event, EndOfMessage) and not event.trailers and not missing:
            written.append(event)
        else:
            return None
        standing = steps[keep_alive]
    outgoing.framing, outgoing.missing = framing, missing
    outgoing.begun, outgoing.keep_alive = begun, keep_alive
    return standing, written


def judge_piece(size: int, standing: Standing, outgoing: Outgoing) -> bool:
    """Judge `size` bytes of a body that has begun, and count them; false if that is left to others.

    As `judge_plainly` of Data alone, which leads nowhere else.
    """
    if not (outgoing.is_plain and standing.sends_body[outgoing.keep_alive]):
        return False
    if outgoing.framing is _CHUNKED:
        return True
    if outgoing.framing is not _LENGTH or size > outgoing.missing:
        return False
    outgoing.missing -= size
    return True
