"""The options that say how TLS is spoken.

Where a server listens is said in `listening_options`.
"""

from .option import Option, Spelling
from .option_values import read_seconds, read_text
from .tls_values import read_certificate_request, read_tls_version

__all__ = ("TLS_OPTIONS",)

TLS_OPTIONS: tuple[Option, ...] = (
    Option(
        name="ssl_cert",
        fields=("tls.certificate",),
        read=read_text,
        unit="FILE",
        help="the server's certificate, in PEM, with those between it and the root behind it;"
        " with one, all but --insecure-bind is served over TLS. It is read again when it changes",
        spellings=(
            Spelling(name="ssl_certfile", unit="FILE"),
            Spelling(name="ssl_certificate", unit="FILE"),
            Spelling(name="certfile", unit="FILE"),
        ),
    ),
    Option(
        name="ssl_key",
        fields=("tls.key",),
        read=read_text,
        unit="FILE",
        help="the certificate's private key, in PEM; by default it stands in the certificate's"
        " file",
        spellings=(
            Spelling(name="ssl_keyfile", unit="FILE"),
            Spelling(name="keyfile", unit="FILE"),
        ),
    ),
    Option(
        name="ssl_keyfile_password",
        fields=("tls.password",),
        read=read_text,
        unit="TEXT",
        help="what the private key is encrypted with; whoever may list processes can read it",
        spellings=(Spelling(name="keyfile_password", unit="TEXT"),),
    ),
    Option(
        name="ssl_ca_certs",
        fields=("tls.client_ca",),
        read=read_text,
        unit="FILE",
        help="who may sign the certificates of clients, in PEM",
        spellings=(Spelling(name="ca_certs", unit="FILE"),),
    ),
    Option(
        name="ssl_cert_reqs",
        fields=("tls.client_certificates",),
        read=read_certificate_request,
        unit="MODE",
        help="whether clients are asked for certificates: none, optional or required",
    ),
    Option(
        name="ssl_ciphers",
        fields=("tls.ciphers",),
        read=read_text,
        unit="LIST",
        help="the ciphers of TLS 1.2, as OpenSSL lists them; TLS 1.3 has its own",
        spellings=(Spelling(name="ciphers", unit="LIST"),),
    ),
    Option(
        name="ssl_min_version",
        fields=("tls.minimum_version",),
        read=read_tls_version,
        unit="VERSION",
        help="the oldest version of TLS that is spoken: 1.2 or 1.3",
    ),
    Option(
        name="ssl_handshake_timeout",
        fields=("tls.handshake_timeout",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a TLS handshake may take, `none` for ever",
    ),
)
