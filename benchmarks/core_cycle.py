"""What one GET costs in the protocol core, as a ratio to bare h11.

Both read the same small request and write the same small answer; nothing waits
and nothing is sent. The rounds take turns, so that a machine that slows down
slows both.
"""

import argparse
import time
from collections.abc import Callable

import h11
from report import spread, write

import tremolo_core

REQUEST = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\n\r\n"
FIELDS = [(b"content-type", b"text/plain"), (b"content-length", b"12")]
BODY = b"Hello world!"


def core(cycles: int) -> None:
    """Serve `cycles` requests on one `tremolo_core.Connection`."""
    connection = tremolo_core.Connection()
    headers = tremolo_core.Headers(FIELDS)
    for _ in range(cycles):
        connection.receive_data(REQUEST)
        assert isinstance(connection.next_event(), tremolo_core.Request)
        assert isinstance(connection.next_event(), tremolo_core.EndOfMessage)
        connection.send(
            tremolo_core.Response(status=200, headers=headers),
            tremolo_core.Data(data=BODY),
            tremolo_core.EndOfMessage(),
        )
        assert connection.data_to_send().endswith(BODY)
        connection.start_next_cycle()


def bare_h11(cycles: int) -> None:
    """The same on one `h11.Connection`."""
    connection = h11.Connection(h11.SERVER)
    for _ in range(cycles):
        connection.receive_data(REQUEST)
        assert isinstance(connection.next_event(), h11.Request)
        assert isinstance(connection.next_event(), h11.EndOfMessage)
        data = [
            connection.send(h11.Response(status_code=200, headers=FIELDS)),
            connection.send(h11.Data(data=BODY)),
            connection.send(h11.EndOfMessage()),
        ]
        assert b"".join(part or b"" for part in data).endswith(BODY)
        connection.start_next_cycle()


def microseconds(run: Callable[[int], None], cycles: int) -> float:
    """The time of one cycle."""
    began = time.perf_counter()
    run(cycles)
    return (time.perf_counter() - began) / cycles * 1e6


def main() -> None:
    """Measure, print, and keep the raw numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5, help="default: 5")
    arguments.add_argument("--cycles", type=int, default=5_000, help="a round; default: 5000")
    options = arguments.parse_args()

    core(100)
    bare_h11(100)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(microseconds(core, options.cycles))
        theirs.append(microseconds(bare_h11, options.cycles))

    ratios = spread([mine / other for mine, other in zip(ours, theirs, strict=True)])
    result = {"core_us": spread(ours), "h11_us": spread(theirs), "core_to_h11": ratios}
    for name, figures in result.items():
        print(
            f"{name:12} {figures['median']:8.2f}"
            f"   ({figures['lowest']:.2f} to {figures['highest']:.2f})"
        )
    print(f"raw numbers: {write('core_cycle', ['tremolo-anyio', 'h11'], result)}")


if __name__ == "__main__":
    main()
