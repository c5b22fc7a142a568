"""The table of options: each changes what it says and nothing else."""

import dataclasses
from typing import Any, get_args

import pytest

from tremolo.config import OPTIONS, Config, ConfigError, LogLevel, Loop, Option, configure
from tremolo_asgi import LifespanMode
from tremolo_transport import Bind

BY_NAME = {option.name: option for option in OPTIONS}

CHANGES: dict[str, tuple[object, dict[str, object]]] = {
    "bind": ("[::1]:1,:2", {"bind": (Bind(host="::1", port=1), Bind(host="", port=2))}),
    "host": ("::1", {"host": "::1"}),
    "port": ("1", {"port": 1}),
    "loop": ("trio", {"loop": "trio"}),
    "log_level": ("error", {"log_level": "ERROR"}),
    "debug": (True, {"app.debug": True}),
    "root_path": ("/api", {"root_path": "/api"}),
    "lifespan": ("off", {"lifespan": "off"}),
    "client_max_body_size": (
        "9",
        {"server.limits.body": 9, "app.client_max_body_size": 9},
    ),
    "client_max_header_size": ("9", {"server.limits.head": 9}),
    "request_timeout": ("1.5", {"server.timeouts.head": 1.5}),
    "keepalive_timeout": ("1.5", {"server.timeouts.keep_alive": 1.5}),
    "shutdown_timeout": ("1.5", {"server.shutdown": 1.5}),
    "server_name": ("x", {"server.server_name": b"x"}),
}
"""For each option a text that is not its default, and what changes with it."""


def flat(thing: Any, prefix: str = "") -> dict[str, object]:
    """All the fields of a value, those of its values too, with dots between."""
    found: dict[str, object] = {}
    for field in dataclasses.fields(thing):
        content = getattr(thing, field.name)
        if dataclasses.is_dataclass(content):
            found.update(flat(content, f"{prefix}{field.name}."))
        else:
            found[prefix + field.name] = content
    return found


@pytest.mark.parametrize("name", BY_NAME)
def test_an_option_changes_what_it_says_and_nothing_else(name: str) -> None:
    told, changes = CHANGES[name]
    before, after = flat(Config()), flat(configure({name: told}))
    assert {field: after[field] for field in after if after[field] != before[field]} == changes
    assert set(BY_NAME[name].fields) == set(changes)


def test_nothing_told_is_the_default() -> None:
    assert configure({}) == Config()


def test_all_can_be_told_at_once() -> None:
    told = {name: text for name, (text, _) in CHANGES.items() if name not in ("host", "port")}
    config = configure(told)
    assert flat(config) == {
        **flat(Config()),
        **{field: content for name in told for field, content in CHANGES[name][1].items()},
    }


def test_values_are_as_good_as_texts() -> None:
    config = configure({"port": 1, "shutdown_timeout": 2, "client_max_body_size": None})
    assert (config.port, config.server.shutdown, config.server.limits.body) == (1, 2.0, None)
    assert config.app.client_max_body_size is None


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_option_can_be_explained(option: Option) -> None:
    assert option.flag == "--" + option.name.replace("_", "-")
    assert option.help
    assert "%" not in option.help, "argparse would take it for a format"
    assert bool(option.unit) is (option.name != "debug")
    assert option.defaults == tuple(flat(Config())[field] for field in option.fields)


def test_where_it_listens() -> None:
    assert configure({}).binds == (Bind(host="127.0.0.1", port=8_000),)
    assert configure({"host": "::1"}).binds == (Bind(host="::1", port=8_000),)
    assert configure({"bind": "a:1,b:2"}).binds == (
        Bind(host="a", port=1),
        Bind(host="b", port=2),
    )


@pytest.mark.parametrize(
    ("told", "level"),
    [
        ({}, "INFO"),
        ({"debug": True}, "DEBUG"),
        ({"debug": True, "log_level": "ERROR"}, "ERROR"),
        ({"log_level": "warning"}, "WARNING"),
    ],
)
def test_what_is_logged(told: dict[str, object], level: LogLevel) -> None:
    assert configure(told).threshold == level


@pytest.mark.parametrize("name", ["host", "port"])
def test_binds_and_an_address_exclude_each_other(name: str) -> None:
    with pytest.raises(ConfigError, match="host and port already") as caught:
        configure({"bind": "a:1", name: CHANGES[name][0]})
    assert caught.value.option == "bind"


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        configure({"port": "x"})
    assert str(caught.value) == "port: must be a number from 0 to 65535, not 'x'"
    assert caught.value.option == "port"
    assert caught.value.reason == "must be a number from 0 to 65535, not 'x'"


def test_an_unknown_option_is_named_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match=r"^speed: there is no such option; there are bind, host"):
        configure({"speed": 1})


@pytest.mark.parametrize(
    ("name", "choices"), [("loop", Loop), ("lifespan", LifespanMode), ("log_level", LogLevel)]
)
def test_all_choices_are_taken_and_named_in_the_help(name: str, choices: Any) -> None:
    for choice in get_args(choices):
        assert getattr(configure({name: choice}), name) == choice
        assert choice in BY_NAME[name].help
