"""What a handler may raise, and how its request is named."""

import pytest

from tremolo_core import Headers, Request
from tremolo_transport.errors import ClientDisconnected
from tremolo_transport.failures import ends_all, is_disconnect, is_interrupt, name_of

LEFT = ClientDisconnected("left")
WRONG = ValueError("wrong")


@pytest.mark.parametrize(
    ("error", "disconnect"),
    [
        (LEFT, True),
        (WRONG, False),
        (OSError("of a disk"), False),
        (ExceptionGroup("", [LEFT, ExceptionGroup("", [LEFT])]), True),
        (ExceptionGroup("", [LEFT, WRONG]), False),
    ],
)
def test_whether_only_the_client_has_left(error: BaseException, disconnect: bool) -> None:
    assert is_disconnect(error) == disconnect


@pytest.mark.parametrize(
    ("error", "interrupt"),
    [
        (KeyboardInterrupt(), True),
        (GeneratorExit(), True),
        (BaseExceptionGroup("", [WRONG, KeyboardInterrupt()]), True),
        (SystemExit(3), False),
        (BaseExceptionGroup("", [SystemExit(3)]), False),
        (WRONG, False),
    ],
)
def test_whether_it_is_not_the_handlers_own(error: BaseException, interrupt: bool) -> None:
    assert is_interrupt(error) == interrupt


def test_a_request_has_a_short_name() -> None:
    request = Request(method=b"GET", target=b"/" + b"x" * 1_000, headers=Headers())
    assert name_of(request) == "GET /" + "x" * 199


@pytest.mark.anyio
async def test_what_ends_the_connection_and_what_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    request = Request(method=b"GET", target=b"/", headers=Headers())
    for error, ends, logged in [
        (WRONG, False, ["the handler of GET / failed"]),
        (SystemExit(3), False, ["the handler of GET / failed"]),
        (LEFT, False, []),
        (KeyboardInterrupt(), True, []),
    ]:
        caplog.clear()
        assert ends_all(error, request, late=False, stopping=False) == ends
        assert [record.message for record in caplog.records] == logged
