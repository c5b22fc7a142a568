"""The routes of an application, for people."""

from pathlib import Path

import pytest

from tremolo import Tremolo
from tremolo.__main__ import main
from tremolo.route_listing import route_table


async def handler() -> str:
    return "hello"


class View:
    async def get(self) -> str:
        return "view"


def test_a_line_for_each_route_in_their_order() -> None:
    app, sub = Tremolo(), Tremolo()
    app.add_route(handler, "/")
    app.get("/items/{id:int}", name="item")(lambda id: str(id))
    sub.route("/x", methods=["PUT", "POST"])(handler)
    sub.add_route(handler, r"^/y\d")
    app.mount("/sub", sub)
    app.add_route(View, "/view")
    lines = [line.split() for line in route_table(app).splitlines()]
    assert [line[:-1] for line in lines[:5]] == [
        ["METHODS", "PATH", "NAME"],
        ["*", "/", "handler"],
        ["GET", "/items/{id:int}", "item"],
        ["POST,PUT", "/sub/x", "handler"],
        ["*", "/sub", r"^/y\d", "handler"],
    ]
    assert lines[5] == ["GET", "/view", "View", f"{__name__}.View.get"]
    assert lines[1][-1] == f"{__name__}.handler"


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "listed.py"
    file.write_text(
        "from tremolo import Tremolo\n"
        "app = Tremolo()\n"
        "@app.get('/hello')\n"
        "async def hello(): return 'hello'\n"
        "other = 5\n",
        encoding="utf-8",
    )
    assert main(["routes", f"{file}:app"]) == 0
    assert capsys.readouterr().out == (
        "METHODS  PATH    NAME   HANDLER\nGET      /hello  hello  listed.hello\n"
    )
    assert main(["routes", f"{file}:other"]) == 1
    assert "is no Tremolo application" in capsys.readouterr().err
    assert main(["routes", f"{file}:none"]) == 1
    assert "there is no 'none'" in capsys.readouterr().err


def test_an_application_that_cannot_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "failing_listed.py"
    file.write_text("raise ValueError('the reason')\n", encoding="utf-8")
    assert main(["routes", str(file)]) == 3
    assert "ValueError: the reason" in capsys.readouterr().err
