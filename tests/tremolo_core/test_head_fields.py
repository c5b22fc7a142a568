"""What the fields of a head say together, and whether it may be compared to the next."""

import pytest

from tremolo_core import Headers, RemoteProtocolError
from tremolo_core.grammar import FIELD_LINES
from tremolo_core.head_fields import Meaning, read_fields

from .framing import handshake


def read_all(
    *lines: bytes, method: bytes = b"GET", http_version: bytes = b"1.1"
) -> tuple[Headers, Meaning]:
    found = FIELD_LINES.findall(b"\r\n".join((*lines, b"", b"")))
    return read_fields(found, method, http_version)


def read(*lines: bytes, method: bytes = b"GET", http_version: bytes = b"1.1") -> Meaning:
    return read_all(*lines, method=method, http_version=http_version)[1]


def test_fields_that_say_nothing_of_the_message() -> None:
    headers, meaning = read_all(b"HOST: a", b"X-Y: \t Z z")
    assert headers == ((b"host", b"a"), (b"x-y", b"Z z"))
    assert isinstance(headers, Headers)
    assert meaning == Meaning(
        http_version=b"1.1",
        content_length=0,
        keep_alive=True,
        is_ordinary=True,
        may_be_kept=True,
    )


def test_the_same_in_an_older_version() -> None:
    for lines in ((), (b"Host: a",), (b"Connection: keep-alive",), (b"Expect: 100-continue",)):
        fields = read(*lines, http_version=b"1.0")
        assert not fields.keep_alive
        assert not fields.is_ordinary
        assert not fields.expects_continue
        assert fields.content_length == 0


@pytest.mark.parametrize(
    ("line", "length"),
    [
        (b"Content-Length: 0", 0),
        (b"Content-Length: 007", 7),
        (b"Transfer-Encoding: chunked", None),
        (b"Transfer-Encoding: Chunked", None),
    ],
)
def test_how_the_body_is_framed(line: bytes, length: int | None) -> None:
    fields = read(b"Host: a", line)
    assert fields.content_length == length
    assert fields.is_ordinary == (b"Chunked" not in line)
    assert fields.may_be_kept == fields.is_ordinary


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([b"Connection: close"], False),
        ([b"Connection: x,\tCLOSE , y"], False),
        ([b"Connection: x", b"Connection: Close"], False),
        ([b"Connection: close", b"Connection: x"], False),
        ([b"Connection: keep-alive"], True),
        ([b"Connection: closed, enclose"], True),
        ([b"Connection: close x"], True),
    ],
)
def test_whether_another_request_may_follow(lines: list[bytes], kept: bool) -> None:
    fields = read(b"Host: a", *lines)
    assert fields.keep_alive == kept
    assert fields.is_ordinary


def test_who_waits_for_a_100() -> None:
    expecting = read(b"Host: a", b"Expect: 100-Continue")
    assert expecting.expects_continue
    assert not expecting.may_be_kept
    assert not read(b"Host: a", b"Content-Length: 1").expects_continue
    with pytest.raises(RemoteProtocolError) as caught:
        read(b"Host: a", b"Expect: more")
    assert caught.value.status == 417


@pytest.mark.parametrize(
    "secret", [b"Cookie: a=b", b"AUTHORIZATION: Basic YTpi", b"Proxy-Authorization: x"]
)
def test_what_is_secret_is_not_kept(secret: bytes) -> None:
    for lines in ((b"Host: a", secret), (secret, b"Host: a", b"Content-Length: 0")):
        fields = read(*lines)
        assert fields.is_ordinary
        assert not fields.may_be_kept


def test_what_depends_on_the_method_is_not_kept() -> None:
    block = handshake().split(b"\r\n")[1:-2]
    assert not read(*block).may_be_kept
    assert read(*block).handshake is not None
    assert not read(*block).is_ordinary
    other = read(b"Host: a", b"Connection: upgrade", b"Upgrade: h2c")
    assert (other.handshake, other.is_ordinary, other.may_be_kept) == (None, True, False)
    with pytest.raises(RemoteProtocolError):
        read(*block, method=b"POST")


@pytest.mark.parametrize(
    "lines",
    [
        (b"Host: a", b"Host: a"),
        (b"Host: a", b"X: y", b"HOST: b"),
        (b"Host: a", b"Content-Length: 5", b"Content-Length: 5"),
        (b"Host: a", b"Content-Length: 5, 5"),
        (b"Host: a", b"Content-Length: +5"),
        (b"Host: a", b"Content-Length: \xb2"),
        (b"Host: a", b"Content-Length:"),
        (b"Host: a", b"Content-Length: " + b"1" * 19),
        (b"Host: a", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Host: a", b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        (b"Host: a", b"Transfer-Encoding: chunked,"),
        (b"Host:",),
        (b"X: y",),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        read(*lines)
    assert caught.value.status == 400


def test_the_longest_length() -> None:
    fields = read(b"Host: a", b"Content-Length: " + b"1" * 18)
    assert fields.content_length == 111_111_111_111_111_111


def test_an_older_version_has_no_handshake() -> None:
    block = handshake().split(b"\r\n")[1:-2]
    fields = read(*block, http_version=b"1.0")
    assert (fields.handshake, fields.content_length) == (None, 0)
    assert read_all(*block[1:], http_version=b"1.0")[0].get(b"host") is None


def test_what_is_said_in_a_way_of_its_own_means_the_same() -> None:
    assert read(b"Host: a", b"Connection: kEEP-aLIVE") == read(b"Host: a")
    assert not read(b"Host: a", b"Connection: keep-alive, close").keep_alive
    assert not read(b"Host: a", b"Connection: keep-alive", b"Connection: close").keep_alive
