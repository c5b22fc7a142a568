"""permessage-deflate (RFC 7692): how it is agreed on, and how messages are pressed and expanded.

How a client's offer is read from its header is the business of
`websocket_handshake`; which frames are compressed, that of the engine.
"""

import re
import zlib

from ._values import value
from .errors import LocalProtocolError, RemoteProtocolError

__all__ = ("Deflater", "Inflater", "PerMessageDeflate", "agree", "longest", "parameters")

_TAIL = b"\x00\x00\xff\xff"
"""What the sender leaves out at a message's end (RFC 7692 7.2.1)."""

_WINDOW_BITS = re.compile(rb"[89]|1[0-5]")
"""RFC 7692 7.1.2.1: 8 to 15, without leading zeros."""

_LARGEST_WINDOW = 15
_SMALLEST_WINDOW = 9
"""RFC 7692 has 8 too, but zlib cannot compress with it."""


@value
class PerMessageDeflate:
    """The compression of messages, as we would have it, or as it was agreed on.

    The default windows take 39 KB to compress and 11 KB to expand where
    zlib's own take 268 KB and 40 KB; the `websockets` library has the same.
    """

    server_max_window_bits: int = 12
    """The window that we compress with, as a power of 2: 9 to 15. The client may ask for less."""
    client_max_window_bits: int = 12
    """The window that the client compresses with, 9 to 15; 15 for a client that cannot be told."""
    server_no_context_takeover: bool = False
    """Whether each of our messages is compressed by itself: worse, but no memory between them."""
    client_no_context_takeover: bool = False
    """Whether each of the client's messages is."""
    memory_level: int = 5
    """How much memory zlib takes to compress, 1 to 9."""
    threshold: int = 64
    """Whole messages of fewer bytes are sent as they are: nobody gains from compressing them."""


def agree(
    ours: PerMessageDeflate, offer: tuple[tuple[bytes, bytes | None], ...]
) -> PerMessageDeflate | None:
    """Return what comes out of `ours` and a client's offer; None to decline (RFC 7692 7.1).

    `offer` has the parameters of one offer, with the value of each that has
    one. Raises LocalProtocolError if `ours` is out of range.
    """
    _judge(ours)
    offered = dict(offer)
    if len(offered) < len(offer) or not all(_is_valid(*parameter) for parameter in offer):
        return None
    theirs = int(offered.get(b"server_max_window_bits") or _LARGEST_WINDOW)
    if theirs < _SMALLEST_WINDOW:
        return None
    client_window = _LARGEST_WINDOW
    if b"client_max_window_bits" in offered:
        most = int(offered[b"client_max_window_bits"] or _LARGEST_WINDOW)
        client_window = min(ours.client_max_window_bits, most)
    return PerMessageDeflate(
        server_max_window_bits=min(ours.server_max_window_bits, theirs),
        client_max_window_bits=client_window,
        server_no_context_takeover=(
            ours.server_no_context_takeover or b"server_no_context_takeover" in offered
        ),
        client_no_context_takeover=(
            ours.client_no_context_takeover or b"client_no_context_takeover" in offered
        ),
        memory_level=ours.memory_level,
        threshold=ours.threshold,
    )


def parameters(agreed: PerMessageDeflate) -> bytes:
    """The parameters of our answer, each behind its semicolon.

    A client's window that is smaller than the largest was agreed on with a
    client that said it can be told (RFC 7692 7.1.2.2).
    """
    said = b""
    if agreed.server_no_context_takeover:
        said += b"; server_no_context_takeover"
    if agreed.client_no_context_takeover:
        said += b"; client_no_context_takeover"
    if agreed.server_max_window_bits < _LARGEST_WINDOW:
        said += b"; server_max_window_bits=%d" % agreed.server_max_window_bits
    if agreed.client_max_window_bits < _LARGEST_WINDOW:
        said += b"; client_max_window_bits=%d" % agreed.client_max_window_bits
    return said


def longest(size: int) -> int:
    """The most bytes that a compressor makes of `size` bytes: zlib's own cautious bound."""
    return size + (size + 7 >> 3) + (size + 63 >> 6) + 11


class Inflater:
    """Expands what the client has compressed, by steps that are bounded."""

    __slots__ = ("_agreed", "_expanded", "_limit", "_zlib")

    def __init__(self, agreed: PerMessageDeflate, *, limit: int | None) -> None:
        self._agreed = agreed
        self._limit = limit
        self._expanded = 0
        """Bytes of the current message so far."""
        self._zlib: zlib._Decompress | None = None

    def inflate(self, data: bytes) -> bytes:
        """Return what the next bytes of a message stand for.

        Raises RemoteProtocolError if they stand for nothing (1007), or as soon
        as the message is beyond the limit (1009); then no more than one byte
        beyond it was ever made.
        """
        expanded = []
        while data:
            inflater = self._zlib or self._new()
            try:
                part = inflater.decompress(data, self._room())
            except zlib.error as error:
                raise RemoteProtocolError(
                    "a compressed message that cannot be expanded", status=None, close_code=1007
                ) from error
            self._expanded += len(part)
            if self._limit is not None and self._expanded > self._limit:
                raise RemoteProtocolError(
                    f"a message of more than {self._limit} bytes", status=None, close_code=1009
                )
            expanded.append(part)
            if inflater.eof:
                # A final block: what follows it begins anew (RFC 7692 7.2.3.4).
                self._zlib = None
                data = inflater.unused_data
            else:
                data = inflater.unconsumed_tail
        return b"".join(expanded)

    def end_message(self) -> bytes:
        """Return the rest of the message whose data has been given. Raises as `inflate`."""
        rest = self.inflate(_TAIL)
        self._expanded = 0
        if self._agreed.client_no_context_takeover:
            self._zlib = None
        return rest

    def release(self) -> None:
        """Let go of the window."""
        self._zlib = None

    def _new(self) -> "zlib._Decompress":
        bits = max(self._agreed.client_max_window_bits, _SMALLEST_WINDOW)
        self._zlib = zlib.decompressobj(-bits)
        return self._zlib

    def _room(self) -> int:
        """The most bytes to expand now; one more than may be, as 0 means any number to zlib."""
        return 0 if self._limit is None else self._limit - self._expanded + 1


class Deflater:
    """Compresses what we send."""

    __slots__ = ("_agreed", "_zlib")

    def __init__(self, agreed: PerMessageDeflate) -> None:
        self._agreed = agreed
        self._zlib: zlib._Compress | None = None

    def whole(self, data: bytes) -> bytes | None:
        """Return a whole message compressed, or None if it had better be sent as it is."""
        if len(data) < self._agreed.threshold:
            return None
        pressed = self.part(data, final=True)
        if len(pressed) < len(data):
            return pressed
        # The client will not see these bytes in its window, so forget that they are in ours.
        self._zlib = None
        return None

    def part(self, data: bytes, *, final: bool) -> bytes:
        """Return the next part of a message compressed, so that it can be read at once."""
        deflater = self._zlib or self._new()
        pressed = deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH)
        if not final:
            return pressed
        if self._agreed.server_no_context_takeover:
            self._zlib = None
        # Nothing since the last flush: an empty block (RFC 7692 7.2.3.6).
        return pressed[: -len(_TAIL)] or b"\x00"

    def release(self) -> None:
        """Let go of the window."""
        self._zlib = None

    def _new(self) -> "zlib._Compress":
        self._zlib = zlib.compressobj(
            zlib.Z_DEFAULT_COMPRESSION,
            zlib.DEFLATED,
            -self._agreed.server_max_window_bits,
            self._agreed.memory_level,
        )
        return self._zlib


def _judge(ours: PerMessageDeflate) -> None:
    windows = (ours.server_max_window_bits, ours.client_max_window_bits)
    if not all(_SMALLEST_WINDOW <= bits <= _LARGEST_WINDOW for bits in windows):
        raise LocalProtocolError(
            f"a window has {_SMALLEST_WINDOW} to {_LARGEST_WINDOW} bits, not {windows}"
        )
    if not 1 <= ours.memory_level <= 9:
        raise LocalProtocolError(f"zlib has memory levels from 1 to 9, not {ours.memory_level}")


def _is_valid(name: bytes, said: bytes | None) -> bool:
    match name:
        case b"server_no_context_takeover" | b"client_no_context_takeover":
            return said is None
        case b"server_max_window_bits":
            return said is not None and _WINDOW_BITS.fullmatch(said) is not None
        case b"client_max_window_bits":
            return said is None or _WINDOW_BITS.fullmatch(said) is not None
        case _:
            return False
