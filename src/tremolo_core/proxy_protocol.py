"""The PROXY protocol: what a proxy says about a connection before its first byte.

Versions 1 and 2, as HAProxy's `proxy-protocol.txt` has them. What proxies say
in each request is read in `forwarded`; which peers may send such a header, and
how long they may take, is the transport's business.
"""

import enum
import re
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from typing import NoReturn

from ._values import value
from .addresses import Address, unmapped
from .errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from .proxy_tlvs import ProxyTLVs, read_tlvs

__all__ = ("ProxyFamily", "ProxyHeader", "ProxyHeaderReader")

_TEXT_START = b"PROXY "
_TEXT_MOST = 107
"""The longest line of version 1, with its end (section 2.1)."""

_PORTS = rb" (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})\r\n"
_TEXT_TCP = re.compile(rb"PROXY TCP([46]) ([0-9A-Fa-f:.]++) ([0-9A-Fa-f:.]++)" + _PORTS)
_TEXT_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: [\x20-\x7e]*+)?\r\n")

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_COMMAND, _FAMILY, _LENGTH, _FIXED = 12, 13, 14, 16
"""Where what is always there begins, behind the signature, and where it ends."""
_LOCAL = 0x20
_PROXY = 0x21


class ProxyFamily(enum.Enum):
    """What kind of addresses a PROXY header has."""

    UNKNOWN = enum.auto()
    """None: the proxy does not know, or may not say."""
    IPV4 = enum.auto()
    IPV6 = enum.auto()
    """An IPv4-mapped address counts as one, but is given as the IPv4 address it is."""
    UNIX = enum.auto()


_FAMILIES = {
    0x00: ProxyFamily.UNKNOWN,
    0x11: ProxyFamily.IPV4,
    0x12: ProxyFamily.IPV4,
    0x21: ProxyFamily.IPV6,
    0x22: ProxyFamily.IPV6,
    0x31: ProxyFamily.UNIX,
    0x32: ProxyFamily.UNIX,
}
"""The combinations that are expected (section 2.2). Datagrams are what HTTP/3 comes by."""

_LAYOUTS = {
    ProxyFamily.IPV4: Struct(">4s4sHH"),
    ProxyFamily.IPV6: Struct(">16s16sHH"),
    ProxyFamily.UNIX: Struct(">108s108s"),
}


@value
class ProxyHeader:
    """What a proxy says about the connection that it has made to us."""

    version: int
    """1 or 2."""
    local: bool = False
    """Whether the proxy speaks for itself, as in a health check.

    Then, and if the family is unknown, the socket's own ends are those to use,
    and the rest of the header was passed over unread.
    """
    family: ProxyFamily = ProxyFamily.UNKNOWN
    source: Address | None = None
    """The client's end; None if the family is unknown, or a unix socket has no path."""
    destination: Address | None = None
    """The end that the client has connected to; None as above."""
    tlvs: ProxyTLVs = ProxyTLVs()
    """What it says besides; nothing in version 1."""


class ProxyHeaderReader:
    """Takes the header from the start of one connection, and touches nothing behind it.

    A connection on which a header is expected must begin with one: never guess.
    """

    __slots__ = ("_buffer", "_limit", "_over")

    def __init__(self, *, limit: int = 4_096) -> None:
        """Make one that takes headers of version 2 up to `limit` bytes. The default is nginx's.

        The protocol has up to 65,551. Addresses take no more than 232; what
        proxies say besides is short, unless they pass on a client's certificate.
        """
        self._limit = limit
        self._buffer = bytearray()
        self._over: ProtocolError | None = None

    def receive_data(self, data: bytes) -> tuple[ProxyHeader, bytes] | None:
        """Take bytes from the peer; return the header and the bytes behind it, if it is complete.

        Returns None as long as it is not, and then holds fewer bytes than the
        limit, or than 107 of version 1.

        Raises RemoteProtocolError without a status, as nobody knows in which
        protocol to answer, if the header is malformed or too long: at the first
        byte if that begins no header, else as soon as the wrong part is
        complete. It is raised again each time. After the header, raises
        LocalProtocolError: what follows is for somebody else.
        """
        if self._over is not None:
            raise self._over
        self._buffer += data
        try:
            found = _read(self._buffer, self._limit)
        except RemoteProtocolError as error:
            self._end(error)
            raise
        if found is None:
            return None
        header, size = found
        rest = bytes(self._buffer[size:])
        self._end(LocalProtocolError("the PROXY header is complete"))
        return header, rest

    def receive_eof(self) -> NoReturn:
        """Note that the peer will send no more, and raise RemoteProtocolError.

        After a failure raises that again; after the header, LocalProtocolError.
        """
        error = self._over or RemoteProtocolError("an end within the PROXY header", status=None)
        self._end(error)
        raise error

    def _end(self, error: ProtocolError) -> None:
        self._buffer.clear()
        self._over = error


def _read(buffer: bytearray, limit: int) -> tuple[ProxyHeader, int] | None:
    """The header and its size; None if it is incomplete."""
    if _TEXT_START.startswith(buffer[: len(_TEXT_START)]):
        return _read_text(buffer)
    if _SIGNATURE.startswith(buffer[: len(_SIGNATURE)]):
        return _read_binary(buffer, limit)
    raise RemoteProtocolError("no PROXY header, where one is expected", status=None)


def _read_text(buffer: bytearray) -> tuple[ProxyHeader, int] | None:
    size = buffer.find(b"\n", 0, _TEXT_MOST) + 1
    if size:
        return _parse_line(bytes(buffer[:size])), size
    if len(buffer) >= _TEXT_MOST:
        raise RemoteProtocolError(f"a PROXY line of more than {_TEXT_MOST} bytes", status=None)
    return None


def _parse_line(line: bytes) -> ProxyHeader:
    # The rest of such a line is to be ignored; but no control byte belongs in a line.
    if _TEXT_UNKNOWN.fullmatch(line):
        return ProxyHeader(version=1)
    try:
        return _parse_addresses(line)
    except ValueError:
        raise RemoteProtocolError("a malformed PROXY line", status=None) from None


def _parse_addresses(line: bytes) -> ProxyHeader:
    """Raises ValueError if there is anything wrong."""
    match = _TEXT_TCP.fullmatch(line)
    if match is None:
        raise ValueError
    kind, source, destination, source_port, destination_port = match.groups()
    four = kind == b"4"
    ip = IPv4Address if four else IPv6Address
    return ProxyHeader(
        version=1,
        family=ProxyFamily.IPV4 if four else ProxyFamily.IPV6,
        source=(str(unmapped(ip(source.decode("ascii")))), _port(source_port)),
        destination=(str(unmapped(ip(destination.decode("ascii")))), _port(destination_port)),
    )


def _port(digits: bytes) -> int:
    port = int(digits)
    if port > 0xFFFF:
        raise ValueError
    return port


def _read_binary(buffer: bytearray, limit: int) -> tuple[ProxyHeader, int] | None:
    # In the order of the bytes, so that the verdict is the same however they come.
    available = len(buffer)
    if available > _COMMAND and buffer[_COMMAND] not in (_LOCAL, _PROXY):
        raise RemoteProtocolError("an unknown version or command of PROXY", status=None)
    # The family of a LOCAL header is to be ignored.
    local = available > _COMMAND and buffer[_COMMAND] == _LOCAL
    if available > _FAMILY and not local and buffer[_FAMILY] not in _FAMILIES:
        raise RemoteProtocolError("an unknown family of addresses for PROXY", status=None)
    if available < _FIXED:
        return None
    size = _FIXED + int.from_bytes(buffer[_LENGTH:_FIXED], "big")
    if size > limit:
        raise RemoteProtocolError(f"a PROXY header of more than {limit} bytes", status=None)
    if available < size:
        return None
    if local:
        return ProxyHeader(version=2, local=True), size
    return _parse_binary(bytes(buffer[:size])), size


def _parse_binary(header: bytes) -> ProxyHeader:
    family = _FAMILIES[header[_FAMILY]]
    if family is ProxyFamily.UNKNOWN:
        # The addresses are to be ignored, and how many bytes they take is not known.
        return ProxyHeader(version=2)
    layout = _LAYOUTS[family]
    if len(header) < _FIXED + layout.size:
        raise RemoteProtocolError("a PROXY header too short for its addresses", status=None)
    source, destination, *ports = layout.unpack_from(header, _FIXED)
    return ProxyHeader(
        version=2,
        family=family,
        source=_address(family, source, *ports[:1]),
        destination=_address(family, destination, *ports[1:]),
        tlvs=read_tlvs(header, _FIXED + layout.size),
    )


def _address(family: ProxyFamily, packed: bytes, port: int | None = None) -> Address | None:
    if family is ProxyFamily.UNIX:
        # An abstract name, which begins with a zero, ends nobody knows where.
        path, _, _ = packed.partition(b"\x00")
        return (path.decode("utf-8", "surrogateescape"), None) if path else None
    ip = IPv4Address if family is ProxyFamily.IPV4 else IPv6Address
    return str(unmapped(ip(packed))), port
