"""What a PROXY header of version 2 says besides addresses: its type-length-value vectors.

Where they begin, and what stands before them, is known in `proxy_protocol`.
"""

from collections.abc import Iterator

from ._values import value
from .errors import RemoteProtocolError

__all__ = ("ProxiedTLS", "ProxyTLVs", "read_tlvs")

# Section 2.2 of the specification, by its names without PP2_TYPE_ and PP2_SUBTYPE_.
_ALPN = 0x01
_AUTHORITY = 0x02
_CRC32C = 0x03
_NOOP = 0x04
_UNIQUE_ID = 0x05
_SSL = 0x20
_SSL_VERSION = 0x21
_SSL_CN = 0x22
_SSL_CIPHER = 0x23

_ONCE = frozenset((_ALPN, _AUTHORITY, _CRC32C, _UNIQUE_ID, _SSL))
_ONCE_IN_SSL = frozenset((_SSL_VERSION, _SSL_CN, _SSL_CIPHER))

_LONGEST_ID = 128

# The bits in the first byte of an SSL vector, behind which are four more of `verify`.
_CLIENT_SSL = 0x01
_CLIENT_CERTIFICATE = 0x02 | 0x04
_SSL_FIXED = 5


@value
class ProxiedTLS:
    """The TLS that a client speaks to the proxy."""

    version: str | None = None
    """As the proxy calls it, such as `TLSv1.3`."""
    cipher: str | None = None
    """As the proxy calls it, such as `ECDHE-RSA-AES128-GCM-SHA256`."""
    certificate: bool = False
    """Whether the client has shown a certificate, on this connection or when the session began."""
    verified: bool = False
    """Whether it has, and the proxy found it good."""
    common_name: str | None = None
    """That of the certificate's subject, whether it is verified or not."""


@value
class ProxyTLVs:
    """What a proxy says about a connection, apart from its ends."""

    authority: str | None = None
    """The name of the host that the client asked for, as in TLS's SNI. Its own word."""
    alpn: bytes | None = None
    """The protocol that the client and the proxy have agreed on."""
    unique_id: bytes | None = None
    """What the proxy calls the connection: 128 opaque bytes at most."""
    tls: ProxiedTLS | None = None
    """None if the client came without TLS, or the proxy does not say."""
    others: tuple[tuple[int, bytes], ...] = ()
    """(type, value) of what has no name here, in order; without checksum and padding."""


def read_tlvs(header: bytes, start: int) -> ProxyTLVs:
    """Read all that stands behind `start` in a complete header.

    Raises RemoteProtocolError without a status if anything is malformed, if
    there are two of a kind that has a name here, or if there is a checksum and
    it is not that of the header.
    """
    named, others = _sorted(header, start, len(header), _ONCE)
    if _CRC32C in named:
        _verify(header, *named[_CRC32C])
    authority = _value(header, named, _AUTHORITY)
    unique_id = _value(header, named, _UNIQUE_ID)
    if unique_id is not None and len(unique_id) > _LONGEST_ID:
        raise _malformed()
    return ProxyTLVs(
        authority=_text(authority),
        alpn=_value(header, named, _ALPN),
        unique_id=unique_id,
        tls=_read_tls(header, *named[_SSL]) if _SSL in named else None,
        others=tuple(others),
    )


def _read_tls(header: bytes, start: int, end: int) -> ProxiedTLS | None:
    if end - start < _SSL_FIXED:
        raise _malformed()
    client, verify = header[start], header[start + 1 : start + _SSL_FIXED]
    named, _ = _sorted(header, start + _SSL_FIXED, end, _ONCE_IN_SSL)
    tls = ProxiedTLS(
        version=_text(_value(header, named, _SSL_VERSION)),
        cipher=_text(_value(header, named, _SSL_CIPHER)),
        certificate=bool(client & _CLIENT_CERTIFICATE),
        verified=bool(client & _CLIENT_CERTIFICATE) and not any(verify),
        common_name=_text(_value(header, named, _SSL_CN)),
    )
    return tls if client & _CLIENT_SSL else None


def _sorted(
    header: bytes, start: int, end: int, once: frozenset[int]
) -> tuple[dict[int, tuple[int, int]], list[tuple[int, bytes]]]:
    """Where the value of each kind is that may be there `once`, and all others but padding."""
    named: dict[int, tuple[int, int]] = {}
    others = []
    for kind, first, behind in _vectors(header, start, end):
        if kind in named:
            raise RemoteProtocolError("a PROXY header that says one thing twice", status=None)
        if kind in once:
            named[kind] = (first, behind)
        elif kind != _NOOP:
            others.append((kind, header[first:behind]))
    return named, others


def _vectors(header: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The type of each vector, and where its value begins and ends."""
    while start < end:
        first = start + 3
        behind = first + int.from_bytes(header[start + 1 : first], "big")
        if first > end or behind > end:
            raise _malformed()
        yield header[start], first, behind
        start = behind


def _value(header: bytes, named: dict[int, tuple[int, int]], kind: int) -> bytes | None:
    return header[slice(*named[kind])] if kind in named else None


def _text(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed() from None


def _verify(header: bytes, first: int, behind: int) -> None:
    """Compare the checksum, which is that of the header with zeros in its place."""
    said = header[first:behind]
    computed = _crc32c(header[:first] + bytes(4) + header[behind:])
    if said != computed.to_bytes(4, "big"):
        raise RemoteProtocolError("a PROXY header that its checksum does not fit", status=None)


def _crc32c(data: bytes) -> int:
    """Castagnoli's CRC (RFC 9260 appendix A), which `zlib` and `binascii` do not have."""
    crc = 0xFFFF_FFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[crc & 0xFF ^ byte]
    return crc ^ 0xFFFF_FFFF


def _crc_of_byte(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F6_3B78 if byte & 1 else 0)
    return byte


_CRC_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))


def _malformed() -> RemoteProtocolError:
    return RemoteProtocolError("a malformed PROXY header", status=None)
