"""Where a server can be told to listen."""

import pytest

from tremolo_transport.endpoints import Bind, DescriptorBind, Endpoint, SystemdBind, UnixBind


def test_nobody_but_this_machine_is_served_untold() -> None:
    assert Bind() == Bind(host="127.0.0.1", port=8_000, backlog=2_048, reuse_port=False)


def test_a_path_is_the_owners_and_the_umasks_untold() -> None:
    path = UnixBind(path="/a")
    assert (path.mode, path.user, path.group, path.backlog) == (None, None, None, 2_048)


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        (Bind(), "127.0.0.1:8000"),
        (Bind(host="::1", port=1), "[::1]:1"),
        (Bind(host="", port=1), "*:1"),
        (UnixBind(path="/run/a.sock"), "unix:/run/a.sock"),
        (DescriptorBind(descriptor=3), "fd://3"),
        (SystemdBind(), "systemd"),
        (SystemdBind(name="http"), "systemd:http"),
    ],
)
def test_it_is_named_as_on_the_command_line(endpoint: Endpoint, text: str) -> None:
    assert str(endpoint) == text


def test_endpoints_are_values() -> None:
    assert len({Bind(), Bind(), Bind(port=0)}) == 2
