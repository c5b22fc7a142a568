"""What runs in the worker processes of these tests: no server, only its side of the pipe."""

import os
import queue
import signal
import socket

from tremolo_transport.seat import Command, Report, Seat

__all__ = (
    "closes_all",
    "dies_when_ready",
    "fails",
    "hung_up_on",
    "marked",
    "mute",
    "never_ready",
    "obedient",
    "silent",
    "spent",
)


MARK = "fresh"
"""What another process changes shows in its copies only."""


def marked(seat: Seat) -> int:
    """As `obedient`; where it listens is its mark."""
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    seat.obey(commands.put)
    seat.say(Report.READY, MARK)
    commands.get()
    return 0


def obedient(seat: Seat) -> int:
    """Ready at once; ends with 0 as soon as it is told to, by whatever command."""
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    seat.obey(commands.put)
    seat.say(Report.READY, "\n".join(each.url for each in seat.sockets))
    commands.get()
    return 0


def spent(seat: Seat) -> int:
    """As `obedient`, but would like to be replaced."""
    commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
    seat.obey(commands.put)
    seat.say(Report.READY)
    seat.say(Report.SPENT, "it is tired")
    # What it was told is its exit code, for the test to read.
    return 10 + [Command.STOP, Command.YIELD].index(commands.get())


def fails(seat: Seat) -> int:
    """Never ready."""
    return 3


def closes_all(seat: Seat) -> int:
    """Closes its sockets, as a server does in the end."""
    for listening in seat.sockets:
        listening.close()
    return 0


def hung_up_on(seat: Seat) -> int:
    """As `obedient`, and its terminal closes."""
    signal.raise_signal(signal.SIGHUP)
    return obedient(seat)


def dies_when_ready(seat: Seat) -> int:
    """Ready, and gone."""
    seat.say(Report.READY)
    return 7


def silent(seat: Seat) -> int:
    """Ready, deaf, and without a sign of life from then on."""
    seat.say(Report.READY)
    queue.SimpleQueue[None]().get()
    return 0


def never_ready(seat: Seat) -> int:
    """As long in its start-up as anybody waits."""
    queue.SimpleQueue[None]().get()
    return 0


def mute(seat: Seat) -> int:
    """Ready; then it ends its side of the pipe, and lives on."""
    seat.say(Report.READY)
    with socket.socket(fileno=os.dup(seat._pipe.fileno())) as pipe:
        # Closing it does not end it: our own thread is reading there.
        pipe.shutdown(socket.SHUT_WR)
    queue.SimpleQueue[None]().get()
    return 0
