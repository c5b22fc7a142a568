"""Begins TLS on a new connection, or says why that cannot be.

Who the peer is otherwise, and what of it is logged, is the business of
`entrances`.
"""

import ssl
from contextlib import suppress

import anyio
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream

from .admission import NotAdmitted
from .tls_contexts import TLSContext
from .tls_stream import TLSStream

__all__ = ("shake_hands",)

_FIRST_SIZE = 16_384

_HANDSHAKE = 0x16
"""The first byte of every TLS connection (RFC 8446 5.1)."""

_LAST_SECONDS = 2.0
"""How long a peer that was told why may take to leave."""

_PLAIN_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Connection: close\r\n"
    b"Content-Length: 43\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"400 This port speaks HTTPS, and not HTTP.\r\n"
)


async def shake_hands(stream: ByteStream, context: TLSContext) -> TLSStream:
    """Do the handshake with the client at the other end of `stream`.

    Raises NotAdmitted if there is no agreement. The client has been told why
    then, if it can be; the stream is still the caller's to close.
    """
    try:
        first = await stream.receive(_FIRST_SIZE)
    except (EndOfStream, BrokenResourceError, ClosedResourceError, OSError):
        # Whoever looks whether the port is open.
        raise NotAdmitted("it left before its TLS handshake", usual=True) from None
    if first[0] != _HANDSHAKE:
        if not first[:1].isalpha():
            raise NotAdmitted("it speaks something that is not TLS")
        await _send(stream, _PLAIN_ANSWER)
        raise NotAdmitted("it speaks plain HTTP on a port for TLS")
    tls = TLSStream(stream, context.context)
    try:
        await tls.shake_hands(first)
    except ssl.SSLError as error:
        # The alert, so that the client knows what it lacks.
        await _send(stream, tls.owed())
        raise NotAdmitted(f"its TLS handshake failed: {_reason(error)}") from None
    except (EndOfStream, BrokenResourceError, ClosedResourceError, OSError):
        raise NotAdmitted("it left within its TLS handshake") from None
    return tls


async def _send(stream: ByteStream, data: bytes) -> None:
    """Send the last that the client hears, and wait for it to leave, or it would hear a reset."""
    with (
        anyio.move_on_after(_LAST_SECONDS),
        suppress(EndOfStream, BrokenResourceError, ClosedResourceError, OSError),
    ):
        if data:
            await stream.send(data)
        await stream.send_eof()
        while True:
            await stream.receive()


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    return (error.reason or str(error)).replace("_", " ").lower()
