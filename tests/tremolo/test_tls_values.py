"""What the options about TLS and proxies take, and what they refuse."""

from collections.abc import Callable

import pytest

from tremolo.tls_values import (
    read_certificate_request,
    read_forwarded_fields,
    read_tls_version,
    read_trusted_proxies,
)
from tremolo_core.trusted_proxies import TrustedProxies

TRUSTED = TrustedProxies.parse("10.0.0.0/8,unix:")


@pytest.mark.parametrize(
    ("read", "told", "expected"),
    [
        (read_certificate_request, "Required", "required"),
        (read_certificate_request, "0", "none"),
        (read_certificate_request, 1, "optional"),
        (read_certificate_request, 2, "required"),
        (read_tls_version, "1.2", "1.2"),
        (read_tls_version, "TLSv1.3", "1.3"),
        (read_trusted_proxies, "10.0.0.0/8, unix:", TRUSTED),
        (read_trusted_proxies, ["10.0.0.0/8", "unix:"], TRUSTED),
        (read_trusted_proxies, TRUSTED, TRUSTED),
        (read_trusted_proxies, "*", TrustedProxies(everyone=True)),
        (read_trusted_proxies, "", TrustedProxies()),
        (read_forwarded_fields, "X-Forwarded-Proto, forwarded", ("forwarded", "x-forwarded-proto")),
        (read_forwarded_fields, ["x-forwarded-for"], ("x-forwarded-for",)),
        (read_forwarded_fields, "", ()),
    ],
)
def test_what_is_taken(read: Callable[[object], object], told: object, expected: object) -> None:
    assert read(told) == expected


@pytest.mark.parametrize(
    ("read", "told", "reason"),
    [
        (read_certificate_request, "3", "one of none, optional, required"),
        (read_certificate_request, True, "one of none"),
        (read_tls_version, "1.1", "one of 1.2, 1.3"),
        (read_tls_version, 1.2, "one of 1.2, 1.3"),
        (read_trusted_proxies, "example.org", "'example.org' is not an IP address"),
        (read_trusted_proxies, 5, "addresses, networks"),
        (read_forwarded_fields, "x-real-ip", "some of forwarded, x-forwarded-for, "),
        (read_forwarded_fields, 5, "some of forwarded"),
    ],
)
def test_what_is_refused(read: Callable[[object], object], told: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(told)
