"""Whose fault it is that an exchange cannot go on."""

from tremolo_transport.errors import ClientDisconnected, ExchangeOver, TransportError


def test_a_client_that_left_is_an_error_of_the_operating_systems_kind() -> None:
    # What applications for ASGI expect of a `send` to nobody.
    assert issubclass(ClientDisconnected, OSError)
    assert issubclass(ClientDisconnected, TransportError)
    assert str(ClientDisconnected("the client has left")) == "the client has left"


def test_using_an_exchange_after_its_end_is_not() -> None:
    assert issubclass(ExchangeOver, TransportError)
    assert not issubclass(ExchangeOver, OSError)
