"""Errors as answers: by the application's handlers, by default, and when even that fails."""

from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from tremolo import BlockingResponse, Request, Response, Tremolo
from tremolo.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    HTTPRedirect,
    NotFound,
    Unauthorized,
)
from tremolo.testing import Client
from tremolo_core import LocalProtocolError

from .asking import ask

pytestmark = pytest.mark.anyio


def failing(
    error: BaseException, *handlers: tuple[Any, Any], before: dict[str, str] | None = None
) -> Tremolo:
    app = Tremolo("test")
    for key, func in handlers:
        app.error(key, func)

    @app.route("/path")
    async def fail(response: Response) -> None:
        for name, value in (before or {}).items():
            response.set_header(name, value)
        raise error

    return app


async def recover(
    error: BaseException, *handlers: tuple[Any, Any], debug: bool = False, **more: Any
) -> httpx.Response:
    """What a client is told when a handler raises `error`."""
    return await ask(failing(error, *handlers, **more), b"/path", debug=debug)


async def test_an_unexpected_error_is_a_500_that_tells_nothing_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await recover(ValueError("secret"))
    assert (answer.status_code, answer.content) == (500, b"Internal Server Error")
    assert answer.headers.keys() == {"content-type", "content-length", "date", "server"}
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-length"] == "21"
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("test", "ERROR")
    assert record.getMessage() == "GET /path failed"
    assert "secret" in caplog.text


async def test_an_http_exception_is_shown_escaped_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await recover(BadRequest("<b>"))
    assert (answer.status_code, answer.content) == (400, b"&lt;b&gt;")
    assert answer.reason_phrase == "Bad Request"
    assert caplog.records == []


async def test_an_http_exception_has_its_type_phrase_and_fields() -> None:
    answer = await recover(
        HTTPException("{}", code=299, message="Fine \u2603", content_type="a/json", x_a=1)
    )
    assert (answer.status_code, answer.reason_phrase) == (299, "Fine ?")
    assert answer.headers["content-type"] == "a/json"
    assert answer.headers["x-a"] == "1"


async def test_an_error_clears_the_fields_that_were_set() -> None:
    answer = await recover(Unauthorized(www_authenticate="Basic"), before={"x-a": "1"})
    assert "x-a" not in answer.headers
    assert answer.headers["www-authenticate"] == "Basic"


async def test_a_redirection_keeps_them() -> None:
    answer = await recover(
        HTTPRedirect(code=307, location="/there", set_cookie="b=2"),
        before={"set-cookie": "a=1", "location": "/elsewhere"},
    )
    assert (answer.status_code, answer.content) == (307, b"Temporary Redirect")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers.get_list("location") == ["/there"]


async def test_a_time_out_is_a_408_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    answer = await recover(TimeoutError("secret"))
    assert (answer.status_code, answer.content) == (408, b"Request Timeout")
    assert "secret" in caplog.text


async def test_an_exception_alone_in_a_group_is_itself() -> None:
    answer = await recover(ExceptionGroup("", [Forbidden("no")]))
    assert (answer.status_code, answer.content) == (403, b"no")


async def test_a_system_exit_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    answer = await recover(SystemExit(0))
    assert answer.status_code == 500
    assert len(caplog.records) == 1


async def test_the_developer_sees_the_traceback_escaped() -> None:
    answer = await recover(ValueError("<script>"), debug=True)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"ValueError: &lt;script&gt;" in answer.content
    assert b"<script>" not in answer.content


async def test_the_developer_sees_expected_errors_as_everybody_does() -> None:
    answer = await recover(NotFound(), debug=True)
    assert answer.content == b"Not Found"


async def test_a_handler_for_the_status_gives_the_body() -> None:
    seen: list[HTTPException] = []

    async def handler(exc: HTTPException, request: Request) -> str:
        seen.append(exc)
        return f"no {request.path.decode()}"

    error = Forbidden("text", content_type="text/plain")
    answer = await recover(error, (403, handler))
    assert (answer.status_code, answer.content) == (403, b"no /path")
    assert answer.headers["content-type"] == "text/plain"
    assert seen == [error]


@pytest.mark.parametrize(
    ("result", "told", "content_type"),
    [
        ({"a": "<b>"}, None, "application/json"),
        (["<b>"], None, "application/json"),
        ("<b>", None, "text/html; charset=utf-8"),
        ({"a": "<b>"}, "application/problem+json", "application/problem+json"),
        (("<b>", "text/plain"), None, "text/plain"),
    ],
)
async def test_what_a_handler_returns_has_the_type_that_it_has_elsewhere(
    result: Any, told: str | None, content_type: str
) -> None:
    async def handler() -> Any:
        return result

    answer = await recover(NotFound(content_type=told), (404, handler))
    assert answer.headers["content-type"] == content_type


async def test_a_handler_may_be_plain_and_set_fields() -> None:
    def handler(response: BlockingResponse) -> dict[str, int]:
        response.set_header("x-a", "1")
        response.set_status(418)
        response.headers.pop(b"content-type")
        return {"a": 1}

    answer = await recover(NotFound(), (404, handler))
    assert (answer.status_code, answer.content) == (418, b'{"a":1}')
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-a"] == "1"


async def test_a_handler_for_500_is_given_what_wraps_the_cause() -> None:
    cause = KeyError("secret")

    async def handler(exc: HTTPException) -> str:
        return f"{exc.code} {exc} {exc.__cause__ is cause}"

    answer = await recover(cause, (500, handler))
    assert answer.content == b"500 Internal Server Error True"


async def test_a_handler_for_an_exception_is_given_that() -> None:
    async def by_class(exc: KeyError) -> str:
        return f"class {exc.args[0]}"

    async def by_status() -> str:
        return "status"

    answer = await recover(KeyError("x"), (500, by_status), (LookupError, by_class))
    assert (answer.status_code, answer.content) == (500, b"class x")


async def test_a_handler_that_returns_nothing_leaves_the_usual_body() -> None:
    async def handler(exc: HTTPException) -> None:
        exc.message = "changed"
        exc.content_type = "text/plain"

    answer = await recover(NotFound(), (404, handler))
    assert (answer.status_code, answer.content) == (404, b"changed")
    assert answer.reason_phrase == "changed"
    assert answer.headers["content-type"] == "text/plain"


async def test_a_handler_that_returns_nothing_may_set_the_type() -> None:
    async def handler(response: Response) -> None:
        response.set_content_type("text/plain")

    answer = await recover(NotFound(), (404, handler))
    assert answer.headers["content-type"] == "text/plain"


async def test_a_handler_may_answer_itself() -> None:
    async def handler(response: Response) -> None:
        await response.write(b"itself")

    answer = await recover(NotFound(), (404, handler))
    assert (answer.status_code, answer.content) == (404, b"itself")


async def test_what_a_handler_raises_is_answered_without_handlers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler() -> None:
        raise Forbidden("instead")

    answer = await recover(NotFound(), (404, handler), (403, handler))
    assert (answer.status_code, answer.content) == (403, b"instead")
    assert caplog.records == []


async def test_what_breaks_in_a_handler_is_a_500_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler() -> object:
        raise KeyError("in the handler")

    answer = await recover(ValueError("first"), (500, handler))
    assert (answer.status_code, answer.content) == (500, b"Internal Server Error")
    assert "first" in caplog.text
    assert "in the handler" in caplog.text


async def test_a_result_that_cannot_be_sent_is_a_500() -> None:
    async def handler() -> object:
        return 5

    answer = await recover(NotFound(), (404, handler))
    assert answer.status_code == 500


async def test_an_exception_that_cannot_be_sent_is_a_plain_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await recover(HTTPRedirect(location="/\r\n"))
    assert (answer.status_code, answer.content) == (500, b"Internal Server Error")
    assert "location" not in answer.headers
    assert "LocalProtocolError" in caplog.text


async def test_when_nothing_at_all_can_be_sent_the_server_is_told() -> None:
    app = failing(NotFound())

    @app.on_response
    async def spoil(response: Response) -> None:
        response.set_header("x-a", "a\r\nb")

    async with Client(app) as client:
        with pytest.raises(LocalProtocolError, match="x-a"):
            await client.get("/path")


async def test_an_exception_in_an_unknown_codec_is_a_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await recover(NotFound(content_type="text/plain; charset=nonsense"))
    assert (answer.status_code, answer.content) == (500, b"Internal Server Error")
    assert "nonsense" in caplog.text


async def test_a_client_that_leaves_meanwhile_is_not_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Tremolo()
    begun = anyio.Event()

    @app.route("/")
    async def handler(request: Request) -> None:
        begun.set()
        while not request.exchange.disconnected:
            await anyio.lowlevel.checkpoint()
        raise NotFound

    async with Client(app) as client, client.connection() as wire:
        await wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await begun.wait()
        await wire.abort()
    assert caplog.records == []


async def test_what_breaks_after_the_head_breaks_the_answer_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(response: Response) -> None:
        await response.write(b"a")
        raise KeyError("late")

    with pytest.raises(httpx.RemoteProtocolError):
        await recover(NotFound(), (404, handler))
    assert "late" in caplog.text
