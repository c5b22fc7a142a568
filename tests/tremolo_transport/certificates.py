"""Certificates for tests, made once: an authority, a server's and a client's."""

import functools
import ssl
from pathlib import Path

import trustme

__all__ = ("HOST", "authority", "client_context", "server_context", "write_certificate")

HOST = "tremolo.example"


@functools.cache
def authority() -> trustme.CA:
    """Who has signed all others."""
    return trustme.CA()


@functools.cache
def _certificate(name: str) -> trustme.LeafCert:
    return authority().issue_cert(name, common_name=name)


def write_certificate(folder: Path, *, name: str = HOST, anew: bool = False) -> tuple[str, str]:
    """Write a certificate and its key as PEM files, and return their paths."""
    cert = authority().issue_cert(name, common_name=name) if anew else _certificate(name)
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(b"".join(blob.bytes() for blob in cert.cert_chain_pems))
    paths[1].write_bytes(cert.private_key_pem.bytes())
    return str(paths[0]), str(paths[1])


@functools.cache
def server_context() -> ssl.SSLContext:
    """A context of a server's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _certificate(HOST).configure_cert(context)
    # A client that closes before it has read its tickets resets the connection.
    context.num_tickets = 0
    return context


def client_context(
    *, name: str | None = None, version: ssl.TLSVersion | None = None
) -> ssl.SSLContext:
    """A context of a client's, with a certificate of that name or without, of that version only."""
    # Not the default context, which reads the hundred authorities of the system each time.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    authority().configure_trust(context)
    if name is not None:
        _certificate(name).configure_cert(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context
