"""Has a conversation again and again with a server, the way no friendly client would.

A conversation is an `async def` that is given a `Wire`, says something and
returns what it was told. What the odd connections do is in `hostile_lines`.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias, TypeVar

import anyio
from anyio import CancelScope

from .client import Client
from .differences import difference
from .errors import Misbehaviour
from .hostile_lines import CountingLine, SlowLine, SplitLine, Vanished, VanishingLine
from .lines import Line
from .wire import Wire

__all__ = ("Conversation", "abort_everywhere", "slow_reader", "split_everywhere")

T = TypeVar("T")

Conversation: TypeAlias = Callable[[Wire], Awaitable[T]]


async def split_everywhere(
    client: Client, conversation: Conversation[T], *, pause: float = 0.0
) -> T:
    """Have the conversation once for each place where what it sends can be cut in two.

    The server reads the first part and waits, for `pause` seconds too, before
    the second is sent. Returns what the conversation returns, and raises
    Misbehaviour if that is not always the same; `Date` fields may differ. The
    conversation raises what it raises, with a note that tells the cut.
    """
    __tracebackhide__ = True
    expected, sent, _ = await _unspoilt(client, conversation)

    for at in range(1, sent):

        def split(line: Line, at: int = at) -> Line:
            return SplitLine(line, at=at, pause=pause)

        where = f"cut after {at} of {sent} bytes"
        result = await _converse(client, conversation, split, where)
        wrong = difference(result, expected)
        if wrong is not None:
            raise Misbehaviour(f"{where}, the same bytes give {wrong}")
        _raise_problem(client, where)
    return expected


async def abort_everywhere(client: Client, conversation: Conversation[T]) -> T:
    """Have the conversation once for each byte of it, after which the client vanishes.

    Bytes that are sent count, and those that are received. Returns what the
    conversation returns when nobody vanishes. Raises Misbehaviour if that is
    different afterwards, if a handler goes on without its client, or if
    something raises because of it; `Date` fields may differ.
    """
    __tracebackhide__ = True
    expected, sent, received = await _unspoilt(client, conversation)
    for after in range(sent + received):

        def vanish(line: Line, after: int = after) -> Line:
            return VanishingLine(line, after=after)

        where = f"when the client vanishes after {after} of {sent + received} bytes"
        with suppress(Vanished):
            await _converse(client, conversation, vanish, where)
        for stuck in await client.harness.all_over():
            raise Misbehaviour(f"{where}, {stuck}")
        _raise_problem(client, where)
        result = await _converse(client, conversation, None, f"afterwards, {where}")
        wrong = difference(result, expected)
        if wrong is not None:
            raise Misbehaviour(f"{where}, the next client is told {wrong}")
    return expected


async def slow_reader(client: Client, conversation: Conversation[T], *, rate: int) -> T:
    """Have the conversation with a client that reads `rate` bytes a second, and with another.

    About a second's worth of the answer waits on its way, so the handler has to
    wait for the slow one. Returns what the conversation returns, and raises
    Misbehaviour if the other client is not done before the slow one has half, or
    if not both are told the same; `Date` fields may differ. Raises ValueError if
    the answer takes less than four seconds at that rate.
    """
    __tracebackhide__ = True
    expected, _, received = await _unspoilt(client, conversation)
    if received < 4 * rate:
        raise ValueError(
            f"whoever reads {rate} bytes/s is not slow to read an answer of {received} bytes"
        )
    where = f"beside a client that reads {rate} bytes/s"
    results: list[T] = []
    errors: list[Exception] = []
    begun = anyio.Event()
    other = CancelScope()

    def report(by_now: int) -> None:
        begun.set()
        if by_now >= received / 2:
            other.cancel()

    def slow(line: Line) -> Line:
        return SlowLine(line, rate=rate, report=report)

    async def converse(wrap: Callable[[Line], Line] | None, capacity: int | None) -> None:
        # Out of a task group an exception would come in a group.
        try:
            results.append(await _converse(client, conversation, wrap, where, capacity=capacity))
        except Exception as error:
            errors.append(error)
        begun.set()

    async with anyio.create_task_group() as group:
        group.start_soon(converse, slow, rate)
        await begun.wait()
        with other:
            await converse(None, None)
    for error in errors:
        raise error
    if other.cancelled_caught:
        raise Misbehaviour(
            f"{where}, another one waits too: the handler holds something that both need while it"
            " sends"
        )
    for result in results:
        wrong = difference(result, expected)
        if wrong is not None:
            raise Misbehaviour(f"{where}, the same bytes give {wrong}")
    _raise_problem(client, where)
    return expected


async def _unspoilt(client: Client, conversation: Conversation[T]) -> tuple[T, int, int]:
    """What a friendly client is told, twice the same, and how many bytes it sends and receives."""
    __tracebackhide__ = True
    lines: list[CountingLine] = []

    def count(line: Line) -> Line:
        lines.append(CountingLine(line))
        return lines[-1]

    first, second = [await _converse(client, conversation, count, "") for _ in range(2)]
    wrong = difference(second, first)
    if wrong is not None:
        raise Misbehaviour(
            f"the same bytes, sent again, give {wrong}: something is handed from one request to the"
            " next"
        )
    return first, lines[0].sent, lines[0].received


async def _converse(
    client: Client,
    conversation: Conversation[T],
    wrap: Callable[[Line], Line] | None,
    where: str,
    *,
    capacity: int | None = None,
) -> T:
    __tracebackhide__ = True
    try:
        async with client.connection(wrap=wrap, capacity=capacity) as wire:
            return await conversation(wire)
    except Exception as error:
        if where:
            error.add_note(where)
        raise


def _raise_problem(client: Client, where: str) -> None:
    __tracebackhide__ = True
    for problem in client.harness.take_problems():
        raise Misbehaviour(f"{where}, {type(problem).__name__}: {problem}") from problem
