"""Asks one server for the same small page as fast as it answers, over kept-alive connections.

Run by `hello` as a process of its own; prints one line of JSON. Every answer
must be as long as the first one, which is read with care, so that the rest can
be counted instead of parsed.
"""

import argparse
import json
import selectors
import socket
import time

REQUEST = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def answer_size(address: tuple[str, int]) -> int:
    """How many bytes one answer has: all that comes before the connection is closed."""
    with socket.create_connection(address) as connection:
        connection.sendall(REQUEST)
        answer = b""
        while b"Hello world!" not in answer or not _complete(answer):
            data = connection.recv(65_536)
            if not data:
                raise SystemExit(f"the server closed after {answer!r}")
            answer += data
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"the server answered {answer!r}")
    return len(answer)


def _complete(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        return body.endswith(b"0\r\n\r\n")
    return len(body) == len(b"Hello world!")


def answers(address: tuple[str, int], *, seconds: float, connections: int) -> int:
    """How many complete answers came in the given time."""
    size = answer_size(address)
    received = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = socket.create_connection(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)
            selector.register(connection, selectors.EVENT_READ, [size])
            connection.send(REQUEST)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _ in selector.select(timeout=seconds):
                answering, missing = key.fileobj, key.data
                assert isinstance(answering, socket.socket)
                data = answering.recv(65_536)
                missing[0] -= len(data)
                if not data or missing[0] < 0:
                    raise SystemExit("an answer was cut short, or longer than the first")
                if missing[0] == 0:
                    received += 1
                    missing[0] = size
                    answering.send(REQUEST)
        for key in list(selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
    return received


def main() -> None:
    """Ask, count, and print the rate with the share of a core that asking took."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("port", type=int)
    arguments.add_argument("seconds", type=float)
    arguments.add_argument("connections", type=int)
    options = arguments.parse_args()
    began, worked = time.perf_counter(), time.process_time()
    count = answers(
        ("127.0.0.1", options.port), seconds=options.seconds, connections=options.connections
    )
    elapsed, busy = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"rate": count / elapsed, "busy": busy / elapsed}))


if __name__ == "__main__":
    main()
