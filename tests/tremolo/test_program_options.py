"""What a program is told besides its application."""

import pytest

from tremolo.config import ConfigError, Option, configure
from tremolo.program_options import PROGRAM_OPTIONS

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "loop": ("trio", {"loop": "trio"}),
    "factory": (True, {"factory": True}),
    "app_dir": ("x", {"app_dir": "x"}),
    "env_file": ("x.env", {"env_file": "x.env"}),
    "log_config": ("x.json", {"log_config": "x.json"}),
    "log_fmt": ("json", {"log_fmt": "json"}),
    "log_level": ("error", {"log_level": "ERROR"}),
}


@each_of(PROGRAM_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)


@pytest.mark.parametrize(
    ("told", "loop"),
    [
        ("asyncio.SelectorEventLoop", "asyncio"),
        ("asyncio.new_event_loop", "asyncio"),
        ("uvloop.Loop", "uvloop"),
        ("uvloop.new_event_loop", "uvloop"),
        ("Trio", "trio"),
    ],
)
def test_a_loop_may_be_told_by_its_class(told: str, loop: str) -> None:
    assert configure({"loop": told}).loop == loop


@pytest.mark.parametrize("told", ["asyncio.ProactorEventLoop", "mine.Loop", 5])
def test_another_loop_is_refused(told: object) -> None:
    with pytest.raises(ConfigError, match=r"^loop: must be one of asyncio, uvloop, trio, not "):
        configure({"loop": told})
