"""Signals, noticed at once, and the wake-up of an event loop."""

import signal
import threading

import anyio
import pytest

from tremolo_transport.signals import Echoes, Wakeup, on_signals


def test_the_function_is_called_at_once_and_only_inside() -> None:
    before = signal.getsignal(signal.SIGTERM)
    told: list[signal.Signals] = []
    with on_signals({signal.SIGTERM, signal.SIGUSR1}, told.append):
        signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGTERM)
        assert told == [signal.SIGUSR1, signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_is_sent_twice_is_one() -> None:
    echoes = Echoes()
    assert not echoes.is_echo(signal.SIGTERM, 100.0)
    assert echoes.is_echo(signal.SIGTERM, 100.001)
    # Another one is another.
    assert not echoes.is_echo(signal.SIGINT, 100.002)
    assert echoes.is_echo(signal.SIGTERM, 100.2)
    # Whoever goes on is heard in the end.
    assert not echoes.is_echo(signal.SIGTERM, 100.3)


@pytest.mark.anyio
async def test_a_wake_up_ends_the_wait_whoever_calls() -> None:
    wakeup = Wakeup()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(wakeup.wait)
            with on_signals({signal.SIGUSR1}, lambda number: wakeup.wake()):
                signal.raise_signal(signal.SIGUSR1)
        async with anyio.create_task_group() as group:
            group.start_soon(wakeup.wait)
            thread = threading.Thread(target=wakeup.wake)
            thread.start()
            thread.join()
    finally:
        wakeup.close()


@pytest.mark.anyio
async def test_a_wake_up_is_remembered_until_somebody_waits_and_then_forgotten() -> None:
    wakeup = Wakeup()
    try:
        for _ in range(100_000):
            wakeup.wake()
        while True:
            # They come in pieces, but they come to an end.
            with anyio.move_on_after(0):
                await wakeup.wait()
                continue
            break
    finally:
        wakeup.close()
    wakeup.wake()


def test_it_can_be_cleared_without_an_event_loop() -> None:
    wakeup = Wakeup()
    wakeup.clear()
    wakeup.wake()
    assert wakeup.fileno() > 0
    wakeup.clear()
    wakeup.close()
