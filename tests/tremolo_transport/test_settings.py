"""What a server is told, and what it does untold."""

from tremolo_core import Limits, Timeouts
from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport.endpoints import Bind
from tremolo_transport.pace import Pace
from tremolo_transport.settings import NEARBY, Listener, ServerSettings
from tremolo_transport.streams import Transport


def test_the_defaults_are_those_that_are_documented() -> None:
    settings = ServerSettings()
    assert settings.limits == Limits()
    assert settings.timeouts == Timeouts()
    assert settings.pace == Pace(download=None, upload=None, burst=0.25)
    assert settings.server_name == b"Tremolo"
    assert settings.date is True
    assert settings.websockets is True
    assert settings.shutdown == 30.0
    assert settings.transport is Transport.NATIVE


def test_a_listener_untold_listens_to_this_machine_and_as_the_server_does() -> None:
    listener = Listener()
    assert listener.endpoint == Bind()
    assert (listener.limits, listener.timeouts, listener.pace) == (None, None, None)
    assert (listener.tls, listener.proxy_protocol) == (None, None)
    assert (listener.handshake_timeout, listener.proxy_timeout) == (10.0, 5.0)


def test_nobody_from_outside_is_believed_about_others_untold() -> None:
    forwarding = Listener().forwarding
    assert forwarding.trusted == NEARBY == TrustedProxies.parse("127.0.0.0/8, ::1, unix:")
    assert forwarding.fields == {b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"}


def test_settings_are_values() -> None:
    assert ServerSettings(date=False) == ServerSettings(date=False) != ServerSettings()
    assert len({ServerSettings(), ServerSettings(), ServerSettings(shutdown=None)}) == 2
    assert len({Listener(), Listener(), Listener(limits=Limits())}) == 2
