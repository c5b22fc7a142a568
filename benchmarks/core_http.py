"""The HTTP rows of the core's speed table: requests and answers, against bare h11.

Both sides read the same bytes, ask for the same events, make each event anew
and write the same answer; nothing waits and nothing is sent.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import h11
from core_row import Row

import tremolo_core

__all__ = ("ROWS",)

Fields = list[tuple[bytes, bytes]]

MANY = 512
"""So many different heads follow each other before the first comes again."""


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Requests, of which each is answered with the same pieces of a body."""

    requests: Sequence[bytes]
    answers: Sequence[Fields]
    """The fields of one answer after the other."""
    pieces: Sequence[bytes]
    together: bool = True
    """Whether the core is given all events of an answer in one call; h11 never is."""


def on_core(exchange: Exchange, *, fast_path: bool = True) -> Callable[[int], None]:
    """The exchanges on one `tremolo_core.Connection`."""
    connection = tremolo_core.Connection(fast_path=fast_path)
    requests = itertools.cycle(exchange.requests)
    answers = itertools.cycle(exchange.answers)

    def work(times: int) -> None:
        for request, fields in zip(itertools.islice(requests, times), answers, strict=False):
            connection.receive_data(request)
            assert isinstance(connection.next_event(), tremolo_core.Request)
            while not isinstance(connection.next_event(), tremolo_core.EndOfMessage):
                pass
            head = tremolo_core.Response(status=200, headers=tremolo_core.Headers(fields))
            if exchange.together:
                connection.send(
                    head,
                    *[tremolo_core.Data(data=piece) for piece in exchange.pieces],
                    tremolo_core.EndOfMessage(),
                )
                assert connection.data_to_send()
            else:
                connection.send(head)
                assert connection.data_to_send()
                for piece in exchange.pieces:
                    connection.send(tremolo_core.Data(data=piece))
                    assert connection.data_to_send()
                connection.send(tremolo_core.EndOfMessage())
                assert connection.data_to_send()
            connection.start_next_cycle()

    return work


def on_h11(exchange: Exchange) -> Callable[[int], None]:
    """The same on one `h11.Connection`."""
    connection = h11.Connection(h11.SERVER)
    requests = itertools.cycle(exchange.requests)
    answers = itertools.cycle(exchange.answers)

    def work(times: int) -> None:
        for request, fields in zip(itertools.islice(requests, times), answers, strict=False):
            connection.receive_data(request)
            assert isinstance(connection.next_event(), h11.Request)
            while not isinstance(connection.next_event(), h11.EndOfMessage):
                pass
            head = h11.Response(status_code=200, headers=fields)
            if exchange.together:
                parts = [connection.send(head)]
                parts += [connection.send(h11.Data(data=piece)) for piece in exchange.pieces]
                parts.append(connection.send(h11.EndOfMessage()))
                assert b"".join([part or b"" for part in parts])
            else:
                assert connection.send(head)
                for piece in exchange.pieces:
                    assert connection.send(h11.Data(data=piece))
                assert connection.send(h11.EndOfMessage())
            connection.start_next_cycle()

    return work


SMALL = b"GET /hello?n=%06d HTTP/1.1\r\nHost: h%06d.example:8000\r\n\r\n"

BROWSER = b"""\
GET /articles/%06d?lang=en HTTP/1.1
Host: www.example.com
User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Accept-Language: en-GB,en;q=0.7,de;q=0.3
Accept-Encoding: gzip, deflate, br, zstd
Connection: keep-alive
Referer: https://www.example.com/articles/%06d
Upgrade-Insecure-Requests: 1
Sec-Fetch-Dest: document
Sec-Fetch-Mode: navigate
Sec-Fetch-Site: same-origin

""".replace(b"\n", b"\r\n")

WITH_COOKIE = BROWSER.replace(b"Upgrade-Insecure-Requests: 1", b"Cookie: session=0123456789abcdef")

UPLOAD = (
    b"POST /items/%06d HTTP/1.1\r\nHost: h%06d.example:8000\r\n"
    b"Content-Type: application/octet-stream\r\nContent-Length: 1024\r\n\r\n"
)

KIB = bytes(range(256)) * 4


def varying(head: bytes, body: bytes = b"") -> list[bytes]:
    """Requests of which each has another number in its target and in one of its fields."""
    return [head % (number, number) + body for number in range(MANY)]


def declared(size: int) -> Fields:
    """The fields of an answer of `size` bytes."""
    return [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % size)]


HELLO = Exchange(requests=varying(SMALL), answers=[declared(12)], pieces=[b"Hello world!"])
TAGGED = [[*declared(12), (b"etag", b'"%06d"' % number)] for number in range(MANY)]
DOCUMENT = replace(HELLO, requests=varying(BROWSER))
POST = Exchange(requests=varying(UPLOAD, KIB), answers=[declared(1024)], pieces=[KIB])
CHUNKS = replace(
    HELLO, answers=[[(b"content-type", b"text/plain; charset=utf-8")]], pieces=[KIB] * 100
)
CHUNK_BY_CHUNK = replace(CHUNKS, together=False)


def repeated(exchange: Exchange) -> Exchange:
    """The same with one request again and again."""
    return replace(exchange, requests=exchange.requests[:1])


def row(
    name: str,
    exchange: Exchange,
    *,
    times: int,
    floor: float | None = None,
    goal: float | None = None,
    fast_path: bool = True,
) -> Row:
    """A row in which both sides do `exchange`."""
    return Row(
        name=name if fast_path else f"{name}, fast_path=False",
        against="h11",
        core=on_core(exchange, fast_path=fast_path),
        other=on_h11(exchange),
        times=times,
        floor=floor,
        goal=goal,
    )


ROWS = (
    row("GET, 1 field", HELLO, times=1_000, floor=4, goal=6),
    row("GET, 1 field, repeated", repeated(HELLO), times=1_000),
    row("GET, 1 field, answers vary", replace(HELLO, answers=TAGGED), times=1_000),
    row("GET, 11 fields", DOCUMENT, times=500, floor=3.5, goal=5),
    row("GET, 11 fields, repeated", repeated(DOCUMENT), times=500, floor=6, goal=9),
    row(
        "GET, 11 fields with a Cookie, repeated",
        repeated(replace(HELLO, requests=varying(WITH_COOKIE))),
        times=500,
    ),
    row("POST of 1 KiB, answer of 1 KiB", POST, times=500, floor=4, goal=5),
    row("100 chunks, a send each", CHUNK_BY_CHUNK, times=50, floor=2.5, goal=3.5),
    row("100 chunks in one send", CHUNKS, times=50, floor=4, goal=6),
    row("GET, 1 field", HELLO, times=500, floor=0.75, goal=0.85, fast_path=False),
    row("GET, 11 fields", DOCUMENT, times=300, floor=0.75, goal=0.85, fast_path=False),
    row("POST of 1 KiB", POST, times=300, floor=0.75, goal=0.85, fast_path=False),
    row("100 chunks", CHUNK_BY_CHUNK, times=50, floor=0.75, goal=0.85, fast_path=False),
)
