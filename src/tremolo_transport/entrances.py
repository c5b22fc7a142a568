"""Takes new connections of one listener up to their first request: PROXY header, then TLS.

Accepting them is the business of `acceptor`; what follows, of `driver`.
"""

import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import anyio
from anyio import BrokenResourceError, CancelScope, ClosedResourceError
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute

from tremolo_core.proxy_protocol import ProxyHeader

from .admission import NotAdmitted
from .handshakes import shake_hands
from .peer import Peer, address_of, peer_between, peer_of
from .proxy_headers import receive_proxy_header
from .refusals import RefusalLog
from .settings import Listener, Transport
from .streams import open_at_once, open_stream
from .tls_contexts import TLSContext
from .tls_session import session_of

__all__ = ("Entrance",)

T = TypeVar("T")

_CLOSE_SECONDS = 1.0
"""How long the closing of a connection that is not admitted may take."""


class Entrance:
    """The way into one listener."""

    def __init__(
        self,
        listener: Listener,
        *,
        context: TLSContext | None,
        transport: Transport,
        refusals: RefusalLog,
    ) -> None:
        self._listener = listener
        self._context = context
        self._transport = transport
        self._refusals = refusals
        self._under_way: set[CancelScope] = set()
        self._cancelled = False

    async def admit(self, sock: socket.socket) -> tuple[ByteStream, Peer] | None:
        """Take over an accepted socket, and return its stream and who is at the other end.

        None if it is not admitted: then it is closed, and logged if it was
        anything but a peer that had left already.
        """
        try:
            header = await self._proxy_header(sock)
            stream = await open_stream(sock, self._transport)
        except NotAdmitted as error:
            self._note(error, _name_of(sock))
            sock.close()
            return None
        except (OSError, ValueError):
            # It has gone between accept() and now.
            sock.close()
            return None
        except BaseException:
            sock.close()
            raise
        peer = peer_of(stream)
        if header is not None:
            peer = peer.told_by_header(header)
        if self._context is None:
            return stream, peer
        return await self._secured(stream, peer, self._context)

    def admit_at_once(self, sock: socket.socket, name: Any) -> tuple[ByteStream, Peer] | None:
        """As `admit`, for a socket whose other end has this `name`; None if that has to wait."""
        if self._context is not None or self._listener.proxy_protocol is not None:
            return None
        stream = open_at_once(sock, self._transport)
        return None if stream is None else (stream, peer_between(name, sock))

    def hurry(self, seconds: float) -> None:
        """Give those who are on their way so many seconds more, at most."""
        until = anyio.current_time() + seconds
        for scope in self._under_way:
            scope.deadline = min(scope.deadline, until)

    def cancel(self) -> None:
        """Admit nobody any more, whether on their way or still to come."""
        self._cancelled = True
        for scope in tuple(self._under_way):
            scope.cancel()

    async def _proxy_header(self, sock: socket.socket) -> ProxyHeader | None:
        trusted = self._listener.proxy_protocol
        if trusted is None:
            return None
        if not trusted.trusts(address_of(sock.getpeername()), address_of(sock.getsockname())):
            raise NotAdmitted("it is none of the proxies that may connect")
        reading = receive_proxy_header(sock)
        return await self._in_time(self._listener.proxy_timeout, "PROXY header", reading)

    async def _secured(
        self, stream: ByteStream, peer: Peer, context: TLSContext
    ) -> tuple[ByteStream, Peer] | None:
        try:
            shaking = shake_hands(stream, context)
            tls = await self._in_time(self._listener.handshake_timeout, "TLS handshake", shaking)
        except NotAdmitted as error:
            self._note(error, peer)
            await _close(stream)
            return None
        except BaseException:
            await _close(stream)
            raise
        session = session_of(tls.extra(TLSAttribute.ssl_object), context)
        return tls, peer.over_tls(session)

    async def _in_time(
        self, seconds: float | None, what: str, under_way: Coroutine[Any, Any, T]
    ) -> T:
        """Raise NotAdmitted if it takes longer."""
        with anyio.move_on_after(seconds) as scope:
            self._under_way.add(scope)
            if self._cancelled:
                scope.cancel()
            try:
                return await under_way
            finally:
                self._under_way.discard(scope)
        if self._cancelled:
            raise NotAdmitted("the server stops", usual=True)
        raise NotAdmitted(f"it took too long with its {what}")

    def _note(self, error: NotAdmitted, peer: Peer) -> None:
        if not error.usual:
            self._refusals.note_connection(error.reason, peer)


def _name_of(sock: socket.socket) -> Peer:
    """The peer for a log line."""
    try:
        return Peer(client=address_of(sock.getpeername()))
    except OSError:
        return Peer()


async def _close(stream: ByteStream) -> None:
    with (
        CancelScope(shield=True, deadline=anyio.current_time() + _CLOSE_SECONDS),
        suppress(BrokenResourceError, ClosedResourceError, OSError),
    ):
        await stream.aclose()
