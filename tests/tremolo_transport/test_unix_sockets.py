"""Opening the socket at a path: whose it is, what it replaces, and what is left behind."""

import errno
import fcntl
import grp
import os
import pwd
import shutil
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tremolo_transport.endpoints import UnixBind
from tremolo_transport.unix_sockets import identify, listen_unix, remove_socket

from .over_sockets import open_sockets as count_sockets


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own, as a socket's path may have no more than a hundred letters."""
    path = Path(tempfile.mkdtemp(prefix="tremolo"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def path(folder: Path) -> str:
    return str(folder / "socket")


def connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except ConnectionRefusedError:
            return False
        return True


def test_it_listens_and_does_not_block(path: str) -> None:
    with listen_unix(UnixBind(path=path)) as sock:
        assert sock.getsockname() == path
        assert not sock.getblocking()
        assert connects(path)


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_its_mode_is_what_was_asked_for_whatever_the_umask(path: str, mode: int) -> None:
    before = os.umask(0o027)
    try:
        with listen_unix(UnixBind(path=path, mode=mode)):
            assert stat.S_IMODE(os.stat(path).st_mode) == mode
    finally:
        os.umask(before)


def test_its_mode_is_the_umasks_if_none_was_asked_for(path: str) -> None:
    before = os.umask(0o027)
    try:
        with listen_unix(UnixBind(path=path)):
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o750
    finally:
        os.umask(before)


def test_nobody_can_connect_before_the_mode_is_right(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    chmod = os.chmod

    def watched(name: str, mode: int) -> None:
        seen.append(connects(name))
        chmod(name, mode)

    monkeypatch.setattr(os, "chmod", watched)
    with listen_unix(UnixBind(path=path, mode=0o600)):
        assert seen == [False]


@pytest.mark.parametrize("by_name", [True, False])
def test_it_is_given_to_who_is_to_own_it(path: str, by_name: bool) -> None:
    user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(os.getgid())
    bind = UnixBind(
        path=path,
        user=user.pw_name if by_name else user.pw_uid,
        group=group.gr_name if by_name else group.gr_gid,
    )
    with listen_unix(bind):
        owned = os.stat(path)
        assert (owned.st_uid, owned.st_gid) == (user.pw_uid, group.gr_gid)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_one_of_the_two_can_be_given_away_alone(path: str) -> None:
    with listen_unix(UnixBind(path=path, user=12_345)):
        assert (os.stat(path).st_uid, os.stat(path).st_gid) == (12_345, os.getgid())
    with listen_unix(UnixBind(path=path, group=12_345)):
        assert (os.stat(path).st_uid, os.stat(path).st_gid) == (os.getuid(), 12_345)


# What is there already.


def test_a_stale_socket_is_replaced(path: str) -> None:
    with listen_unix(UnixBind(path=path)):
        pass
    assert not connects(path)
    with listen_unix(UnixBind(path=path)):
        assert connects(path)


@pytest.mark.parametrize("full", [False, True])
def test_a_socket_that_somebody_listens_at_is_not(path: str, full: bool) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen(0)
        clients = []
        if full:
            for _ in range(2):
                client = socket.socket(socket.AF_UNIX)
                client.setblocking(False)
                client.connect_ex(path)
                clients.append(client)
        with pytest.raises(OSError, match=f"^.*cannot listen on unix:{path}: Address") as caught:
            listen_unix(UnixBind(path=path))
        assert caught.value.errno == errno.EADDRINUSE
        assert identify(path) is not None
        for client in clients:
            client.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_nothing_else_is_ever_removed(path: str, kind: str, folder: Path) -> None:
    if kind == "file":
        Path(path).write_text("mine")
    elif kind == "folder":
        Path(path).mkdir()
    else:
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(folder / "other"))
        Path(path).symlink_to(folder / "other")
    before = identify(path)
    with pytest.raises(OSError, match="File exists"):
        listen_unix(UnixBind(path=path))
    assert identify(path) == before


def test_two_who_begin_at_once_do_so_one_after_the_other(folder: Path, path: str) -> None:
    # Whoever replaces a stale socket holds a lock on its folder meanwhile.
    opened: list[socket.socket] = []
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    other = threading.Thread(target=lambda: opened.append(listen_unix(UnixBind(path=path))))
    other.start()
    other.join(0.05)
    assert opened == []
    os.close(descriptor)
    other.join(60)
    with opened[0]:
        assert connects(path)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_will_do(folder: Path, path: str) -> None:
    folder.chmod(0o300)
    with listen_unix(UnixBind(path=path)):
        assert connects(path)
    folder.chmod(0o700)


# What goes wrong, and what is left.


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        (UnixBind(path="/no/such/folder/a"), "No such file or directory"),
        (UnixBind(path="/tmp/" + "a" * 200), "AF_UNIX path too long"),
        (UnixBind(path="/tmp/a\0b"), "embedded null"),
    ],
)
def test_what_cannot_be_had_is_an_os_error_that_names_it(bind: UnixBind, reason: str) -> None:
    count = count_sockets()
    with pytest.raises(OSError, match="cannot listen on unix:/.*" + reason) as caught:
        listen_unix(bind)
    assert caught.value.errno
    assert count_sockets() == count


def test_an_owner_who_does_not_exist_leaves_nothing_behind(path: str) -> None:
    count = count_sockets()
    with pytest.raises(OSError, match="no such user: 'nobody at all'"):
        listen_unix(UnixBind(path=path, user="nobody at all"))
    assert identify(path) is None
    assert count_sockets() == count


def test_a_path_is_removed_only_by_who_made_it(path: str) -> None:
    with listen_unix(UnixBind(path=path)):
        ours = identify(path)
        assert ours is not None
        os.rename(path, path + ".old")
        with listen_unix(UnixBind(path=path)):
            remove_socket(path, ours)
            assert connects(path)
        remove_socket(path + ".old", ours)
        assert identify(path + ".old") is None
    remove_socket(path + ".old", ours)


@pytest.mark.skipif(not Path("/proc").exists(), reason="abstract names are Linux's")
def test_an_abstract_name_has_no_file() -> None:
    name = f"tremolo-test-{os.getpid()}"
    with listen_unix(UnixBind(path="@" + name)) as sock:
        assert sock.getsockname() == b"\0" + name.encode()
        assert connects("\0" + name)
    assert not Path("@" + name).exists()
