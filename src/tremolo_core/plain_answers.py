"""Judges in one go what answers mostly consist of: a head, Data, and the end.

Only what is right, and nothing out of the ordinary: all else is left to
`outgoing`, which would have said the same.
"""

from collections.abc import Sequence
from typing import Final

from .answer_head import AnswerHead, Framing, answer_head, lasting_head
from .engine import OutgoingEvent
from .events import Data, EndOfMessage, Event, Response
from .outgoing import Outgoing
from .standing import Standing

__all__ = ("judge_piece", "judge_plainly", "judge_whole")

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
    if len(events) == 3:
        whole = _judge_three(events, standing, outgoing)
        if whole is not None:
            return whole
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


def judge_whole(
    response: Response, size: int | None, standing: Standing, outgoing: Outgoing
) -> tuple[Standing, AnswerHead] | None:
    """Judge what most answers are: a head, a body of the `size` that it declares, and the end.

    A size of None is that of a body in chunks, of which there is one at least.
    As `judge_plainly`, but of what is to be written only the head is returned.
    """
    answered = standing.answered
    if answered is None or not outgoing.is_plain:
        return None
    if outgoing.keep_alive:
        head = lasting_head(response)
    else:
        head = answer_head(response, b"1.1", keep_alive=False, their_last=outgoing.their_last)
    if size is None:
        if head.framing is not _CHUNKED:
            return None
    elif head.framing is not _LENGTH or head.length != size or not size:
        return None
    outgoing.framing = head.framing
    outgoing.begun, outgoing.keep_alive = True, head.keep_alive
    return answered[head.keep_alive], head


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


def _judge_three(
    events: Sequence[Event], standing: Standing, outgoing: Outgoing
) -> tuple[Standing, list[OutgoingEvent]] | None:
    response, data, end = events
    if (
        type(response) is not Response
        or type(data) is not Data
        or type(end) is not EndOfMessage
        or end.trailers
    ):
        return None
    whole = judge_whole(response, len(data.data), standing, outgoing)
    return None if whole is None else (whole[0], [whole[1], data, end])
