"""What a handler has raised, and how its request is named in the log.

What follows from it is decided in `driver`.
"""

import logging

from tremolo_core import Request

from .errors import ClientDisconnected

__all__ = ("is_disconnect", "is_interrupt", "name_of", "note_cancellation")

logger = logging.getLogger("tremolo.server")


def is_interrupt(error: BaseException) -> bool:
    """Whether `error` is not the handler's: somebody at the keyboard, or the end of the loop."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(KeyboardInterrupt) is not None
    return isinstance(error, KeyboardInterrupt | GeneratorExit)


def is_disconnect(error: BaseException) -> bool:
    """Whether `error` says only that the client left, also when task groups have wrapped it."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(ClientDisconnected)[1] is None
    return isinstance(error, ClientDisconnected)


def name_of(request: Request) -> str:
    """The request in a log line: visible ASCII, as the core lets nothing else through."""
    return f"{request.method.decode('ascii')} {request.target[:200].decode('ascii')}"


def note_cancellation(request: Request, *, late: bool, stopping: bool) -> None:
    """Log why the server has cancelled the handler of `request`, if it has."""
    if late:
        logger.warning("the handler of %s was cancelled, as it took too long", name_of(request))
    elif stopping:
        logger.warning("the handler of %s was cancelled as the server stops", name_of(request))
