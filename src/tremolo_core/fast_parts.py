"""The fast way for a message whose only frame comes in pieces, as a large text does.

One that has come whole is for `fast_frames`; one of bytes is held until then,
unless its fragments are asked for. Which pieces there are, `frame_gate` decides;
what they are told as is what the engine would make of them.
"""

import codecs

from ._values import maker
from .errors import RemoteProtocolError
from .events import BytesMessage, TextMessage
from .masking import Unmask

__all__ = ("MessageInPieces", "in_pieces")

_bytes_message = maker(BytesMessage)
_text_message = maker(TextMessage)

_TEXT = 0x81
_BYTES = 0x82
"""The first byte of a message's only frame: FIN and the opcode (RFC 6455 5.2)."""

_LENGTH = 0x7F
_TWO_BYTES = 126
_EIGHT_BYTES = 127
"""What stands for a length in the two, or eight, bytes that follow."""

_MASK = 4
"""How long the mask is, the last of a header."""

_new_decoder = codecs.getincrementaldecoder("utf-8")


def in_pieces(raw: bytes, unmask: Unmask) -> "MessageInPieces | None":
    """What reads the message whose header `raw` begins with, and `raw`; None if it has more frames.

    Nor does it read control frames, or what an extension has changed.
    """
    return MessageInPieces(raw, unmask) if raw[0] == _TEXT or raw[0] == _BYTES else None


class MessageInPieces:
    """One message, as far as it has come."""

    __slots__ = ("_begin", "_decoder", "_mask", "_missing", "_unmask")

    def __init__(self, raw: bytes, unmask: Unmask) -> None:
        self._unmask = unmask
        self._missing = size = raw[1] & _LENGTH
        """Bytes that are still to come."""
        begin = 2
        if size == _TWO_BYTES:
            begin, self._missing = 4, int.from_bytes(raw[2:4])
        elif size == _EIGHT_BYTES:
            begin, self._missing = 10, int.from_bytes(raw[2:10])
        self._begin = begin + _MASK
        """Where the payload begins in what is read next."""
        self._mask = raw[begin : begin + _MASK]
        """For the next byte and those that follow."""
        self._decoder = _new_decoder() if raw[0] == _TEXT else None

    def read(self, raw: bytes) -> TextMessage | BytesMessage | None:
        """As `FrameEngine.read`; the first time of what it was made of."""
        masked = memoryview(raw)[self._begin :]
        self._begin = 0
        size = len(masked)
        if not size and self._missing:
            return None
        piece = self._unmask(masked, self._mask)
        turn = size % _MASK
        self._mask = self._mask[turn:] + self._mask[:turn]
        self._missing -= size
        final = not self._missing
        if self._decoder is None:
            return _bytes_message(piece, final)
        try:
            return _text_message(self._decoder.decode(piece, final), final)
        except UnicodeDecodeError as error:
            # As the engine says it.
            raise RemoteProtocolError(
                "text that is not UTF-8", status=None, close_code=1007
            ) from error
