"""The options that say which proxies stand in front of the server, and what they are believed.

Where a server listens is said in `listening_options`.
"""

from .option import Option
from .option_values import read_flag, read_seconds
from .tls_values import read_forwarded_fields, read_trusted_proxies

__all__ = ("PROXY_OPTIONS",)

PROXY_OPTIONS: tuple[Option, ...] = (
    Option(
        name="proxy_headers",
        fields=("proxies.headers",),
        read=read_flag,
        help="whether trusted proxies are believed about the senders of requests",
    ),
    Option(
        name="forwarded_allow_ips",
        fields=("proxies.trusted",),
        read=read_trusted_proxies,
        unit="LIST",
        help="the proxies that are trusted: addresses, networks such as 10.0.0.0/8, unix: for"
        " those that come by a unix socket, * for everybody",
    ),
    Option(
        name="forwarded_fields",
        fields=("proxies.fields",),
        read=read_forwarded_fields,
        unit="LIST",
        help="the fields that they are believed in: forwarded, x-forwarded-for, x-forwarded-proto,"
        " x-forwarded-host, x-forwarded-port. Your proxy must set each, or remove it; Forwarded"
        " counts only if none of the others is there",
    ),
    Option(
        name="proxy_protocol",
        fields=("proxies.protocol",),
        read=read_flag,
        help="whether each connection begins with a PROXY header, version 1 or 2",
    ),
    Option(
        name="proxy_allow_from",
        fields=("proxies.may_connect",),
        read=read_trusted_proxies,
        unit="LIST",
        help="the proxies that may connect with --proxy-protocol, as in --forwarded-allow-ips",
    ),
    Option(
        name="proxy_timeout",
        fields=("proxies.timeout",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a PROXY header may take, `none` for ever",
    ),
)
