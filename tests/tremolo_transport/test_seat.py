"""A worker's end of the pipe."""

import multiprocessing
import queue
import threading

from tremolo_transport.seat import Command, Report, Seat


def test_what_is_said_arrives_with_its_text() -> None:
    ours, theirs = multiprocessing.Pipe()
    seat = Seat(theirs, [])
    seat.say(Report.READY, "http://a\nunix:é")
    seat.say(Report.ALIVE)
    assert ours.recv_bytes() == b"ready " + "http://a\nunix:é".encode()
    assert ours.recv_bytes() == b"alive "
    ours.close()
    seat.say(Report.ALIVE)
    seat.close()


def test_one_who_does_not_listen_holds_nobody_up() -> None:
    ours, theirs = multiprocessing.Pipe()
    seat = Seat(theirs, [])

    def live_on() -> None:
        for _ in range(10_000):
            seat.say(Report.ALIVE)
        seat.say(Report.SPENT, "it is tired")

    living = threading.Thread(target=live_on, daemon=True)
    living.start()
    living.join(60)
    assert not living.is_alive()
    heard = []
    while ours.poll():
        heard.append(ours.recv_bytes())
    assert heard[0] == b"alive "
    # What is said once is not left out.
    assert heard[-1] == b"spent it is tired"
    ours.close()
    seat.close()


def test_commands_are_passed_on_and_the_end_of_the_pipe_is_one() -> None:
    ours, theirs = multiprocessing.Pipe()
    seat = Seat(theirs, [])
    told: queue.SimpleQueue[Command] = queue.SimpleQueue()
    seat.obey(told.put)
    ours.send_bytes(Command.YIELD.value)
    ours.send_bytes(Command.STOP.value)
    assert [told.get(timeout=60), told.get(timeout=60)] == [Command.YIELD, Command.STOP]
    ours.close()
    assert told.get(timeout=60) is Command.ORPHANED
    seat.close()


def test_the_last_who_wants_to_obey_is_told() -> None:
    ours, theirs = multiprocessing.Pipe()
    seat = Seat(theirs, [])
    first: queue.SimpleQueue[Command] = queue.SimpleQueue()
    last: queue.SimpleQueue[Command] = queue.SimpleQueue()
    seat.obey(first.put)
    ours.send_bytes(Command.YIELD.value)
    assert first.get(timeout=60) is Command.YIELD
    seat.obey(last.put)
    ours.send_bytes(Command.STOP.value)
    assert last.get(timeout=60) is Command.STOP
    assert first.empty()
    ours.close()
    assert last.get(timeout=60) is Command.ORPHANED
    seat.close()
