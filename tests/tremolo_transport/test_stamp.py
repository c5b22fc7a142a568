"""The fields that answers get unless they have their own."""

import tracemalloc
from email.utils import formatdate

from tremolo_core import AcceptWebSocket, Headers, Response
from tremolo_transport.stamp import Stamp

BORN = 784_111_777.0  # the moment of the examples in RFC 9110 5.6.7


def stamped(stamp: Stamp, *fields: tuple[bytes, bytes], last: bool = False) -> list[bytes]:
    """The fields of an answer as they stand on the wire, one line each."""
    response = Response(status=200, headers=Headers(fields), reason=b"Fine")
    complete = stamp.complete(response, last=last)
    assert (complete.status, complete.reason) == (200, b"Fine")
    return [name + b": " + value for name, value in complete.headers]


def made(*, server_name: bytes = b"Tremolo", date: bool = True) -> Stamp:
    stamp = Stamp(server_name=server_name, date=date)
    stamp.renew(BORN)
    return stamp


def test_an_answer_gets_the_date_and_the_servers_name_behind_its_own_fields() -> None:
    assert stamped(made(), (b"x", b"y")) == [
        b"x: y",
        b"date: Sun, 06 Nov 1994 08:49:37 GMT",
        b"server: Tremolo",
    ]


def test_the_date_is_that_of_the_library_on_every_day_of_a_year() -> None:
    stamp = Stamp(server_name=b"", date=True)
    for seconds in range(1_700_000_000, 1_733_000_000, 86_399):
        stamp.renew(seconds)
        assert stamped(stamp) == [f"date: {formatdate(seconds, usegmt=True)}".encode("ascii")]


def test_it_has_its_fields_before_it_is_told_the_time() -> None:
    fields = stamped(Stamp(server_name=b"Tremolo", date=True))
    assert fields == [b"date: Thu, 01 Jan 1970 00:00:00 GMT", b"server: Tremolo"]


def test_an_answer_keeps_its_own() -> None:
    own = ((b"Date", b"then"), (b"SERVER", b"me"))
    assert stamped(made(), *own) == [b"Date: then", b"SERVER: me"]
    assert stamped(made(), own[0]) == [b"Date: then", b"server: Tremolo"]


def test_either_can_be_switched_off() -> None:
    assert stamped(made(server_name=b"")) == [b"date: Sun, 06 Nov 1994 08:49:37 GMT"]
    assert stamped(made(date=False)) == [b"server: Tremolo"]
    assert stamped(made(server_name=b"", date=False)) == []


def test_an_answer_that_lacks_nothing_is_the_same() -> None:
    response = Response(status=204, headers=Headers([(b"date", b"then")]))
    assert made(server_name=b"").complete(response, last=False) is response


def test_the_last_answer_says_close() -> None:
    own = ((b"date", b"then"), (b"server", b"me"))
    assert stamped(made(), *own, last=True) == [b"date: then", b"server: me", b"connection: close"]
    assert stamped(made(server_name=b"", date=False), last=True) == [b"connection: close"]


def test_the_date_is_renewed_by_the_second() -> None:
    stamp = made(server_name=b"")
    stamp.renew(BORN + 0.9)
    assert stamped(stamp) == [b"date: Sun, 06 Nov 1994 08:49:37 GMT"]
    stamp.renew(BORN + 1.1)
    assert stamped(stamp) == [b"date: Sun, 06 Nov 1994 08:49:38 GMT"]
    # Somebody may set the clock back.
    stamp.renew(BORN - 60)
    assert stamped(stamp) == [b"date: Sun, 06 Nov 1994 08:48:37 GMT"]


def test_the_fields_are_made_once_a_second_and_not_once_an_answer() -> None:
    stamp = made()
    first = stamp.complete(Response(status=200), last=False)
    stamp.renew(BORN + 0.5)
    second = stamp.complete(Response(status=200), last=False)
    assert all(one is other for one, other in zip(first.headers, second.headers, strict=True))


def test_the_same_answer_is_completed_once_a_second() -> None:
    stamp = made()
    first = stamp.complete(Response(status=200), last=False)
    assert stamp.complete(Response(status=200), last=False) is first
    others = [
        stamp.complete(Response(status=200), last=True),
        stamp.complete(Response(status=201), last=False),
        stamp.complete(Response(status=200, reason=b"Fine"), last=False),
        stamp.complete(Response(status=200, headers=Headers([(b"x", b"y")])), last=False),
    ]
    assert all(other != first for other in others)
    stamp.renew(BORN + 1)
    assert stamp.complete(Response(status=200), last=False) != first


def test_what_is_for_one_client_alone_is_not_kept() -> None:
    stamp = made()
    response = Response(status=200, headers=Headers([(b"Set-Cookie", b"session=secret")]))
    assert stamp.complete(response, last=False) is not stamp.complete(response, last=False)


def test_little_is_kept_of_what_differs_each_time() -> None:
    stamp = made()
    tracemalloc.start()
    try:
        for number in range(10_000):
            fields = Headers([(b"x-number", b"%d" % number)])
            stamp.complete(Response(status=200, headers=fields), last=False)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 200_000


def test_an_accepted_websocket_is_stamped_too() -> None:
    acceptance = AcceptWebSocket(
        subprotocol=b"chat", headers=Headers([(b"server", b"me")]), with_pings=True
    )
    stamped = made().complete_acceptance(acceptance)
    assert (stamped.subprotocol, stamped.with_pings) == (b"chat", True)
    assert [name for name, _ in stamped.headers] == [b"server", b"date"]
