"""How TLS is spoken, as it is told."""

from tremolo.config import Option
from tremolo.tls_options import TLS_OPTIONS

from .configuring import Changes, assert_changes, each_of

WITH = {"ssl_cert": "c"}

CHANGES: Changes = {
    **{
        name: ("cert.pem", {"tls.certificate": "cert.pem"})
        for name in ("ssl_cert", "ssl_certfile", "ssl_certificate", "certfile")
    },
    **{name: ("key.pem", {"tls.key": "key.pem"}) for name in ("ssl_key", "ssl_keyfile", "keyfile")},
    **{name: ("x", {"tls.password": "x"}) for name in ("ssl_keyfile_password", "keyfile_password")},
    **{name: ("ca.pem", {"tls.client_ca": "ca.pem"}) for name in ("ssl_ca_certs", "ca_certs")},
    "ssl_cert_reqs": ("required", {"tls.client_certificates": "required"}),
    **{name: ("HIGH", {"tls.ciphers": "HIGH"}) for name in ("ssl_ciphers", "ciphers")},
    "ssl_min_version": ("1.3", {"tls.minimum_version": "1.3"}),
    "ssl_handshake_timeout": ("1.5", {"tls.handshake_timeout": 1.5}),
}

OTHERS = {
    "tls.client_ca": {"ssl_cert_reqs": "required"},
    "tls.client_certificates": {"ssl_ca_certs": "ca.pem"},
}
"""What must be told together with a field."""


@each_of(TLS_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    [field] = option.fields
    certificate = {} if field == "tls.certificate" else WITH
    assert_changes(option, name, CHANGES, beside={**certificate, **OTHERS.get(field, {})})
