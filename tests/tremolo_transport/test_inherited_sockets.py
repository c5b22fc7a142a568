"""Taking over sockets that others have opened."""

import errno
import itertools
import os
import socket
import subprocess
import sys

import pytest

from tremolo_transport.endpoints import DescriptorBind, SystemdBind
from tremolo_transport.inherited_sockets import take_descriptor, take_from_systemd

_names = itertools.count(os.getpid() * 1_000)

FAMILIES = [socket.AF_INET, socket.AF_UNIX]


def listening(family: int = socket.AF_INET) -> int:
    """The descriptor of a socket that listens."""
    sock = socket.socket(family)
    sock.bind(("127.0.0.1", 0) if family == socket.AF_INET else f"\0tremolo-{next(_names)}")
    sock.listen()
    return sock.detach()


@pytest.fixture(params=FAMILIES, ids=lambda family: family.name)
def descriptor(request: pytest.FixtureRequest) -> int:
    """Closed by the test."""
    return listening(request.param)


def test_its_family_is_asked_of_the_kernel(descriptor: int) -> None:
    with take_descriptor(DescriptorBind(descriptor=descriptor)) as sock:
        assert sock.fileno() == descriptor
        assert sock.family in FAMILIES
        assert not sock.getblocking()
        assert not sock.get_inheritable()
        if sock.family == socket.AF_INET:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with socket.socket(sock.family) as client:
            client.connect(sock.getsockname())
            sock.accept()[0].close()


def not_listening() -> int:
    return socket.socket().detach()


def datagrams() -> int:
    return socket.socket(type=socket.SOCK_DGRAM).detach()


def a_file() -> int:
    return os.open(os.devnull, os.O_RDONLY)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (not_listening, errno.EINVAL),
        (datagrams, errno.EINVAL),
        (a_file, errno.ENOTSOCK),
    ],
)
def test_what_does_not_listen_is_refused_and_left_open(make: object, code: int) -> None:
    assert callable(make)
    descriptor = make()
    with pytest.raises(OSError, match=f"cannot listen on fd://{descriptor}: ") as caught:
        take_descriptor(DescriptorBind(descriptor=descriptor))
    assert caught.value.errno == code
    os.close(descriptor)


def test_a_number_that_nothing_has_is_refused() -> None:
    with pytest.raises(OSError, match="cannot listen on fd://987654: Bad file descriptor"):
        take_descriptor(DescriptorBind(descriptor=987_654))


# systemd.


def handed_over(**changes: str) -> dict[str, str]:
    return {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", **changes}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        handed_over(LISTEN_FDS="0"),
        handed_over(LISTEN_FDS="x"),
        handed_over(LISTEN_FDS=""),
        handed_over(LISTEN_FDS="-1"),
        handed_over(LISTEN_PID="1"),
    ],
)
def test_what_is_not_for_us_is_not_ours(environment: dict[str, str]) -> None:
    with pytest.raises(OSError, match="cannot listen on systemd: systemd has handed over no such"):
        take_from_systemd(SystemdBind(), environment)


CHILD = """
import os, sys
from tremolo_transport.endpoints import SystemdBind
from tremolo_transport.inherited_sockets import take_from_systemd

environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": sys.argv[1]}
if sys.argv[2]:
    environment["LISTEN_FDNAMES"] = sys.argv[2]
bind = SystemdBind(name=sys.argv[3] or None)
try:
    print(*[sock.fileno() for sock in take_from_systemd(bind, environment)])
except OSError as error:
    print(error.strerror)
"""


BEFORE = """
import os, sys

first, second = (os.dup(int(number)) for number in sys.argv[1:3])
os.dup2(first, 30)
os.dup2(second, 40)
os.dup2(30, 3)
os.dup2(40, 4)
os.closerange(5, 64)
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[3:]])
"""
"""Runs a program as systemd does: its first two descriptors are what it is told."""


@pytest.mark.parametrize(
    ("count", "names", "wanted", "found"),
    [
        ("2", "", "", "3 4"),
        ("1", "", "", "3"),
        ("2", "http:https", "", "3 4"),
        ("2", "http:https", "https", "4"),
        ("2", "http:http", "http", "3 4"),
        ("2", "http", "http", "3"),
        ("2", "", "http", "cannot listen on systemd:http: systemd has handed over no such"),
        ("3", "", "", "cannot listen on fd://5: Bad file descriptor"),
    ],
)
def test_systemds_are_those_from_three_on(count: str, names: str, wanted: str, found: str) -> None:
    passed = listening(), listening()
    numbers = map(str, passed)
    ran = subprocess.run(
        [sys.executable, "-c", BEFORE, *numbers, CHILD, count, names, wanted],
        pass_fds=passed,
        capture_output=True,
        text=True,
        check=True,
    )
    for descriptor in passed:
        os.close(descriptor)
    assert ran.stdout.strip() == found
