"""Where a server listens, as it is told."""

from tremolo.config import Option
from tremolo.listening_options import LISTENING_OPTIONS
from tremolo_transport import Bind, DescriptorBind, UnixBind

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "bind": ("[::1]:1,:2", {"bind": (Bind(host="::1", port=1), Bind(host="", port=2))}),
    "insecure_bind": (":2", {"insecure_bind": (Bind(host="", port=2),)}),
    "uds": ("/a,b", {"bind": (UnixBind(path="/a,b"),)}),
    "fd": ("3", {"bind": (DescriptorBind(descriptor=3),)}),
    "backlog": ("9", {"backlog": 9}),
    "unix_mode": ("660", {"unix_mode": 0o660}),
    "uds_permissions": ("0o660", {"unix_mode": 0o660}),
    "unix_user": ("www-data", {"unix_user": "www-data"}),
    "unix_group": ("33", {"unix_group": 33}),
    "host": ("::1", {"host": "::1"}),
    "port": ("1", {"port": 1}),
}


@each_of(LISTENING_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)
