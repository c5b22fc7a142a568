"""What must hold for any bytes whatever: the invariant that a fuzzer tries to break.

Run by `fuzz/core.py` on bytes that are made to reach every branch, and by
`test_fuzzing` on those that were found worth keeping.
"""

from tremolo_core import (
    AcceptWebSocket,
    Connection,
    Limits,
    PerMessageDeflate,
    RemoteProtocolError,
    TextMessage,
)

from .playing import converse, cut, on_websocket

__all__ = ("check",)

_LIMITS = Limits(head=512, request_line=128, fields=12, trailers=128, chunk_line=32, body=4_096)

_ACCEPTANCES = (
    AcceptWebSocket(),
    AcceptWebSocket(by_fragment=True, with_pings=True),
    AcceptWebSocket(extensions=(PerMessageDeflate(threshold=8),)),
)


def check(data: bytes) -> None:
    """Raise AssertionError, or whatever is raised in error, if `data` breaks the invariant.

    The first byte chooses what is spoken, and the next four where the rest is cut.
    Both engines have to hear and to write the same, and whole or in pieces has to
    be the same; nothing but RemoteProtocolError may be raised, which `converse`
    notes; and what waits must be bounded.
    """
    if len(data) < 6:
        return
    speaks, places, raw = data[0], data[1:5], data[5:]
    pieces = [piece for piece in cut(raw, *(place % len(raw) for place in places)) if piece]
    if speaks < 128:
        _check_http(raw, pieces, early=bool(speaks & 1))
    else:
        _check_websocket(raw, pieces, _ACCEPTANCES[speaks % len(_ACCEPTANCES)])
    _check_room(pieces)


def _check_http(raw: bytes, pieces: list[bytes], *, early: bool) -> None:
    fast = converse(pieces, limits=_LIMITS, early=early, fast_path=True)
    assert fast == converse(pieces, limits=_LIMITS, early=early, fast_path=False)
    if early and b"100-continue" in raw.lower():
        # Who is answered while it waits to be told to go on has its last answer: whether it does
        # still wait depends on what has come.
        return
    assert fast == converse([raw], limits=_LIMITS, early=early, fast_path=True)


def _check_websocket(raw: bytes, pieces: list[bytes], accepted: AcceptWebSocket) -> None:
    fast = on_websocket(pieces, fast_path=True, accepted=accepted)
    assert fast == on_websocket(pieces, fast_path=False, accepted=accepted)
    whole, _ = on_websocket([raw], fast_path=True, accepted=accepted)
    assert _certain(fast[0]) == _certain(whole)


def _certain(heard: list[object]) -> list[object]:
    """What of this does not depend on how the bytes were cut.

    Of a text that is told as it comes, and in the end is none, whatever came before.
    """
    match heard:
        case [*before, TextMessage(final=False), (None, 1007, _) as error]:
            return [*before, error]
        case _:
            return heard


def _check_room(pieces: list[bytes]) -> None:
    """A server that never asks holds no more than it was given, and no more than it may."""
    connection = Connection(limits=_LIMITS)
    given = 0
    for piece in pieces:
        connection.receive_data(piece)
        given += len(piece)
        assert connection.buffered <= given
    try:
        connection.next_event()
    except RemoteProtocolError:
        connection.data_to_send()
    assert connection.buffered <= given
