"""Asks one server for the same thing as fast as it answers, over kept-alive connections.

Run by the suite as a process of its own where wrk is missing; prints one line of
JSON. Every answer must be as long as the first one, which is read with care, so
that the rest can be counted instead of parsed.
"""

import argparse
import itertools
import json
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Sequence

from ask import Ask

__all__ = ("answer_size", "connect", "repeat")

_PATIENCE = 10.0
"""Seconds."""


def connect(port: int, *, tls: bool = False) -> socket.socket:
    """A connection to the server on this machine, without delays."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not tls:
        return connection
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection)


def answer_size(connection: socket.socket, request: bytes) -> int:
    """How many bytes the answer has. Raises RuntimeError if it is not 200, or cut short."""
    connection.sendall(request)
    answer = b""
    while not _complete(answer):
        data = connection.recv(65_536)
        if not data:
            raise RuntimeError(f"the server closed after {answer[:200]!r}")
        answer += data
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"the server answered {answer[:200]!r}")
    return len(answer)


def _complete(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    fields = dict(line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:])
    if b"content-length" in fields:
        return len(body) >= int(fields[b"content-length"])
    return body.endswith(b"0\r\n\r\n")


def repeat(
    connections: Sequence[socket.socket], ask: Callable[[], bytes], size: int, seconds: float
) -> int:
    """Ask again on each connection when `size` bytes have come; how often they came.

    It takes longer than `seconds` where less than one a connection came meanwhile.
    """
    received = 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ, [size])
            connection.sendall(ask())
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end or received < len(connections):
            if now > end + _PATIENCE:
                break
            for key, _ in selector.select(timeout=0.1):
                answering, missing = key.fileobj, key.data
                assert isinstance(answering, socket.socket)
                data = answering.recv(262_144)
                missing[0] -= len(data)
                if not data or missing[0] < 0:
                    raise RuntimeError("an answer was cut short, or longer than the first")
                if missing[0] == 0:
                    received += 1
                    missing[0] = size
                    answering.sendall(ask())
    return received


def run(ask: Ask, port: int, seconds: float, *, tls: bool) -> int:
    """How many answers came."""
    text, numbers = ask.text, itertools.count(1_000_000)

    def requests() -> bytes:
        return "".join(
            text.replace("{n}", f"{next(numbers)}") for _ in range(ask.pipelined)
        ).encode("ascii")

    if "Connection: close" in ask.fields:
        return _churn(port, requests, seconds)
    connections = [connect(port, tls=tls) for _ in range(ask.connections)]
    one = text.replace("{n}", f"{next(numbers)}").encode("ascii")
    size = answer_size(connections[0], one) * ask.pipelined
    return repeat(connections, requests, size, seconds) * ask.pipelined


def _churn(port: int, requests: Callable[[], bytes], seconds: float) -> int:
    received, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        with connect(port) as connection:
            answer_size(connection, requests())
        received += 1
    return received


def main() -> None:
    """Ask, count, and print the rate with the share of a core that asking took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("port", type=int)
    arguments.add_argument("seconds", type=float)
    arguments.add_argument("ask", help="an Ask, as JSON")
    arguments.add_argument("--tls", action="store_true")
    options = arguments.parse_args()
    described = json.loads(options.ask)
    ask = Ask(**{**described, "fields": tuple(described["fields"])})
    began, worked = time.perf_counter(), time.process_time()
    count = run(ask, options.port, options.seconds, tls=options.tls)
    elapsed, busy = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"rate": count / elapsed, "count": count, "busy": busy / elapsed}))


if __name__ == "__main__":
    main()
