"""Sends what a connection answers: stamped, and told to be the last where it is.

Whether an answer may be sent is judged by the core, how it is written by `link`.
"""

import functools
import logging
from typing import BinaryIO

from tremolo_core import (
    Data,
    EndOfMessage,
    Event,
    Headers,
    RemoteProtocolError,
    Response,
    answer_to,
)

from .errors import ClientDisconnected
from .file_sending import duplicate_socket, file_section, send_section
from .link import Link
from .peer import Peer
from .surroundings import Surroundings

__all__ = ("Answers",)

logger = logging.getLogger("tremolo.server")


class Answers:
    """The answers on one connection."""

    __slots__ = ("_around", "_link", "_peer", "_refused")

    def __init__(self, link: Link, peer: Peer, around: Surroundings) -> None:
        self._link = link
        self._peer = peer
        self._around = around
        self._refused = False
        """Whether the server itself has answered a peer that broke the rules."""

    async def send(self, *events: Event) -> None:
        """Send `events` in one write. Raises as `Exchange.send` does while that is not over."""
        self._queue(*events)
        await self._link.flush()

    async def send_by_kernel(self, file: BinaryIO, offset: int, count: int | None) -> bool:
        """Have the kernel send a section of `file`, as `Exchange.send_file` says.

        False, and nothing is done, if that is to be done by reading it.
        """
        link = self._link
        connection = link.connection
        if connection.sends_chunks or not connection.response_started:
            return False
        self._refuse_if_gone()
        section = file_section(file, offset, count)
        if section is None:
            return False
        with duplicate_socket(link.stream) as duplicate:
            if duplicate is None:
                return False
            await link.write_past(
                section.count,
                functools.partial(send_section, section, over=duplicate, stream=link.stream),
            )
        return True

    def send_soon(self, *events: Event) -> None:
        """As `send`, without waiting: a task of the server writes, whoever is cancelled here."""
        self._queue(*events)
        self._around.start(self._link.flush_unasked)

    async def send_plain(self, status: int, text: str) -> None:
        """Send a whole answer of one line of text; one that nobody is there to read is dropped."""
        try:
            await self.send(*_plain(status, text))
        except ClientDisconnected:
            logger.debug("connection lost before an answer of %d", status)

    def refuse(self, error: RemoteProtocolError) -> None:
        """Answer a peer that broke the rules, unless that is done or cannot be done; log it.

        Does not wait, so that whoever was told of the error can be told at once.
        """
        if error.status is None:
            self._link.break_off()
        elif self._link.connection.refusal is error:
            self._around.refusals.note(error, self._peer)
            self.send_soon(*answer_to(error))
            self._refused = True

    def _queue(self, *events: Event) -> None:
        self._refuse_if_gone()
        if any(isinstance(event, Response) for event in events):
            events = tuple(map(self._stamped, events))
        self._link.connection.send(*events)

    def _refuse_if_gone(self) -> None:
        if self._link.broken:
            raise ClientDisconnected("the client has left")
        if self._refused:
            raise ClientDisconnected("the client's request was refused meanwhile")

    def _stamped(self, event: Event) -> Event:
        if isinstance(event, Response):
            return self._around.stamp.complete(event, last=self._around.shutdown.begun)
        return event


def _plain(status: int, text: str) -> tuple[Event, ...]:
    body = f"{status} {text}\n".encode()
    headers = Headers(
        (
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
        )
    )
    return Response(status=status, headers=headers), Data(data=body), EndOfMessage()
