"""How the lines of a program's log look."""

import json
import logging
import subprocess
import sys
from pathlib import Path

from tremolo.log_setup import JsonFormatter, LineFormatter

SAYS = """
import logging, sys
from tremolo.config import configure
from tremolo.log_setup import set_up_logging
set_up_logging(configure({options!r}))
logging.getLogger("tremolo.x").info("hello")
logging.getLogger("tremolo.x").debug("quiet")
"""


def said(**options: object) -> str:
    code = SAYS.format(options=options)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr


def test_by_default_a_line_says_when_and_who() -> None:
    assert said().endswith("] INFO tremolo.x: hello\n")
    assert said(log_level="error") == ""
    assert "quiet" in said(debug=True)


def test_a_format_of_ones_own() -> None:
    assert said(log_fmt="%(levelname)s %(message)s") == "INFO hello\n"


def test_json_is_one_object_a_line() -> None:
    assert json.loads(said(log_fmt="json"))["message"] == "hello"


def test_a_file_may_say_it_all(tmp_path: Path) -> None:
    told = {
        "version": 1,
        "formatters": {"plain": {"format": "<%(message)s>"}},
        "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"level": "DEBUG", "handlers": ["err"]},
    }
    path = tmp_path / "log.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    assert said(log_config=str(path)) == "<hello>\n<quiet>\n"
    ini = tmp_path / "log.ini"
    ini.write_text(
        "[loggers]\nkeys=root\n[handlers]\nkeys=err\n[formatters]\nkeys=plain\n"
        "[logger_root]\nlevel=INFO\nhandlers=err\n"
        "[handler_err]\nclass=StreamHandler\nformatter=plain\nargs=()\n"
        "[formatter_plain]\nformat=(%(message)s)\n",
        encoding="utf-8",
    )
    assert said(log_config=str(ini)) == "(hello)\n"


def test_json_has_what_was_added_to_a_record_and_its_traceback() -> None:
    try:
        raise ValueError("oops\n")
    except ValueError:
        record = logging.getLogger("a").makeRecord(
            "a", logging.ERROR, "", 0, "b %s", ("c",), sys.exc_info(), extra={"status": 200}
        )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "a", "b c")
    assert told["status"] == 200
    assert told["exception"].endswith("ValueError: oops\n")
    assert told["time"].endswith("+00:00")
    assert set(told) == {"time", "level", "logger", "message", "status", "exception"}


def record(created: float, **more: object) -> logging.LogRecord:
    told = {"name": "a.b", "levelname": "INFO", "msg": "%s\nis", "args": ("this",), **more}
    return logging.makeLogRecord(
        {**told, "created": created, "msecs": int(created % 1 * 1_000) + 0.0}
    )


def test_the_default_format_is_as_logging_makes_it() -> None:
    usual = logging.Formatter("[%(asctime)s] %(levelname)s %(name)s: %(message)s")
    ours = LineFormatter()
    try:
        raise ValueError("on purpose")
    except ValueError:
        failed = sys.exc_info()
    for one in (
        record(1_800_000_000.25),
        record(1_800_000_000.007),
        record(1_800_000_001.999),
        record(1_700_000_000),
        record(1_700_000_000, exc_info=failed),
        record(1_700_000_000, stack_info="Stack:"),
    ):
        assert ours.format(one) == usual.format(one)
