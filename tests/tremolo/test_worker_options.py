"""How many processes serve, and when one is replaced, as it is told."""

import os

import pytest

from tremolo.config import ConfigError, Option, configure
from tremolo.worker_options import NEED_WORKERS, WORKER_OPTIONS

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "worker_num": ("3", {"workers.number": 3}),
    "workers": ("3", {"workers.number": 3}),
    "reload": (True, {"reload": True}),
    "reload_dir": (["a", "b"], {"reload_dir": ("a", "b")}),
    "reuse_port": (False, {"workers.reuse_port": False}),
    "limit_memory": ("9", {"workers.limit_memory": 9}),
    "limit_max_requests": ("9", {"workers.limit_requests": 9}),
    "limit_max_requests_jitter": ("9", {"workers.limit_requests_jitter": 9}),
    "worker_healthcheck_timeout": ("1.5", {"workers.healthcheck": 1.5}),
    "timeout_worker_healthcheck": ("1.5", {"workers.healthcheck": 1.5}),
}

BESIDE: dict[str, dict[str, object]] = {
    "limit_max_requests_jitter": {"limit_max_requests": 5},
    "reload_dir": {"reload": True},
}
"""What must be told too for some to say anything."""


@each_of(WORKER_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES, beside=BESIDE.get(name))


@pytest.mark.parametrize("told", ["-1", -1])
def test_a_negative_number_is_one_for_each_processor(told: object) -> None:
    assert configure({"worker_num": told}).workers.number == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("name", ["limit_memory", "limit_max_requests"])
def test_nought_is_no_limit(name: str) -> None:
    assert configure({name: 0}) == configure({})


@pytest.mark.parametrize("name", sorted(NEED_WORKERS))
def test_what_only_workers_have_is_refused_without_them(name: str) -> None:
    with pytest.raises(ConfigError, match=": needs a worker process"):
        configure({"worker_num": 0, name: CHANGES[name][0], **BESIDE.get(name, {})})
