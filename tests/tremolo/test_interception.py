"""What middlewares can make of a request and of its answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tremolo import Request, Response
from tremolo.exceptions import ClientDisconnected, Forbidden
from tremolo.interception import Interception
from tremolo.middlewares import Middlewares
from tremolo.threads import Threads
from tremolo_core import EndOfMessage
from tremolo_core import Response as ResponseEvent

from .fake_exchange import FakeExchange

pytestmark = pytest.mark.anyio


class Played:
    """One request through some middlewares, and then an answer by `finish`."""

    def __init__(self, *added: tuple[str, Any]) -> None:
        middlewares = Middlewares()
        for kind, func in added:
            middlewares.add(
                func,
                kind,  # type: ignore[arg-type] # one of the two
                priority=999,
                prefix=(),
                provided=("request", "response"),
            )
        self.exchange = FakeExchange()
        self.response = Response(self.exchange)
        request = Request(self.exchange, body_limit=None, buffer_size=4)
        self.interception = Interception(
            middlewares.select(b"/"),
            self.response,
            {"request": request, "response": self.response},
            Threads(1),
        )
        self.response.call_before_head(self.interception.before_head)


async def nothing() -> None: ...


async def test_a_result_of_none_goes_on() -> None:
    seen: list[Request] = []

    async def note(request: Request) -> None:
        seen.append(request)

    def plainly_note(response: Any) -> None:
        response.set_header("x-a", "1")

    played = Played(("request", note), ("request", plainly_note))
    assert await played.interception.before_handler() is False
    assert len(seen) == 1
    assert played.response.headers == {b"x-a": [b"1"]}
    assert played.exchange.sends == []


@pytest.mark.parametrize(
    ("result", "body"), [("text", b"text"), (b"", b""), (("t", "latin-1"), b"t"), ({}, b"{}")]
)
async def test_another_result_is_the_answer(result: object, body: bytes) -> None:
    async def answer(status: int = 418, content_type: str = "text/plain") -> object:
        return result

    async def never() -> None:
        raise AssertionError("it should have ended before")

    played = Played(("request", answer), ("request", never))
    assert await played.interception.before_handler() is True
    assert (played.exchange.status, played.exchange.body) == (418, body)
    assert played.exchange.header(b"content-type") == b"text/plain"
    assert played.exchange.complete


async def test_options_of_one_that_goes_on_change_nothing() -> None:
    async def go_on(status: int = 418, content_type: str = "text/plain") -> None: ...

    played = Played(("request", go_on), ("response", go_on))
    await played.interception.before_handler()
    await played.response.end(b"a")
    assert played.exchange.status == 200
    assert played.exchange.header(b"content-type") == b"text/html; charset=utf-8"


@pytest.mark.parametrize("result", [True, "ignored", 5])
async def test_one_may_answer_itself_and_say_so(result: object) -> None:
    async def answer(response: Response) -> object:
        await response.write(b"itself")
        return result

    played = Played(("request", answer))
    assert await played.interception.before_handler() is True
    assert (played.exchange.body, played.exchange.complete) == (b"itself", True)


async def test_what_one_raises_is_raised() -> None:
    async def refuse() -> None:
        raise Forbidden("no")

    with pytest.raises(Forbidden):
        await Played(("request", refuse)).interception.before_handler()
    played = Played(("response", refuse))
    with pytest.raises(Forbidden):
        await played.response.end(b"a")
    assert played.exchange.sends == []
    await played.response.end(b"b")
    assert played.exchange.body == b"b"


async def test_a_response_can_be_changed_before_anything_is_sent() -> None:
    async def change(response: Response) -> None:
        assert not response.headers_sent()
        response.set_header("x-a", str(response.get_status()[0]))

    played = Played(("response", change))
    played.response.set_status(404)
    await played.response.end(b"a")
    assert played.exchange.header(b"x-a") == b"404"
    assert played.exchange.body == b"a"


async def test_those_for_the_response_run_once_for_an_answer_in_pieces() -> None:
    count = 0

    async def change(response: Response) -> None:
        nonlocal count
        count += 1
        response.set_header("x-a", "1")

    played = Played(("response", change))
    await played.response.write(b"a")
    await played.response.write(b"b")
    await played.response.end()
    assert count == 1
    assert played.exchange.header(b"x-a") == b"1"
    assert (played.exchange.body, played.exchange.complete) == (b"ab", True)


async def test_the_first_result_takes_the_place_of_the_body() -> None:
    async def replace(status: int = 203) -> dict[str, int]:
        return {"a": 1}

    async def never() -> None:
        raise AssertionError("it should have ended before")

    # The last that was registered runs first.
    played = Played(("response", never), ("response", replace), ("response", nothing))
    played.response.set_content_type("text/plain")
    await played.response.end(b"dropped")
    assert (played.exchange.status, played.exchange.body) == (203, b'{"a":1}')
    assert played.exchange.response.headers.get_all(b"content-type") == (b"application/json",)
    assert played.exchange.header(b"content-length") == b"7"
    await played.response.end()
    assert len(played.exchange.sends) == 1


async def test_a_result_takes_the_place_of_all_pieces() -> None:
    async def replace() -> str:
        return "instead"

    played = Played(("response", replace))
    await played.response.write(b"a")
    assert played.response.takes_no_more
    await played.response.write(b"b")
    await played.response.end(b"c")
    assert (played.exchange.body, played.exchange.complete) == (b"instead", True)
    assert len(played.exchange.sends) == 1


@pytest.mark.parametrize("ends", [False, True])
async def test_one_for_the_response_may_answer_itself(ends: bool) -> None:
    async def answer(response: Response) -> str:
        await (response.end(b"itself") if ends else response.write(b"itself"))
        return "ignored"

    played = Played(("response", answer))
    await played.response.end(b"dropped")
    assert (played.exchange.body, played.exchange.complete) == (b"itself", True)


async def test_a_result_that_cannot_be_sent_is_an_error() -> None:
    async def produce() -> AsyncIterator[bytes]:
        yield b"a"

    for func in (produce, object):
        played = Played(("response", func))
        with pytest.raises(TypeError, match="nothing that can be sent"):
            await played.response.end(b"a")
        assert played.exchange.sends == []


async def test_none_runs_for_what_the_server_has_answered_itself() -> None:
    async def never() -> None:
        raise AssertionError("nothing is to be answered")

    played = Played(("response", never))
    await played.exchange.send(ResponseEvent(status=413), EndOfMessage())
    with pytest.raises(ClientDisconnected):
        await played.response.end(b"a")
