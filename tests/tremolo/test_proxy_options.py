"""Which proxies are believed, as it is told."""

from tremolo.config import Option
from tremolo.proxy_options import PROXY_OPTIONS
from tremolo_core.trusted_proxies import TrustedProxies

from .configuring import Changes, assert_changes, each_of

TRUSTED = TrustedProxies.parse("192.0.2.1,unix:")

CHANGES: Changes = {
    "proxy_headers": (False, {"proxies.headers": False}),
    "forwarded_allow_ips": ("192.0.2.1,unix:", {"proxies.trusted": TRUSTED}),
    "forwarded_fields": ("Forwarded", {"proxies.fields": ("forwarded",)}),
    "proxy_protocol": (True, {"proxies.protocol": True}),
    "proxy_allow_from": ("192.0.2.1,unix:", {"proxies.may_connect": TRUSTED}),
    "proxy_timeout": ("1.5", {"proxies.timeout": 1.5}),
}


@each_of(PROXY_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)
