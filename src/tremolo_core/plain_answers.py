"""Judges and writes in one go what answers mostly consist of.

Only what is right, and nothing out of the ordinary: all else is left to
`outgoing` and an engine, which would have said and written the same.
"""

from collections.abc import Iterable
from typing import Final

from .answer_head import Framing, answer_head
from .events import Data, EndOfMessage, Event, Response
from .fast_engine import FastEngine
from .outgoing import Outgoing
from .standing import Standing

__all__ = ("write_plainly",)

# Until Python 3.12 it takes 0.1 µs to look a member up in its enum.
_LENGTH: Final = Framing.LENGTH
_CHUNKED: Final = Framing.CHUNKED


def write_plainly(
    events: Iterable[Event],
    standing: Standing,
    *,
    outgoing: Outgoing,
    engine: FastEngine,
    out: list[bytes],
) -> Standing | None:
    """Judge `events` and put their bytes into `out`; return where they lead.

    None if they are left to the others: then everything is as before. The same
    holds when LocalProtocolError is raised, for a head that may not be sent.
    """
    if not outgoing.is_plain:
        return None
    framing, missing = outgoing.framing, outgoing.missing
    begun, keep_alive = outgoing.begun, outgoing.keep_alive
    written: list[bytes] = []
    for event in events:
        if type(event) is Data and standing.sends_body[keep_alive]:
            data = event.data
            if framing is _CHUNKED:
                if data:
                    written += (b"%x\r\n" % len(data), data, b"\r\n")
            elif framing is _LENGTH:
                missing -= len(data)
                if missing < 0:
                    return None
                written.append(data)
            else:
                return None
            continue
        steps = standing.by_server.get(type(event))
        if steps is None:
            return None
        if isinstance(event, Response):
            head = answer_head(event, b"1.1", keep_alive=keep_alive, their_last=outgoing.their_last)
            framing, missing, keep_alive = head.framing, head.length, head.keep_alive
            begun = True
            written.append(head.raw)
        elif isinstance(event, EndOfMessage) and not event.trailers and not missing:
            if framing is _CHUNKED:
                written.append(b"0\r\n\r\n")
        else:
            return None
        standing = steps[keep_alive]
    out += written
    outgoing.framing, outgoing.missing = framing, missing
    outgoing.begun, outgoing.keep_alive = begun, keep_alive
    engine.chunked = framing is _CHUNKED
    return standing
