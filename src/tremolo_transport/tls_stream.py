"""TLS around any other byte stream.

anyio has such a stream too. This one never loses what it has decrypted when a
`receive` is cancelled, lets a peer that asks for new keys wait for its turn
among the writers, says goodbye without waiting for an answer, and gives memory
back. Whom it is spoken with is decided in `handshakes`.
"""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
from anyio import BrokenResourceError, BusyResourceError, ClosedResourceError, EndOfStream
from anyio.abc import ByteStream
from anyio.streams.tls import TLSAttribute

__all__ = ("TLSStream",)

_PART = 8_192
"""Bytes that OpenSSL is given at a time. Its buffers grow to what they once held, and a third more,
and never shrink: in whole records, of 16 KiB, a connection would keep 45 KiB for ever."""

_BATCH = 32 * _PART
"""Bytes of ours that are encrypted before they are written."""


class TLSStream(ByteStream):
    """One end of a TLS connection, with anyio's `ByteStream` contract but for three things.

    - `send_eof` ends both directions: what the peer sends on is not decrypted,
      and `receive` waits for its end. TLS 1.2 knows no other way.
    - `aclose` alone says no goodbye, so that the peer can tell an answer that
      was cut off (RFC 8446 6.1). `send_eof` is what does.
    - `receive` lets other tasks run only if it has to read from the stream below.
    """

    def __init__(
        self, stream: ByteStream, context: ssl.SSLContext, *, server_hostname: str | None = None
    ) -> None:
        """Make the server's end; or a client's, which knows the server's name."""
        self._stream = stream
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._received = memoryview(b"")
        """What came from the stream below, and waits for room in `_incoming`."""
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_hostname is None,
            server_hostname=server_hostname,
        )
        self._sending = False
        """Whether a task is inside `send`."""
        self._writing = False
        """Whether one writes to the stream below, be it for TLS itself."""
        self._written: anyio.Event | None = None
        """Set when the writer has nothing left to write; made on demand."""
        self._broken = False
        """Whether bytes were lost on their way, so that the peer can understand no others."""
        self._ended = False
        """Whether we have said goodbye."""
        self._closed = False

    async def shake_hands(self, first: bytes = b"") -> None:
        """Agree with the peer, from whom `first` was read; to be done once, before all else.

        Raises what `receive` raises, EndOfStream too, and ssl.SSLError if there
        is no agreement; `owed` then has the reason, for the peer.
        """
        self._received = memoryview(first)
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self.flush()
                await self._feed()
            else:
                break
        await self.flush()

    async def receive(self, max_bytes: int = 65_536) -> bytes:
        """As `ByteStream.receive`; what is no TLS breaks the stream."""
        if max_bytes < 1:
            raise ValueError("max_bytes must be a positive integer")
        while not self._ended:
            if self._closed:
                raise ClosedResourceError
            try:
                data = self._tls.read(max_bytes)
            except ssl.SSLWantReadError:
                # What the peer is owed: new keys, say. No data waits meanwhile.
                if self._outgoing.pending and not self._writing:
                    await self.flush()
                try:
                    await self._feed()
                except EndOfStream:
                    self._incoming.write_eof()
            except ssl.SSLEOFError:
                # It has left without a goodbye. OpenSSL has an alert for that, which would keep
                # whoever has only half-closed from reading what it was sent.
                self._outgoing.read()
                raise EndOfStream from None
            except ssl.SSLError as error:
                raise BrokenResourceError from error
            else:
                if not data:
                    raise EndOfStream
                return data
        while True:
            await self._stream.receive()

    async def send(self, item: bytes) -> None:
        """As `ByteStream.send`."""
        if self._sending:
            raise BusyResourceError("writing to")
        self._sending = True
        try:
            await self._turn()
            await self._send(memoryview(item))
        finally:
            self._sending = False

    async def send_eof(self) -> None:
        """Say goodbye, in both directions."""
        await self._turn()
        if self._ended or self._closed or self._broken:
            return
        self._ended = True
        # It has been said when this fails, as the peer has not answered yet, or still sends data.
        with suppress(ssl.SSLError):
            self._tls.unwrap()
        await self.flush()
        await self._stream.send_eof()

    async def flush(self) -> None:
        """Write what TLS itself has to say."""
        await self._turn()
        if self._outgoing.pending:
            await self._write(self._outgoing.read())

    def owed(self) -> bytes:
        """Take what TLS itself has to say, to be sent in clear: after a handshake that failed."""
        return self._outgoing.read()

    async def aclose(self) -> None:
        """Close at once; without `send_eof` before, the peer is told that something is missing."""
        self._closed = True
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        """Those of the stream below, and `TLSAttribute.ssl_object` and its like."""
        return {
            **self._stream.extra_attributes,
            TLSAttribute.alpn_protocol: self._tls.selected_alpn_protocol,
            TLSAttribute.cipher: self._tls.cipher,
            TLSAttribute.peer_certificate: lambda: self._tls.getpeercert(False),
            TLSAttribute.peer_certificate_binary: lambda: self._tls.getpeercert(True),
            TLSAttribute.server_side: lambda: self._tls.server_side,
            TLSAttribute.ssl_object: lambda: self._tls,
            TLSAttribute.tls_version: self._tls.version,
        }

    async def _feed(self) -> None:
        """Give OpenSSL some more of what the peer has sent. Raises what `receive` raises."""
        if not self._received:
            self._received = memoryview(await self._stream.receive())
        self._incoming.write(self._received[:_PART])
        # An empty piece would still hold all of it.
        self._received = self._received[_PART:] or memoryview(b"")

    async def _send(self, rest: memoryview) -> None:
        while True:
            if self._closed or self._ended:
                raise ClosedResourceError
            if self._broken:
                raise BrokenResourceError
            try:
                records = self._encrypted(rest[:_BATCH])
            except ssl.SSLError as error:
                # What the peer has sent was no TLS.
                self._broken = True
                raise BrokenResourceError from error
            await self._write(records)
            rest = rest[_BATCH:]
            if not rest:
                return

    def _encrypted(self, data: memoryview) -> bytes:
        records = []
        for start in range(0, len(data), _PART):
            self._tls.write(data[start : start + _PART])
            records.append(self._outgoing.read())
        return records[0] if len(records) == 1 else b"".join(records)

    async def _turn(self) -> None:
        """Wait until nobody writes, as records are numbered in their order."""
        while self._writing:
            if self._written is None:
                self._written = anyio.Event()
            await self._written.wait()

    async def _write(self, data: bytes) -> None:
        self._writing = True
        try:
            while data:
                await self._stream.send(data)
                # What the reader has left to us meanwhile.
                data = self._outgoing.read()
        except BaseException:
            self._broken = True
            raise
        finally:
            self._writing = False
            if self._written is not None:
                self._written.set()
                self._written = None
