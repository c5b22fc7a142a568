"""What a program is told about all its listeners, as each listener gets it."""

import ssl

from tremolo.listener_settings import ProxyTerms, TLSTerms
from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport import ClientCertificates, Listener, TLSSettings


def test_without_a_certificate_there_is_no_tls() -> None:
    assert TLSTerms().settings() is None


def test_untold_tls_is_what_it_is_in_the_transport() -> None:
    assert TLSTerms(certificate="a").settings() == TLSSettings(certificate="a")
    assert TLSTerms().handshake_timeout == Listener().handshake_timeout


def test_all_that_is_told_of_tls_gets_there() -> None:
    terms = TLSTerms(
        certificate="a",
        key="b",
        password="secret",
        client_ca="c",
        client_certificates="required",
        ciphers="d",
        minimum_version="1.3",
    )
    assert terms.settings() == TLSSettings(
        certificate="a",
        key="b",
        password="secret",
        client_ca="c",
        client_certificates=ClientCertificates.REQUIRED,
        ciphers="d",
        minimum_version=ssl.TLSVersion.TLSv1_3,
    )
    assert "secret" not in repr(terms)


def test_untold_proxies_are_believed_as_in_the_transport() -> None:
    assert ProxyTerms().forwarding() == Listener().forwarding
    assert ProxyTerms().timeout == Listener().proxy_timeout


def test_all_that_is_told_of_proxies_gets_there() -> None:
    trusted = TrustedProxies.parse("192.0.2.1")
    forwarding = ProxyTerms(trusted=trusted, fields=("forwarded",)).forwarding()
    assert forwarding.trusted == trusted
    assert forwarding.fields == {b"forwarded"}
    assert ProxyTerms(trusted=trusted, headers=False).forwarding().trusted == TrustedProxies()
