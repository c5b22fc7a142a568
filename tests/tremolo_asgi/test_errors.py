"""How the errors hang together."""

import pytest

from tremolo_asgi import ASGIError, IncompleteResponse, LifespanFailed, MessageError
from tremolo_transport.exchange import TransportError


@pytest.mark.parametrize("kind", [IncompleteResponse, LifespanFailed, MessageError])
def test_all_are_of_one_kind_which_is_not_the_transports(kind: type[Exception]) -> None:
    assert issubclass(kind, ASGIError)
    assert not issubclass(kind, TransportError | OSError)


def test_a_wrong_message_is_what_applications_expect_of_servers() -> None:
    assert issubclass(MessageError, RuntimeError)
