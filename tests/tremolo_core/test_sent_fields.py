"""Fields and reason phrases that we send: said as they are meant, or not at all."""

import pytest

from tests.cases import for_each
from tremolo_core import Headers, LocalProtocolError
from tremolo_core.sent_fields import judged, reason_phrase

from .corpus import CONTROL, IN_VALUE, TOKEN


def test_names_are_put_in_lower_case_and_values_lose_white_space_around() -> None:
    fields = judged(Headers(((b"X-Y", b" \ta b\t "), (b"a", b""), (b"A", b"\t "))))
    assert fields == ((b"x-y", b"a b"), (b"a", b""), (b"a", b""))
    assert isinstance(fields, Headers)


def test_every_character_of_a_name_and_of_a_value() -> None:
    assert judged(Headers(((TOKEN, IN_VALUE),))) == ((TOKEN.lower(), IN_VALUE),)


@for_each("byte", [bytes([byte]) for byte in range(256) if byte not in TOKEN])
def test_what_is_no_character_of_a_name(byte: bytes) -> None:
    for name in (byte, b"x" + byte, byte + b"x"):
        with pytest.raises(LocalProtocolError, match="is not a field name"):
            judged(Headers(((b"a", b"b"), (name, b"y"))))


@for_each("byte", [bytes([byte]) for byte in CONTROL])
def test_what_is_no_character_of_a_value_or_a_phrase(byte: bytes) -> None:
    for value in (byte, b"y" + byte, byte + b"y", b"y" + byte + b"z"):
        with pytest.raises(LocalProtocolError, match="the value of b'x' has a control byte"):
            judged(Headers(((b"a", b"b"), (b"x", value))))
        with pytest.raises(LocalProtocolError, match="the reason phrase has a control byte"):
            reason_phrase(200, value)


def test_an_error_does_not_repeat_a_value() -> None:
    with pytest.raises(LocalProtocolError) as caught:
        judged(Headers(((b"cookie", b"secret\r\n"),)))
    assert "cookie" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (101, b"Switching Protocols"),
        (200, b"OK"),
        (413, b"Content Too Large"),
        (414, b"URI Too Long"),
        (416, b"Range Not Satisfiable"),
        (422, b"Unprocessable Content"),
        (299, b""),
    ],
)
def test_a_phrase_that_is_not_given_is_the_registered_one(status: int, phrase: bytes) -> None:
    assert reason_phrase(status, b"") == phrase
    assert reason_phrase(status, b"Tr\xe8s bien\t!") == b"Tr\xe8s bien\t!"
