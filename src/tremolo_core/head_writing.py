"""Writes heads and trailers: status lines, and fields with every name in h11's case."""

from .headers import Headers

__all__ = ("titled", "write_fields", "write_head")


def titled(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The fields with names as h11 writes its own, so that one hand seems to write them all."""
    return [(name.title(), value) for name, value in headers]


def write_fields(headers: Headers) -> bytes:
    """The field lines, and the empty line behind them; Host comes first, as h11 has it."""
    fields = titled(headers)
    if headers.get(b"host") is not None:
        fields.sort(key=lambda field: field[0] != b"Host")
    return b"".join([b"%b: %b\r\n" % field for field in fields]) + b"\r\n"


def write_head(status: int, reason: bytes, headers: Headers) -> bytes:
    """The head of an answer (RFC 9112 4)."""
    return b"HTTP/1.1 %d %b\r\n%b" % (status, reason, write_fields(headers))
