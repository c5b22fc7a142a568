"""Who is to blame, and what the peer is owed."""

import copy
import pickle

import pytest

from tremolo_core import LocalProtocolError, ProtocolError, RemoteProtocolError


def test_the_tree() -> None:
    assert issubclass(ProtocolError, Exception)
    assert LocalProtocolError.__bases__ == (ProtocolError,)
    assert RemoteProtocolError.__bases__ == (ProtocolError,)


def test_a_remote_error_carries_its_answer() -> None:
    error = RemoteProtocolError("too long", status=414)
    assert (error.status, error.reason, str(error)) == (414, "too long", "too long")


def test_bad_request_unless_something_is_more_exact() -> None:
    assert RemoteProtocolError("bad").status == 400


def test_some_peers_are_past_answering() -> None:
    assert RemoteProtocolError("gone", status=None).status is None
    assert RemoteProtocolError("gone", status=None).is_silent
    assert not RemoteProtocolError("bad").is_silent
    assert not RemoteProtocolError("bad frame", status=None, close_code=1002).is_silent


@pytest.mark.parametrize("status", [400, 431, None])
def test_a_remote_error_survives_a_copy(status: int | None) -> None:
    error = RemoteProtocolError("bad", status=status)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (type(twin), twin.status, twin.reason) == (RemoteProtocolError, status, "bad")


def test_a_local_error_says_what_was_wrong() -> None:
    assert str(LocalProtocolError("no")) == "no"
