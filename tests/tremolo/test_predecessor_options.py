"""What applications for nggit/tremolo tell `run` and `listen`."""

from typing import Any

import pytest

from tremolo.predecessor_options import split_unknown, translated


@pytest.mark.parametrize("told", [None, {}])
def test_no_tls(told: object) -> None:
    assert translated({"ssl": told, "backlog": 5}) == {"backlog": 5}


def test_tls_in_one_mapping() -> None:
    told = {"cert": "c.pem", "key": "k.pem", "password": "x"}
    expected = {"ssl_cert": "c.pem", "ssl_key": "k.pem", "ssl_keyfile_password": "x"}
    assert translated({"ssl": told}) == expected
    assert translated({"ssl": {"cert": "c.pem", "password": None}}) == {"ssl_cert": "c.pem"}


@pytest.mark.parametrize("told", [True, "c.pem", {"certificate": "c.pem"}])
def test_other_things_about_tls_are_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"^ssl: must be a mapping of cert, key, password, not "):
        translated({"ssl": told})


def test_a_queue_of_pieces_is_a_number_of_bytes_that_are_read_ahead() -> None:
    assert translated({"max_queue_size": 8}) == {"read_ahead": 8 * 16_384}
    told = {"max_queue_size": 8, "buffer_size": 10}
    assert translated(told) == {"read_ahead": 80, "buffer_size": 10}


@pytest.mark.parametrize("told", [0, -1, True, "many", None])
def test_a_queue_has_a_size(told: object) -> None:
    with pytest.raises(ValueError, match=r"^max_queue_size: must be a number, at least 1, not "):
        translated({"max_queue_size": told})


def test_a_queue_is_told_once() -> None:
    with pytest.raises(ValueError, match=r"^max_queue_size: says what read_ahead says too"):
        translated({"max_queue_size": 8, "read_ahead": 5})


def test_what_was_an_experiment_is_so_always() -> None:
    assert translated({"experimental": True}) == {}
    with pytest.raises(ValueError, match=r"^experimental: must be True"):
        translated({"experimental": False})


@pytest.mark.parametrize(("name", "instead"), [("app", "app.mount")])
def test_what_means_nothing_is_refused_with_what_means_something(name: str, instead: str) -> None:
    options: dict[str, Any] = {name: 5}
    with pytest.raises(TypeError, match=f"^there is no option {name}: .*{instead}"):
        translated(options)


def test_what_nobody_knows_is_the_applications_own() -> None:
    known = {"backlog", "worker_num"}
    told = {"backlog": 5, "shared": [1]}
    assert split_unknown(told, known) == ({"backlog": 5}, {"shared": [1]})


@pytest.mark.parametrize("name", ["workers_num", "back_log"])
def test_what_is_almost_known_is_a_mistake(name: str) -> None:
    with pytest.raises(TypeError, match=f"^there is no option {name}; did you mean "):
        split_unknown({name: 1}, {"backlog", "worker_num"})
