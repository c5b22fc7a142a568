"""How much and how long a peer may: sizes, counts and times, with their defaults.

`gate` and `connection` keep to the limits, `deadlines` to the time-outs.
"""

from ._values import value

__all__ = ("Limits", "Timeouts")


@value
class Limits:
    """Sizes in bytes that one peer can make us hold or read. None is no limit."""

    request_line: int = 8_190
    """Method, target and version with the two spaces between; beyond it 414.

    Apache's `LimitRequestLine`.
    """
    head: int = 65_536
    """A request line and its fields up to the empty line; beyond it 431.

    Half of what haproxy and twice what nginx take; browsers send up to 16 KiB.
    """
    fields: int = 128
    """Field lines in one head or one trailer section; beyond it 431."""
    trailers: int = 8_192
    """The whole trailer section of a chunked body; beyond it 431."""
    chunk_line: int = 256
    """A chunk's size with its extensions, and the line's end; beyond it 400."""
    body: int | None = None
    """A request's body after its transfer coding is undone; beyond it 413."""
    message: int | None = 16_777_216
    """A WebSocket message after its compression is undone; beyond it 1009. uvicorn's."""
    read_ahead: int = 65_536
    """Bytes that wait, not yet asked for, before the driver stops reading."""


@value
class Timeouts:
    """Seconds that one peer can make us wait. None is for ever."""

    head: float | None = 30.0
    """For a whole request head, from the connection's start or the head's first byte; then 408."""
    body_idle: float | None = 30.0
    """Between two pieces of a body that somebody waits for; then 408."""
    body_rate: float | None = 500.0
    """Bytes/s of a body that somebody waits for, after `body_idle` seconds' grace; less is 408.

    Grace for ever if `body_idle` is None. Apache's `mod_reqtimeout`.
    """
    keep_alive: float | None = 75.0
    """Between an answer and the next request; then a silent close. Above what balancers use."""
    ping: float | None = 20.0
    """Of silence on a WebSocket, before we send a Ping. uvicorn's, as is the next."""
    pong: float | None = 20.0
    """Between a Ping and whatever comes next; then 1011."""
    close: float | None = 10.0
    """Between our Close and the peer's; then the end without it. The `websockets` library's."""
