"""What places to listen at are called, and what is refused."""

import re
from collections.abc import Callable

import pytest

from tests.cases import for_each
from tremolo.bind_values import (
    read_binds,
    read_descriptor_bind,
    read_mode,
    read_owner,
    read_path_bind,
)
from tremolo_transport import Bind, DescriptorBind, Endpoint, SystemdBind, UnixBind

PATH = UnixBind(path="/run/a.sock")

BINDS: list[tuple[object, tuple[Endpoint, ...]]] = [
    ("127.0.0.1:8000", (Bind(host="127.0.0.1", port=8_000),)),
    (":80", (Bind(host="", port=80),)),
    ("example.org:0", (Bind(host="example.org", port=0),)),
    ("[::1]:8000", (Bind(host="::1", port=8_000),)),
    ("[fe80::1%eth0]:8000", (Bind(host="fe80::1%eth0", port=8_000),)),
    ("[::ffff:127.0.0.1]:1", (Bind(host="::ffff:127.0.0.1", port=1),)),
    ("unix:/run/a.sock", (PATH,)),
    ("/run/a.sock", (PATH,)),
    ("./a.sock", (UnixBind(path="./a.sock"),)),
    ("unix:a.sock", (UnixBind(path="a.sock"),)),
    ("unix:@name", (UnixBind(path="@name"),)),
    ("unix:80", (UnixBind(path="80"),)),
    ("fd://3", (DescriptorBind(descriptor=3),)),
    ("systemd", (SystemdBind(),)),
    ("systemd:http", (SystemdBind(name="http"),)),
    ("systemd:", (SystemdBind(name=""),)),
    ("a:1,[::]:2, /b", (Bind(host="a", port=1), Bind(host="::", port=2), UnixBind(path="/b"))),
    (["a:1,b:2", PATH], (Bind(host="a", port=1), Bind(host="b", port=2), PATH)),
    (PATH, (PATH,)),
    ([], ()),
]


@for_each(("told", "binds"), BINDS)
def test_where_to_listen(told: object, binds: tuple[Endpoint, ...]) -> None:
    assert read_binds(told) == binds


@pytest.mark.parametrize(
    "told",
    ["", "a", "8000", "a:", "a:b", "::1:80", "[::1]", "[x]:1", "a:1,", "unix:", "a b:1", 8_000],
)
def test_anything_else_is_refused_with_all_that_there_is(told: object) -> None:
    expected = "HOST:PORT (an IPv6 address in brackets), unix:PATH, fd://NUMBER or systemd[:NAME]"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        read_binds(told)


def test_a_port_is_one() -> None:
    with pytest.raises(ValueError, match=r"^a number from 0 to 65535$"):
        read_binds("a:65536")


@pytest.mark.parametrize("told", ["fd://", "fd://x", "fd://-1", "fd://3/4"])
def test_a_descriptor_is_a_number(told: str) -> None:
    with pytest.raises(ValueError, match=r"^the number of a descriptor$"):
        read_binds(told)


@pytest.mark.parametrize(
    ("read", "told", "expected"),
    [
        (read_path_bind, "/a,b", UnixBind(path="/a,b")),
        (read_descriptor_bind, "3", DescriptorBind(descriptor=3)),
        (read_descriptor_bind, 3, DescriptorBind(descriptor=3)),
        (read_mode, "660", 0o660),
        (read_mode, "0o660", 0o660),
        (read_mode, 0o660, 0o660),
        (read_mode, None, None),
        (read_owner, "www-data", "www-data"),
        (read_owner, "33", 33),
        (read_owner, 33, 33),
        (read_owner, None, None),
    ],
)
def test_what_else_is_told(
    read: Callable[[object], object], told: object, expected: object
) -> None:
    assert read(told) == expected


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (read_path_bind, ""),
        (read_path_bind, 3),
        (read_descriptor_bind, "x"),
        (read_descriptor_bind, True),
        (read_descriptor_bind, -1),
        (read_mode, "680"),
        (read_mode, "rw"),
        (read_mode, 0o10000),
        (read_owner, ""),
        (read_owner, -1),
        (read_owner, True),
    ],
)
def test_what_is_refused(read: Callable[[object], object], told: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(told)
