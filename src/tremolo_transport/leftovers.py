"""Reads what a handler has left unread, as far as that decides how its connection goes on.

Where the connection is to be ended the rest is read, and dropped, by `farewell`.
"""

from tremolo_core import Closing, RemoteProtocolError, Signal, State

from .link import Link

__all__ = ("await_close", "drain")

_DRAIN = 65_536
"""Bytes of an unread body that are worth reading to keep the connection."""


async def drain(link: Link) -> bool:
    """Read what the handler left of the body, if it is little; false to end the connection."""
    connection = link.connection
    while connection.client_state is State.SEND_BODY and not link.broken:
        try:
            event = connection.next_event()
        except RemoteProtocolError:
            return False
        if event is Signal.NEED_DATA:
            unread = connection.unread_body
            if connection.closing is not Closing.NO or unread is None or unread > _DRAIN:
                return False
            await link.read()
    return connection.closing is Closing.NO and not link.broken


async def await_close(link: Link) -> None:
    """Read until a WebSocket is closed by both sides; what the peer still says is dropped."""
    connection = link.connection
    while connection.closing is Closing.NO and not link.broken:
        try:
            event = connection.next_event()
        except RemoteProtocolError:
            return
        if event is Signal.NEED_DATA:
            await link.read()
