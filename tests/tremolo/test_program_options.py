"""What a program is told besides its application."""

from tremolo.config import Option
from tremolo.program_options import PROGRAM_OPTIONS

from .configuring import Changes, assert_changes, each_of

CHANGES: Changes = {
    "loop": ("trio", {"loop": "trio"}),
    "factory": (True, {"factory": True}),
    "app_dir": ("x", {"app_dir": "x"}),
    "log_config": ("x.json", {"log_config": "x.json"}),
    "log_fmt": ("json", {"log_fmt": "json"}),
    "log_level": ("error", {"log_level": "ERROR"}),
}


@each_of(PROGRAM_OPTIONS)
def test_an_option_changes_what_it_says_and_nothing_else(option: Option, name: str) -> None:
    assert_changes(option, name, CHANGES)
