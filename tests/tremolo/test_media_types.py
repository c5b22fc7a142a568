"""The types of files, by their names."""

from tests.cases import for_each
from tremolo.media_types import media_type_of


@for_each(
    ("name", "expected"),
    [
        ("index.html", b"text/html; charset=utf-8"),
        ("a.b.CSS", b"text/css; charset=utf-8"),
        ("a.js", b"text/javascript; charset=utf-8"),
        ("a.mjs", b"text/javascript; charset=utf-8"),
        ("a.txt", b"text/plain; charset=utf-8"),
        ("a.json", b"application/json"),
        ("a.svg", b"image/svg+xml"),
        ("a.png", b"image/png"),
        ("a.webp", b"image/webp"),
        ("a.woff2", b"font/woff2"),
        ("a.wasm", b"application/wasm"),
        ("a.pdf", b"application/pdf"),
        ("a.mp4", b"video/mp4"),
        ("a.tar.gz", b"application/gzip"),
        ("a.svgz", b"application/octet-stream"),
        ("a.html.br", b"application/octet-stream"),
        ("a", b"application/octet-stream"),
        ("", b"application/octet-stream"),
        (".html", b"application/octet-stream"),
        ("a.unheard-of", b"application/octet-stream"),
        ("data:text/html,a", b"application/octet-stream"),
    ],
)
def test_a_type(name: str, expected: bytes) -> None:
    assert media_type_of(name) == expected
