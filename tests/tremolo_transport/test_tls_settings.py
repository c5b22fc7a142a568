"""What a listener is told about TLS, and what it is untold."""

import pickle
import ssl

import pytest

from tremolo_transport.tls_settings import ClientCertificates, TLSSettings


def test_what_is_safe_is_the_default() -> None:
    settings = TLSSettings(certificate="a")
    assert settings.minimum_version is ssl.TLSVersion.TLSv1_2
    assert settings.client_certificates is ClientCertificates.NONE
    assert settings.alpn == ("http/1.1",)
    assert (settings.key, settings.password, settings.client_ca, settings.ciphers) == (None,) * 4


def test_no_password_is_shown() -> None:
    assert "secret" not in repr(TLSSettings(certificate="a", password="secret"))


@pytest.mark.parametrize("asked", ClientCertificates)
def test_clients_are_asked_only_together_with_who_may_sign_for_them(
    asked: ClientCertificates,
) -> None:
    none = asked is ClientCertificates.NONE
    for client_ca in (None, "ca"):
        if (client_ca is None) is none:
            TLSSettings(certificate="a", client_certificates=asked, client_ca=client_ca)
        else:
            with pytest.raises(ValueError, match="only together"):
                TLSSettings(certificate="a", client_certificates=asked, client_ca=client_ca)


def test_they_can_be_given_to_another_process() -> None:
    settings = TLSSettings(certificate="a", password=b"secret")
    assert pickle.loads(pickle.dumps(settings)) == settings
