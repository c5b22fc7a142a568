"""The log lines about peers that broke the rules."""

import logging

import pytest

from tremolo_core import RemoteProtocolError
from tremolo_transport.peer import Peer
from tremolo_transport.refusals import RefusalLog

PEER = Peer(client=("192.0.2.1", 50_000))


def test_a_line_names_the_peer_the_reason_and_the_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    RefusalLog().note(RemoteProtocolError("a head of more than 9 bytes", status=431), PEER)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("tremolo.server", logging.INFO)
    assert record.exc_info is None
    assert record.getMessage() == (
        "refused 192.0.2.1:50000: a head of more than 9 bytes; answered 431"
    )


def test_so_many_lines_are_logged_at_once_and_the_rest_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    log = RefusalLog(most=2)
    for _ in range(5):
        log.note(RemoteProtocolError("wrong"), PEER)
    assert len(caplog.records) == 2
    log.renew()
    for _ in range(2):
        log.note(RemoteProtocolError("wrong"), PEER)
    plain = "refused 192.0.2.1:50000: wrong; answered 400"
    assert [record.getMessage() for record in caplog.records] == [
        plain,
        plain,
        f"{plain} (3 more were not logged)",
        plain,
    ]


def test_a_connection_that_was_not_admitted_counts_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = RefusalLog(most=1)
    for _ in range(2):
        log.note_connection("it speaks plain HTTP on a port for TLS", PEER)
    assert caplog.messages == [
        "refused 192.0.2.1:50000: it speaks plain HTTP on a port for TLS; closed the connection"
    ]
