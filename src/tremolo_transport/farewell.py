"""How a connection ends: the last bytes that are owed, a while of listening, the close.

When it is to end is decided in `driver`.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream

from tremolo_core import Closing, ConnectionClosed, LocalProtocolError

from .answers import Answers
from .errors import ClientDisconnected
from .link import Link
from .native_stream import NativeStream
from .streams import end_tls
from .tls_stream import TLSStream

__all__ = (
    "ask_once_more",
    "close",
    "linger",
    "linger_scope",
    "owes",
    "tell_of_end",
    "write_last",
)

logger = logging.getLogger("tremolo.server")

_ASK_SECONDS = 0.01
"""How long an idle connection is asked once more: enough for what has arrived already."""

_LINGER_SECONDS = 5.0
_LINGER_BYTES = 64 * 1024 * 1024
"""How long, and for how much, a peer that still sends is listened to after its last answer.

So that it reads the answer and not a reset (RFC 9112 9.6). nginx waits as long.
"""

_WRITE_SECONDS = 5.0
"""How long the last bytes that are owed to a peer may take to be taken."""


async def ask_once_more(link: Link, seconds: float) -> bool:
    """Read once more where a connection is to be closed as idle; whether something has come.

    That may take `seconds`, or a moment if they are 0.
    """
    with CancelScope(deadline=anyio.current_time() + (seconds or _ASK_SECONDS)):
        await link.read()
    return link.connection.buffered > 0


def owes(link: Link) -> bool:
    """Whether the peer is owed anything before the stream is closed; mostly not."""
    connection = link.connection
    return not link.broken and (
        connection.closing is not Closing.NOW
        or connection.has_data_to_send
        or link.writing
        or isinstance(link.stream, TLSStream)
    )


async def write_last(link: Link, answers: Answers) -> None:
    """Write what is owed, and that it was the last."""
    connection = link.connection
    with CancelScope(deadline=anyio.current_time() + _WRITE_SECONDS):
        if connection.refusal is not None:
            answers.refuse(connection.refusal)
        await link.flush_unasked()
        if connection.closing is Closing.NO and not link.broken:
            await _say_goodbye(link)
        if connection.closing is not Closing.LINGER and not link.broken:
            await end_tls(link.stream)


async def _say_goodbye(link: Link) -> None:
    try:
        link.connection.send(ConnectionClosed())
        await link.flush()
    except (LocalProtocolError, ClientDisconnected):
        # In the middle of an answer, which can only be broken off.
        link.break_off()


def linger_scope() -> CancelScope:
    """Around `linger`; to be cancelled if the peer is to be listened to no longer."""
    return CancelScope(deadline=anyio.current_time() + _LINGER_SECONDS)


async def linger(stream: ByteStream) -> None:
    """Half-close, then drop what the peer still sends until it ends too."""
    left = _LINGER_BYTES
    try:
        # anyio's own TLS cannot do that.
        with suppress(NotImplementedError):
            await stream.send_eof()
        while left > 0:
            left -= len(await stream.receive())
    except (EndOfStream, BrokenResourceError, ClosedResourceError, OSError):
        return


async def close(stream: ByteStream, *, at_once: bool = False) -> None:
    """Close `stream` whatever happens, soon, even in a cancelled scope.

    If it is to be `at_once`, what the peer has not taken is dropped.
    """
    if isinstance(stream, NativeStream) and stream.close_at_once():
        return
    with CancelScope(shield=True, deadline=anyio.current_time() + _WRITE_SECONDS) as scope:
        if at_once:
            scope.cancel()
        try:
            await stream.aclose()
        except (BrokenResourceError, ClosedResourceError, OSError) as error:
            logger.debug("closing a connection that was already lost: %r", error)


def tell_of_end(*callbacks: Callable[[], None]) -> None:
    """Call all who wanted to know of the end; what one of them raises is logged."""
    for callback in callbacks:
        try:
            callback()
        except KeyboardInterrupt:
            raise
        except BaseException:
            logger.exception("a callback for the end of a connection failed")
