"""The table of options: each changes what it says and nothing else."""

import dataclasses
from typing import Any, get_args

import pytest

from tremolo.config import (
    OPTIONS,
    Config,
    ConfigError,
    LogLevel,
    Loop,
    Option,
    configure,
    defaults_of,
)
from tremolo.option_values import read_flag
from tremolo_asgi import LifespanMode
from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport import (
    Bind,
    ClientCertificates,
    DescriptorBind,
    Listener,
    TLSSettings,
    UnixBind,
)

from . import (
    test_app_options,
    test_limit_options,
    test_listening_options,
    test_program_options,
    test_proxy_options,
    test_tls_options,
    test_websocket_options,
    test_worker_options,
)
from .configuring import Changes, flat

BY_NAME = {option.name: option for option in OPTIONS}

CHANGES: Changes = {
    **test_app_options.CHANGES,
    **test_limit_options.CHANGES,
    **test_listening_options.CHANGES,
    **test_program_options.CHANGES,
    **test_proxy_options.CHANGES,
    **test_tls_options.CHANGES,
    **test_websocket_options.CHANGES,
    **test_worker_options.CHANGES,
}


def test_each_option_is_in_one_table_whose_test_tries_it() -> None:
    names = [name for option in OPTIONS for name in option.names]
    assert sorted(names) == sorted(set(names))
    assert set(names) == set(CHANGES)


def test_nothing_told_is_the_default() -> None:
    assert configure({}) == Config()


@pytest.mark.parametrize(
    ("name", "needed"),
    [("limit_max_requests_jitter", "limit_max_requests"), ("reload_dir", "reload")],
)
def test_what_only_says_more_about_another_is_refused_alone(name: str, needed: str) -> None:
    with pytest.raises(ConfigError, match=f"says nothing without {needed}"):
        configure({name: CHANGES[name][0]})


def test_all_can_be_told_at_once() -> None:
    names = [option.name for option in OPTIONS if option.name not in ("host", "port")]
    told = {name: CHANGES[name][0] for name in names}
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
    assert bool(option.unit) is (option.read is not read_flag)
    assert defaults_of(option) == tuple(flat(Config())[field] for field in option.fields)
    for spelling in option.spellings:
        assert spelling.flag == "--" + spelling.name.replace("_", "-")


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


def test_what_is_told_of_all_endpoints_completes_each() -> None:
    own = UnixBind(path="/own", mode=0o600, user=2, group="two", backlog=6)
    config = configure(
        {
            "bind": ["a:1", "/b", own, "fd://3"],
            "backlog": 5,
            "unix_mode": "666",
            "unix_user": "1",
            "unix_group": "one",
        }
    )
    assert config.binds == (
        Bind(host="a", port=1, backlog=5),
        UnixBind(path="/b", mode=0o666, user=1, group="one", backlog=5),
        own,
        DescriptorBind(descriptor=3),
    )
    assert [listener.endpoint for listener in config.listeners] == list(config.binds)


def test_a_listener_of_ones_own_is_told_everything_already() -> None:
    own = Listener(endpoint=Bind(port=1))
    config = configure({"bind": [own, "a:2"], "backlog": 5, "proxy_headers": False})
    assert config.listeners[0] is own
    assert config.listeners[1].endpoint == Bind(host="a", port=2, backlog=5)
    assert config.listeners[1].forwarding.trusted == TrustedProxies()


def test_untold_a_listener_is_what_it_is_in_the_transport() -> None:
    assert configure({}).listeners == (Listener(endpoint=Bind(port=8_000)),)


def test_with_a_certificate_all_listeners_speak_tls_but_those_that_are_told_not_to() -> None:
    config = configure(
        {
            "ssl_cert": "cert",
            "ssl_key": "key",
            "ssl_ca_certs": "ca",
            "ssl_cert_reqs": "optional",
            "ssl_handshake_timeout": 1,
            "proxy_protocol": True,
            "proxy_allow_from": "192.0.2.1",
            "proxy_timeout": 2,
            "bind": "a:1",
            "insecure_bind": "b:2",
        }
    )
    tls = TLSSettings(
        certificate="cert",
        key="key",
        client_ca="ca",
        client_certificates=ClientCertificates.OPTIONAL,
    )
    secured = Listener(
        endpoint=Bind(host="a", port=1),
        tls=tls,
        handshake_timeout=1.0,
        proxy_protocol=TrustedProxies.parse("192.0.2.1"),
        proxy_timeout=2.0,
    )
    plain = dataclasses.replace(secured, endpoint=Bind(host="b", port=2), tls=None)
    assert config.listeners == (secured, plain)


@pytest.mark.parametrize(
    ("told", "option", "reason"),
    [
        ({"ssl_key": "k"}, "ssl_key", "says nothing without --ssl-cert"),
        ({"keyfile": "k"}, "keyfile", "says nothing without --ssl-cert"),
        (
            {"ssl_cert": "c", "ssl_cert_reqs": "required"},
            "ssl_cert_reqs",
            "needs --ssl-ca-certs",
        ),
        ({"ssl_certfile": "c", "ca_certs": "d"}, "ca_certs", "needs --ssl-cert-reqs"),
    ],
)
def test_what_is_told_of_tls_must_fit_together(
    told: dict[str, object], option: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        configure(told)
    assert caught.value.option == option


@pytest.mark.parametrize("name", ["host", "port"])
def test_binds_and_an_address_exclude_each_other(name: str) -> None:
    with pytest.raises(ConfigError, match="host and port already") as caught:
        configure({"bind": "a:1", name: CHANGES[name][0]})
    assert caught.value.option == "bind"


def test_what_is_said_twice_is_refused_unless_it_adds_up() -> None:
    with pytest.raises(ConfigError, match="says what keepalive_timeout says too") as caught:
        configure({"keepalive_timeout": 1, "timeout_keep_alive": 1})
    assert caught.value.option == "timeout_keep_alive"
    assert caught.value.wanted is None


def test_a_wrong_value_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        configure({"port": "x"})
    assert str(caught.value) == "port: must be a number from 0 to 65535, not 'x'"
    assert caught.value.option == "port"
    assert caught.value.reason == "must be a number from 0 to 65535, not 'x'"
    assert caught.value.wanted == "a number from 0 to 65535"


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
