"""What a server is told, and what it does untold."""

from tremolo_core import Limits, Timeouts
from tremolo_transport.settings import Bind, ServerSettings
from tremolo_transport.streams import Transport


def test_the_defaults_are_those_that_are_documented() -> None:
    settings = ServerSettings()
    assert settings.limits == Limits()
    assert settings.timeouts == Timeouts()
    assert settings.server_name == b"Tremolo"
    assert settings.date is True
    assert settings.shutdown == 30.0
    assert settings.transport is Transport.NATIVE


def test_nobody_but_this_machine_is_served_untold() -> None:
    assert Bind() == Bind(host="127.0.0.1", port=8_000, backlog=2_048)


def test_settings_are_values() -> None:
    assert ServerSettings(date=False) == ServerSettings(date=False) != ServerSettings()
    assert len({ServerSettings(), ServerSettings(), ServerSettings(shutdown=None)}) == 2
    assert len({Bind(), Bind(), Bind(port=0)}) == 2
