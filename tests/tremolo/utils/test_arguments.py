"""The command line of a program with options of its own."""

from typing import Any

import pytest

from tremolo.utils import parse_args


def parsed(monkeypatch: pytest.MonkeyPatch, line: str, **callbacks: Any) -> dict[str, Any]:
    monkeypatch.setattr("sys.argv", ["program", *line.split()])
    return parse_args(**callbacks)


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", {}),
        ("app:app", {}),
        ("--host 192.0.2.1 --port 99 app:app", {"host": "192.0.2.1", "port": 99}),
        ("app:app --debug", {"debug": True}),
        ("--no-debug", {"debug": False}),
        ("--request-timeout 5", {"request_timeout": 5}),
        ("--loop trio", {"loop": "trio"}),
        ("--ssl-cert a --ssl-key b", {"ssl": {"cert": "a", "key": "b"}}),
    ],
)
def test_options_of_the_server(
    monkeypatch: pytest.MonkeyPatch, line: str, options: dict[str, Any]
) -> None:
    assert parsed(monkeypatch, line) == {"host": "127.0.0.1", "port": 8000, "ssl": {}, **options}


def test_options_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    def mine(value: str, options: dict[str, Any]) -> None:
        told.append((value, options["port"]))
        options["mine"] = value

    assert parsed(monkeypatch, "--port 5 --mine x app", mine=mine)["mine"] == "x"
    assert told == [("x", 5)]
    with pytest.raises(SystemExit) as caught:
        parsed(monkeypatch, "--version", version=lambda value, options: 7)
    assert caught.value.code == 7


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--bad x", 'Unrecognized option "--bad"\n'),
        ("--no-port", 'Unrecognized option "--no-port"\n'),
        ("--port x app", 'Invalid --port value "x". It must be '),
        ("--port", 'Invalid --port value "". It must be '),
    ],
)
def test_what_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed(monkeypatch, line)
    assert caught.value.code == 1
    assert capsys.readouterr().err.startswith(message)
