"""What a handler has raised, and how its request is named in the log.

What follows from it is decided in `driver`.
"""

import logging

from tremolo_core import Request

from .cancellation import is_cancellation
from .errors import ClientDisconnected

__all__ = ("ends_all", "is_disconnect", "is_interrupt", "name_of")

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


def ends_all(error: BaseException, request: Request, *, late: bool, stopping: bool) -> bool:
    """Whether what the handler of `request` has raised ends its connection, so is to be raised.

    What ends it, and what is a failure of the handler, is logged: the server has
    cancelled it as it was `late`, or as the server is `stopping`.
    """
    if is_cancellation(error):
        if late:
            logger.warning("the handler of %s was cancelled, as it took too long", name_of(request))
        elif stopping:
            logger.warning("the handler of %s was cancelled as the server stops", name_of(request))
        return True
    if is_interrupt(error):
        return True
    if not is_disconnect(error):
        logger.error("the handler of %s failed", name_of(request), exc_info=error)
    return False
