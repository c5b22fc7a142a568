"""Errors as answers: by the application's handlers, by default, and when even that fails."""

import logging
from typing import Any

import pytest

from tremolo import BlockingResponse, Request, Response
from tremolo.error_handlers import ErrorHandlers
from tremolo.exceptions import (
    BadRequest,
    ClientDisconnected,
    Forbidden,
    HTTPException,
    HTTPRedirect,
    NotFound,
    Unauthorized,
)
from tremolo.recovery import Recovery
from tremolo.threads import Threads
from tremolo_core import LocalProtocolError

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio

PROVIDED = ("request", "response", "exc")


async def recover(
    error: BaseException,
    *handlers: tuple[Any, Any],
    debug: bool = False,
    before: dict[str, str] | None = None,
    exchange: FakeExchange | None = None,
) -> FakeExchange:
    registry = ErrorHandlers()
    for key, func in handlers:
        registry.add(key, func, PROVIDED)
    recovery = Recovery(registry, threads=Threads(1), logger=logging.getLogger("test"), debug=debug)
    exchange = exchange or FakeExchange(b"/path")
    request = Request(exchange, body_limit=None, buffer_size=5)
    response = Response(exchange)
    for name, value in (before or {}).items():
        response.set_header(name, value)
    await recovery.answer(error, request, response, {"request": request, "response": response})
    return exchange


def fields(exchange: FakeExchange) -> dict[bytes, bytes]:
    return dict(exchange.response.headers)


async def test_an_unexpected_error_is_a_500_that_tells_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = await recover(ValueError("secret"))
    assert (exchange.status, exchange.body) == (500, b"Internal Server Error")
    assert fields(exchange) == {
        b"content-type": b"text/html; charset=utf-8",
        b"content-length": b"21",
    }
    assert len(exchange.sends) == 1
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("test", "ERROR")
    assert record.getMessage() == "GET /path failed"
    assert "secret" in caplog.text


async def test_an_http_exception_is_shown_escaped_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = await recover(BadRequest("<b>"))
    assert (exchange.status, exchange.body) == (400, b"&lt;b&gt;")
    assert exchange.response.reason == b"Bad Request"
    assert caplog.records == []


async def test_an_http_exception_has_its_type_phrase_and_fields() -> None:
    exchange = await recover(
        HTTPException("{}", code=299, message="Fine \u2603", content_type="a/json", x_a=1)
    )
    assert (exchange.status, exchange.response.reason) == (299, b"Fine ?")
    assert fields(exchange)[b"content-type"] == b"a/json"
    assert fields(exchange)[b"x-a"] == b"1"


async def test_an_error_clears_the_fields_that_were_set() -> None:
    exchange = await recover(Unauthorized(www_authenticate="Basic"), before={"x-a": "1"})
    assert b"x-a" not in fields(exchange)
    assert fields(exchange)[b"www-authenticate"] == b"Basic"


async def test_a_redirection_keeps_them() -> None:
    exchange = await recover(
        HTTPRedirect(code=307, location="/there", set_cookie="b=2"),
        before={"set-cookie": "a=1", "location": "/elsewhere"},
    )
    assert (exchange.status, exchange.body) == (307, b"Temporary Redirect")
    headers = exchange.response.headers
    assert headers.get_all(b"set-cookie") == (b"a=1", b"b=2")
    assert headers.get_all(b"location") == (b"/there",)


async def test_a_time_out_is_a_408_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    exchange = await recover(TimeoutError("secret"))
    assert (exchange.status, exchange.body) == (408, b"Request Timeout")
    assert "secret" in caplog.text


async def test_an_exception_alone_in_a_group_is_itself() -> None:
    exchange = await recover(ExceptionGroup("", [Forbidden("no")]))
    assert (exchange.status, exchange.body) == (403, b"no")


async def test_a_system_exit_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    exchange = await recover(SystemExit(0))
    assert exchange.status == 500
    assert len(caplog.records) == 1


async def test_the_developer_sees_the_traceback_escaped() -> None:
    exchange = await recover(ValueError("<script>"), debug=True)
    assert exchange.status == 500
    assert fields(exchange)[b"content-type"] == b"text/html; charset=utf-8"
    assert b"ValueError: &lt;script&gt;" in exchange.body
    assert b"<script>" not in exchange.body


async def test_the_developer_sees_expected_errors_as_everybody_does() -> None:
    exchange = await recover(NotFound(), debug=True)
    assert exchange.body == b"Not Found"


async def test_a_handler_for_the_status_gives_the_body() -> None:
    seen: list[HTTPException] = []

    async def handler(exc: HTTPException, request: Request) -> str:
        seen.append(exc)
        return f"no {request.path.decode()}"

    error = Forbidden("text", content_type="text/plain")
    exchange = await recover(error, (403, handler))
    assert (exchange.status, exchange.body) == (403, b"no /path")
    assert fields(exchange)[b"content-type"] == b"text/plain"
    assert seen == [error]


@pytest.mark.parametrize(
    ("result", "told", "content_type"),
    [
        ({"a": "<b>"}, None, b"application/json"),
        (["<b>"], None, b"application/json"),
        ("<b>", None, b"text/html; charset=utf-8"),
        ({"a": "<b>"}, "application/problem+json", b"application/problem+json"),
        (("<b>", "text/plain"), None, b"text/plain"),
    ],
)
async def test_what_a_handler_returns_has_the_type_that_it_has_elsewhere(
    result: Any, told: str | None, content_type: bytes
) -> None:
    async def handler() -> Any:
        return result

    exchange = await recover(NotFound(content_type=told), (404, handler))
    assert fields(exchange)[b"content-type"] == content_type


async def test_a_handler_may_be_plain_and_set_fields() -> None:
    def handler(response: BlockingResponse) -> dict[str, int]:
        response.set_header("x-a", "1")
        response.set_status(418)
        response.headers.pop(b"content-type")
        return {"a": 1}

    exchange = await recover(NotFound(), (404, handler))
    assert (exchange.status, exchange.body) == (418, b'{"a":1}')
    assert fields(exchange)[b"content-type"] == b"application/json"
    assert fields(exchange)[b"x-a"] == b"1"


async def test_a_handler_for_500_is_given_what_wraps_the_cause() -> None:
    cause = KeyError("secret")

    async def handler(exc: HTTPException) -> str:
        return f"{exc.code} {exc} {exc.__cause__ is cause}"

    exchange = await recover(cause, (500, handler))
    assert exchange.body == b"500 Internal Server Error True"


async def test_a_handler_for_an_exception_is_given_that() -> None:
    async def by_class(exc: KeyError) -> str:
        return f"class {exc.args[0]}"

    async def by_status() -> str:
        return "status"

    exchange = await recover(KeyError("x"), (500, by_status), (LookupError, by_class))
    assert (exchange.status, exchange.body) == (500, b"class x")


async def test_a_handler_that_returns_nothing_leaves_the_usual_body() -> None:
    async def handler(exc: HTTPException) -> None:
        exc.message = "changed"
        exc.content_type = "text/plain"

    exchange = await recover(NotFound(), (404, handler))
    assert (exchange.status, exchange.body) == (404, b"changed")
    assert fields(exchange)[b"content-type"] == b"text/plain"


async def test_a_handler_that_returns_nothing_may_set_the_type() -> None:
    async def handler(response: Response) -> None:
        response.set_content_type("text/plain")

    exchange = await recover(NotFound(), (404, handler))
    assert fields(exchange)[b"content-type"] == b"text/plain"


async def test_a_handler_may_answer_itself() -> None:
    async def handler(response: Response) -> None:
        await response.write(b"itself")

    exchange = await recover(NotFound(), (404, handler))
    assert (exchange.status, exchange.body, exchange.complete) == (404, b"itself", True)


async def test_what_a_handler_raises_is_answered_without_handlers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler() -> None:
        raise Forbidden("instead")

    exchange = await recover(NotFound(), (404, handler), (403, handler))
    assert (exchange.status, exchange.body) == (403, b"instead")
    assert caplog.records == []


async def test_what_breaks_in_a_handler_is_a_500_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler() -> object:
        raise KeyError("in the handler")

    exchange = await recover(ValueError("first"), (500, handler))
    assert (exchange.status, exchange.body) == (500, b"Internal Server Error")
    assert "first" in caplog.text
    assert "in the handler" in caplog.text


async def test_a_result_that_cannot_be_sent_is_a_500() -> None:
    async def handler() -> object:
        return 5

    exchange = await recover(NotFound(), (404, handler))
    assert exchange.status == 500


async def test_an_exception_that_cannot_be_sent_is_a_plain_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = FakeExchange()
    failures = [LocalProtocolError("a line break"), LocalProtocolError("again")]

    def refuse() -> None:
        if failures:
            exchange.fail_next_send = failures.pop(0)

    exchange.before_send = refuse
    await recover(HTTPRedirect(location="/\r\n"), exchange=exchange)
    assert (exchange.status, exchange.body) == (500, b"Internal Server Error")
    assert b"location" not in fields(exchange)
    assert "a line break" in caplog.text


async def test_when_nothing_at_all_can_be_sent_the_server_is_told() -> None:
    exchange = FakeExchange()

    def refuse() -> None:
        exchange.fail_next_send = LocalProtocolError("never")

    exchange.before_send = refuse
    with pytest.raises(LocalProtocolError, match="never"):
        await recover(NotFound(), exchange=exchange)
    assert exchange.sends == []


async def test_an_exception_in_an_unknown_codec_is_a_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exchange = await recover(NotFound(content_type="text/plain; charset=nonsense"))
    assert (exchange.status, exchange.body) == (500, b"Internal Server Error")
    assert "nonsense" in caplog.text


async def test_a_client_that_leaves_meanwhile_is_not_answered() -> None:
    exchange = FakeExchange()
    exchange.fail_next_send = ClientDisconnected("gone")
    with pytest.raises(ClientDisconnected):
        await recover(NotFound(), exchange=exchange)
    assert exchange.sends == []


async def test_what_breaks_after_the_head_breaks_the_answer_off() -> None:
    async def handler(response: Response) -> None:
        await response.write(b"a")
        raise KeyError("late")

    exchange = FakeExchange()
    with pytest.raises(KeyError, match="late"):
        await recover(NotFound(), (404, handler), exchange=exchange)
    assert not exchange.complete
