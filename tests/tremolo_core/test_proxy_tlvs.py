"""The vectors behind the addresses of a PROXY header, one kind after the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import for_each
from tremolo_core import RemoteProtocolError
from tremolo_core.proxy_tlvs import ProxiedTLS, ProxyTLVs, read_tlvs

BEFORE = bytes(range(28))
"""What stands before the vectors counts for the checksum only."""

ALPN, AUTHORITY, CRC32C, NOOP, UNIQUE_ID, SSL, NETNS = 0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30
SSL_VERSION, SSL_CN, SSL_CIPHER, SSL_SIG_ALG = 0x21, 0x22, 0x23, 0x24
CLIENT_SSL, CERT_CONN, CERT_SESS = 0x01, 0x02, 0x04


def tlv(kind: int, data: bytes = b"") -> bytes:
    return bytes((kind,)) + len(data).to_bytes(2, "big") + data


def ssl(client: int, verify: int, *vectors: bytes) -> bytes:
    return tlv(SSL, bytes((client,)) + verify.to_bytes(4, "big") + b"".join(vectors))


def read(*vectors: bytes) -> ProxyTLVs:
    return read_tlvs(BEFORE + b"".join(vectors), len(BEFORE))


def crc32c(data: bytes) -> int:
    """The remainder as RFC 9260 defines it: bit by bit, each byte's lowest first."""
    bits = [byte >> position & 1 for byte in data for position in range(8)] + [0] * 32
    bits[:32] = [1 - bit for bit in bits[:32]]
    remainder = 0
    for bit in bits:
        remainder = remainder << 1 | bit
        if remainder >> 32:
            remainder ^= 0x1_1EDC_6F41
    return int(f"{remainder ^ 0xFFFF_FFFF:032b}"[::-1], 2)


def checksummed(before: bytes, after: bytes) -> bytes:
    """Vectors with a checksum between them that is right."""
    start = BEFORE + before + bytes((CRC32C, 0, 4))
    return before + tlv(CRC32C, crc32c(start + bytes(4) + after).to_bytes(4, "big")) + after


def test_the_checksum_of_these_tests_is_the_one_that_is_meant() -> None:
    # The check value that catalogues of CRCs give, and RFC 3720 B.4's examples.
    assert crc32c(b"123456789") == 0xE306_9283
    assert crc32c(bytes(32)) == 0x8A91_36AA
    assert crc32c(b"\xff" * 32) == 0x62A8_AB43
    assert crc32c(bytes(range(32))) == 0x46DD_794E


def test_there_is_nothing() -> None:
    assert read() == ProxyTLVs()


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        (tlv(AUTHORITY, b"example.com"), ProxyTLVs(authority="example.com")),
        (tlv(AUTHORITY, "bücher.example".encode()), ProxyTLVs(authority="bücher.example")),
        (tlv(AUTHORITY), ProxyTLVs(authority="")),
        (tlv(ALPN, b"h2"), ProxyTLVs(alpn=b"h2")),
        (tlv(ALPN, b"\xff\x00"), ProxyTLVs(alpn=b"\xff\x00")),
        (tlv(UNIQUE_ID, b"\x00\xff" * 64), ProxyTLVs(unique_id=b"\x00\xff" * 64)),
        (tlv(NOOP), ProxyTLVs()),
        (tlv(NOOP, b"\x01\x02\x03") + tlv(NOOP), ProxyTLVs()),
        (tlv(NETNS, b"blue"), ProxyTLVs(others=((NETNS, b"blue"),))),
        (
            tlv(0xEA, b"\x01vpce-1") + tlv(0xE0) + tlv(0xEA, b"x"),
            ProxyTLVs(others=((0xEA, b"\x01vpce-1"), (0xE0, b""), (0xEA, b"x"))),
        ),
        # Outside of SSL, its kinds are like any other.
        (tlv(SSL_CN, b"x"), ProxyTLVs(others=((SSL_CN, b"x"),))),
    ],
)
def test_one_kind(vector: bytes, expected: ProxyTLVs) -> None:
    assert read(vector) == expected


def test_all_kinds_in_any_order() -> None:
    vectors = [
        tlv(ALPN, b"http/1.1"),
        tlv(AUTHORITY, b"example.com"),
        tlv(NOOP, bytes(9)),
        tlv(UNIQUE_ID, b"7"),
        ssl(CLIENT_SSL, 0),
        tlv(0xEE, b"\x01\x00\x00\x00\x00"),
    ]
    expected = ProxyTLVs(
        authority="example.com",
        alpn=b"http/1.1",
        unique_id=b"7",
        tls=ProxiedTLS(),
        others=((0xEE, b"\x01\x00\x00\x00\x00"),),
    )
    assert read(*vectors) == expected
    assert read(*reversed(vectors)) == expected
    middle = len(vectors) // 2
    assert read(checksummed(b"".join(vectors[:middle]), b"".join(vectors[middle:]))) == expected


@pytest.mark.parametrize(
    ("vector", "tls"),
    [
        (ssl(CLIENT_SSL, 1), ProxiedTLS()),
        (ssl(CLIENT_SSL, 0), ProxiedTLS()),
        (ssl(CLIENT_SSL | CERT_CONN, 0), ProxiedTLS(certificate=True, verified=True)),
        (ssl(CLIENT_SSL | CERT_SESS, 0), ProxiedTLS(certificate=True, verified=True)),
        (ssl(CLIENT_SSL | CERT_CONN | CERT_SESS, 1), ProxiedTLS(certificate=True)),
        (ssl(CLIENT_SSL | CERT_SESS, 1 << 24), ProxiedTLS(certificate=True)),
        (ssl(0xFF, 0), ProxiedTLS(certificate=True, verified=True)),
        (ssl(0, 0, tlv(SSL_VERSION, b"TLSv1.3")), None),
        (ssl(CERT_CONN, 0), None),
        (
            ssl(
                *(CLIENT_SSL | CERT_CONN, 0, tlv(SSL_VERSION, b"TLSv1.3"), tlv(NOOP, b"xx")),
                *(tlv(SSL_CIPHER, b"TLS_AES_128_GCM_SHA256"), tlv(SSL_SIG_ALG, b"SHA256")),
                *(tlv(SSL_SIG_ALG, b"SHA1"), tlv(SSL_CN, "Zoë".encode())),
            ),
            ProxiedTLS(
                version="TLSv1.3",
                cipher="TLS_AES_128_GCM_SHA256",
                certificate=True,
                verified=True,
                common_name="Zoë",
            ),
        ),
    ],
)
def test_what_the_client_and_the_proxy_speak(vector: bytes, tls: ProxiedTLS | None) -> None:
    assert read(vector) == ProxyTLVs(tls=tls)


@for_each(
    "vectors",
    [
        *(b"\x04", b"\x04\x00", b"\x04\x00\x01", b"\xe0\xff\xff" + bytes(100)),
        *(tlv(NOOP) + b"\x04", tlv(ALPN, b"h2") + b"\x02\x00\x02x"),
        *(tlv(AUTHORITY, b"\xff"), tlv(AUTHORITY, b"a\xc3"), tlv(UNIQUE_ID, bytes(129))),
        *(tlv(SSL), tlv(SSL, b"\x01\x00\x00\x00")),
        *(ssl(1, 0, b"\x04"), ssl(1, 0, b"\x21\x00\x09TLSv1.3"), ssl(0, 0, b"\x04\x00\x01")),
        # What is too long for the vector that it is in may not be read from the next.
        *(ssl(1, 0, b"\x22\x00\x04") + tlv(NOOP, b"x"), ssl(1, 0, b"\x22") + tlv(NOOP, b"x")),
        *(ssl(1, 0, tlv(SSL_CN, b"\xff")), ssl(0, 0, tlv(SSL_VERSION, b"\x80"))),
        ssl(1, 0, tlv(SSL_CIPHER, b"\xfe")),
    ],
)
def test_what_is_malformed(vectors: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="a malformed PROXY header") as caught:
        read(vectors)
    assert caught.value.status is None


@pytest.mark.parametrize(
    "vectors",
    [
        *(tlv(kind, b"a") * 2 for kind in (ALPN, AUTHORITY, UNIQUE_ID)),
        *(tlv(AUTHORITY, b"a") + tlv(AUTHORITY, b"b"), ssl(1, 0) + tlv(NOOP) + ssl(0, 0)),
        *(ssl(1, 0, tlv(kind, b"a") * 2) for kind in (SSL_VERSION, SSL_CN, SSL_CIPHER)),
        checksummed(b"", checksummed(b"", b"")),
    ],
)
def test_what_is_said_twice(vectors: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="one thing twice") as caught:
        read(vectors)
    assert caught.value.status is None


@given(before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_a_checksum_that_is_right(before: bytes, after: bytes) -> None:
    vectors = checksummed(tlv(0xE0, before), tlv(0xE1, after))
    assert read(vectors) == ProxyTLVs(others=((0xE0, before), (0xE1, after)))


def test_every_bit_counts_for_the_checksum() -> None:
    header = BEFORE + checksummed(tlv(0xE0, b"before"), tlv(0xE1, b"after"))
    kinds = {len(BEFORE), header.index(b"\x03\x00\x04"), header.index(b"\xe1\x00\x05")}
    lengths = {kind + offset for kind in kinds for offset in (1, 2)}
    for position in set(range(len(header))) - kinds - lengths:
        for bit in range(8):
            wrong = bytearray(header)
            wrong[position] ^= 1 << bit
            with pytest.raises(RemoteProtocolError, match="its checksum does not fit") as caught:
                read_tlvs(bytes(wrong), len(BEFORE))
            assert caught.value.status is None


@pytest.mark.parametrize("size", [0, 3, 5])
def test_a_checksum_of_another_size(size: int) -> None:
    right = checksummed(b"", b"")
    vectors = tlv(CRC32C, (right[3:] + b"\x00")[:size])
    with pytest.raises(RemoteProtocolError, match="its checksum does not fit"):
        read(vectors)


@given(st.binary(max_size=80))
def test_garbage_gets_the_documented_error_only(garbage: bytes) -> None:
    try:
        read(garbage)
    except RemoteProtocolError as error:
        assert error.status is None
