"""Bodies of forms, written by hand, byte by byte."""

BOUNDARY = b"XbX"
CONTENT_TYPE = (b"content-type", b"multipart/form-data; boundary=XbX")


def part(disposition: bytes, data: bytes, *fields: bytes) -> bytes:
    head = b"\r\n".join((b"Content-Disposition: form-data; " + disposition, *fields))
    return b"--XbX\r\n" + head + b"\r\n\r\n" + data + b"\r\n"


END = b"--XbX--\r\n"

SMALL = part(b'name="a"', b"1") + END

MIXED = (
    part(b'name="text"', "grün".encode())
    + part(b'name="empty"', b"")
    + part(b'name="file"; filename="a.bin"', b"\r\n--Xb\r\n-\r", b"Content-Type: image/png")
    + part(b'name="file"; filename=""', b"", b"Content-Type: application/octet-stream")
    + END
)
"""Its file holds what looks like boundaries, and is none."""
