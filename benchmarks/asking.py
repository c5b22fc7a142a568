"""Asks a server so many times, one after the other, over one TCP connection.

A process of its own beside a server whose instructions are counted.
"""

import sys

from load import answer_size, connect

__all__ = ("ask",)


def ask(port: int, request: bytes, count: int) -> None:
    """Ask with each number once. Raises RuntimeError if an answer is not as the first."""
    with connect(port) as connection:
        sizes = {answer_size(connection, numbered(request, number)) for number in range(count)}
    if len(sizes) != 1:
        raise RuntimeError(f"the answers have {sorted(sizes)} bytes")


def numbered(request: bytes, number: int) -> bytes:
    """The request with a number wherever it has a place for one."""
    return request.replace(b"%06d", b"%06d" % number)


if __name__ == "__main__":
    ask(int(sys.argv[1]), sys.argv[2].encode("ascii"), int(sys.argv[3]))
