"""The file that the workers of a program have for their locks."""

import sys
from pathlib import Path

import pytest

from tremolo.config import configure
from tremolo.lock_file import LockFile
from tremolo.shared_locks import share_locks


@pytest.mark.parametrize("platform", [sys.platform, "elsewhere"])
def test_workers_have_a_file_as_long_as_they_are_served(
    platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with share_locks(configure({"worker_num": 2})) as config:
        path = config.app.lock_file
        assert path is not None
        assert LockFile(path).try_lock(2**56 - 1)
        assert Path(path).exists()
    assert not Path(path).exists()


def test_a_single_process_needs_none() -> None:
    config = configure({"worker_num": 0})
    with share_locks(config) as same:
        assert same is config


def test_a_file_of_the_users_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "locks"
    path.touch()
    with share_locks(configure({"worker_num": 2, "lock_file": str(path)})) as config:
        assert config.app.lock_file == str(path)
    assert path.exists()
