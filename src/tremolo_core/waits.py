"""What a peer is being waited for, by where both sides stand and what has come of it.

How long it may take is reckoned in `deadlines`.
"""

from .deadlines import Wait
from .incoming import Incoming
from .standing import Standing
from .states import State

__all__ = ("wait_of",)

_FRAMED = (State.OPEN, State.CLOSING)


def wait_of(standing: Standing, incoming: Incoming, *, first: bool, wanted: bool) -> Wait:
    """Return it; `first` is whether it is for the first request, `wanted` whether by somebody."""
    match standing.client:
        case State.IDLE:
            return Wait.HEAD if first or incoming.buffered else Wait.NEXT_REQUEST
        case State.SEND_BODY:
            return Wait.BODY if wanted else Wait.UNWANTED_BODY
        case State.OPEN if standing.server in _FRAMED:
            frames = incoming.frames
            # Nothing is waited for of a peer that has left.
            return Wait.NOTHING if frames is None or incoming.broke_off else frames.wait
        case _:
            return Wait.NOTHING
