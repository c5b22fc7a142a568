"""The options that mean something to the framework, and values that they cannot have."""

from typing import Any

import pytest

from tremolo.route_options import RouteOptions, read_route_options
from tremolo_transport.exchange import KEEP


def read(**options: Any) -> RouteOptions:
    return read_route_options(options, name="the handler")


def test_nothing_is_asked_for() -> None:
    assert read(other=5) == RouteOptions()


@pytest.mark.parametrize(
    ("status", "read_as"),
    [
        (None, None),
        (404, (404, b"")),
        ((404,), (404, b"")),
        ((503, b"Text"), (503, b"Text")),
        ((503, "Text"), (503, "Text")),
        ((299, b""), (299, b"")),
    ],
)
def test_status(status: object, read_as: object) -> None:
    assert read(status=status).status == read_as


@pytest.mark.parametrize(
    "status", ["404", 99, 100, 600, (404, 5), (404, b"a", b"b"), (), {}, 404.0]
)
def test_a_status_that_cannot_be(status: object) -> None:
    with pytest.raises(ValueError, match="the handler: status must be"):
        read(status=status)


@pytest.mark.parametrize("content_type", [None, "text/plain", b"text/plain"])
def test_content_type(content_type: object) -> None:
    assert read(content_type=content_type).content_type == content_type


def test_a_content_type_that_cannot_be() -> None:
    with pytest.raises(TypeError, match="the handler: content_type must be str or bytes, not 5"):
        read(content_type=5)


@pytest.mark.parametrize("size", [-1, "5", 1.5])
def test_a_limit_of_bodies_that_cannot_be(size: object) -> None:
    with pytest.raises(ValueError, match="the handler: max_body_size must be"):
        read(max_body_size=size)


def test_the_limit_of_bodies() -> None:
    assert (read().max_body_size, read().any_body_size) == (None, False)
    assert (read(max_body_size=0).max_body_size, read(max_body_size=0).any_body_size) == (0, False)
    assert (read(max_body_size=None).max_body_size, read(max_body_size=None).any_body_size) == (
        None,
        True,
    )


def test_buffer_size() -> None:
    assert read(buffer_size=5).buffer_size == 5
    assert read(buffer_size=None).buffer_size is None


@pytest.mark.parametrize("size", [0, -1, "5", 1.5])
def test_a_buffer_size_that_cannot_be(size: object) -> None:
    with pytest.raises(ValueError, match="the handler: buffer_size must be"):
        read(buffer_size=size)


def test_stream() -> None:
    assert read(stream=False).stream is False
    assert read(stream=True).stream is True


def test_chunked() -> None:
    assert read(chunked=True) == RouteOptions()
    assert read(chunked=False).chunked is False


def test_keepalive_is_for_handlers_that_ask_for_events() -> None:
    def keepalive(**options: Any) -> float | None:
        return read_route_options(options, name="the handler", asked={"sse"}).keepalive

    assert keepalive() == 15
    assert keepalive(keepalive=2) == 2
    assert keepalive(keepalive=None) is None
    for wrong in (0, -1, "5", True):
        with pytest.raises(ValueError, match="the handler: keepalive must be"):
            keepalive(keepalive=wrong)
        assert read(keepalive=wrong).keepalive is None


def test_rates() -> None:
    assert (read().rate, read().upload_rate) == (KEEP, KEEP)
    options = read(rate=1_000, upload_rate=None)
    assert (options.rate, options.upload_rate) == (1_000, None)


@pytest.mark.parametrize("rate", ["fast", True, -1, float("inf"), float("nan")])
def test_a_rate_that_cannot_be(rate: object) -> None:
    for option in ("rate", "upload_rate"):
        with pytest.raises(ValueError, match=f"the handler: {option} must be"):
            read(**{option: rate})
