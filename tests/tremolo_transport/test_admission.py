"""The error of a connection that ends before its first request."""

from tremolo_transport.admission import NotAdmitted


def test_it_says_what_the_peer_did() -> None:
    error = NotAdmitted("it left")
    assert str(error) == error.reason == "it left"
    assert not error.usual
    assert NotAdmitted("it left", usual=True).usual
