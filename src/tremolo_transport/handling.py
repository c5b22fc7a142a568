"""Sees to it that a request is answered, whatever its handler has left undone.

How the handler is run, and when it has to end, is decided in `driver`.
"""

import logging

from tremolo_core import State

from .answers import Answers
from .failures import name_of
from .served_exchange import ServedExchange

__all__ = ("ANSWERED", "answer_late", "see_to_answer")

logger = logging.getLogger("tremolo.server")

ANSWERED = frozenset((State.DONE, State.CLOSING, State.MUST_CLOSE, State.CLOSED))
"""Where a server is that has nothing more to say to a request."""


async def see_to_answer(exchange: ServedExchange, answers: Answers, *, failed: bool) -> None:
    """Answer in place of a handler that has ended, or `failed`, or break its answer off."""
    link, connection = answers.link, answers.link.connection
    if link.broken or connection.server_state in ANSWERED:
        return
    if link.framed:
        shutdown = answers.around.shutdown
        normally = shutdown.close_code if shutdown.begun else 1000
        answers.close_websocket(1011 if failed else normally)
        return
    if connection.refusal is not None:
        # The peer broke the rules while the handler was not looking.
        return
    if not failed and not link.peer_gone:
        logger.error("the handler of %s returned too early", name_of(exchange.request))
    if exchange.response_started:
        # Closing shows the client that the answer is not complete.
        link.break_off()
    else:
        await answers.send_plain(500, "Internal Server Error")


async def answer_late(answers: Answers) -> None:
    """See to it that the client of a handler that took too long can tell."""
    link = answers.link
    while link.reading:
        await link.news()
    if link.broken or link.connection.server_state in ANSWERED:
        return
    if link.connection.response_started:
        link.break_off()
    elif link.connection.refusal is None:
        answers.last = True
        await answers.send_plain(503, "Service Unavailable")
