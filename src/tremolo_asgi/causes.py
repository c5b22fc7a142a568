"""Why an application raised what it raised, where that tells whose fault it is.

What is done about it is decided in `handler` and in `lifespan`.
"""

import asyncio
from collections.abc import Iterator

from tremolo_transport.exchange import ClientDisconnected

__all__ = ("NEEDS_ASYNCIO", "is_consequence", "needs_asyncio")

NEEDS_ASYNCIO = "the application needs asyncio: run it with --loop asyncio or --loop uvloop"

_SIGNS = ("no running event loop", "trio.run received unrecognized yield message")
"""What asyncio says where it does not run, and what trio says of its futures."""


def is_consequence(error: BaseException) -> bool:
    """Whether `error` was raised because a ClientDisconnected was.

    Frameworks put errors of their own in its place, and task groups put it
    into groups. A group is a consequence only if all of its members are.
    """
    for link in _chain(error):
        if isinstance(link, ClientDisconnected):
            return True
        if isinstance(link, BaseExceptionGroup):
            return all(is_consequence(member) for member in link.exceptions)
    return False


def needs_asyncio(error: BaseException | None) -> bool:
    """Whether `error` was raised because asyncio was used where it does not run."""
    if error is None or _on_asyncio():
        return False
    for link in _chain(error):
        if isinstance(link, RuntimeError | TypeError) and str(link).startswith(_SIGNS):
            return True
        if isinstance(link, BaseExceptionGroup):
            return any(map(needs_asyncio, link.exceptions))
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
