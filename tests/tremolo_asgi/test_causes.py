"""What an application's error comes from."""

import asyncio
from typing import Any

import pytest

from tremolo_asgi.causes import is_consequence, needs_asyncio
from tremolo_transport.exchange import ClientDisconnected

pytestmark = pytest.mark.anyio


class GaveUp(Exception):
    """What a framework raises in place of the server's error."""


def raised(error: Exception, *, during: Exception) -> Exception:
    error.__context__ = during
    return error


LEFT = ClientDisconnected("the client has left")


@pytest.mark.parametrize(
    ("error", "consequence"),
    [
        (LEFT, True),
        (raised(GaveUp(), during=LEFT), True),
        (raised(GaveUp(), during=raised(GaveUp(), during=LEFT)), True),
        (ExceptionGroup("", [LEFT, raised(GaveUp(), during=LEFT)]), True),
        (ExceptionGroup("", [LEFT, ValueError()]), False),
        (ExceptionGroup("", [ExceptionGroup("", [LEFT])]), True),
        (raised(GaveUp(), during=ExceptionGroup("", [LEFT])), True),
        (raised(GaveUp(), during=ExceptionGroup("", [LEFT, ValueError()])), False),
        (ValueError(), False),
        (OSError("another one"), False),
        (raised(ValueError(), during=KeyError()), False),
    ],
)
async def test_what_is_a_consequence(error: BaseException, consequence: bool) -> None:
    assert is_consequence(error) is consequence


async def test_a_chain_of_errors_may_be_a_circle() -> None:
    one, other = ValueError(), KeyError()
    one.__context__, other.__cause__ = other, one
    assert not is_consequence(one)


NO_LOOP = RuntimeError("no running event loop")
FUTURE = TypeError("trio.run received unrecognized yield message <Future pending>. Are you")


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (NO_LOOP, True),
        (FUTURE, True),
        (raised(GaveUp(), during=NO_LOOP), True),
        (ExceptionGroup("", [ValueError(), NO_LOOP]), True),
        (RuntimeError("another one"), False),
        (ValueError("no running event loop"), False),
        (ExceptionGroup("", [ValueError()]), False),
        (None, False),
    ],
)
async def test_what_needs_asyncio_where_it_does_not_run(
    error: BaseException | None, found: bool, anyio_backend: Any
) -> None:
    assert needs_asyncio(error) is (found and anyio_backend[0] == "trio")


@pytest.mark.parametrize("anyio_backend", [("trio", {})], ids=["trio"])
async def test_asyncio_and_trio_still_say_so() -> None:
    with pytest.raises(RuntimeError) as no_loop:
        asyncio.get_running_loop()
    loop = asyncio.new_event_loop()
    with pytest.raises(TypeError) as future:
        await asyncio.Future(loop=loop)
    loop.close()
    assert needs_asyncio(no_loop.value)
    assert needs_asyncio(future.value)
