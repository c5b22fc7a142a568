"""The command line as a process of its own: it serves, or says in one line why it does not."""

import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tremolo import __version__
from tremolo.__main__ import main
from tremolo.config import OPTIONS

LOOPS = ("asyncio", "uvloop", "trio")

ASGI = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ASGI " + scope["path"].encode()})
"""

FRAMEWORK = """
from tremolo import Tremolo

app = Tremolo()

@app.route("/hello")
async def hello(**server):
    return "Hello world!", "latin-1"
"""

FAILS = """
async def app(scope, receive, send):
    await receive()
    raise ValueError("no database")
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with some applications in it."""
    for name, source in (("example", ASGI), ("framework", FRAMEWORK), ("fails", FAILS)):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import not_there\n", encoding="utf-8")
    (tmp_path / "wrong.py").write_text("app = (\n", encoding="utf-8")
    (tmp_path / "raises.py").write_text("raise ValueError('oops')\n", encoding="utf-8")
    (tmp_path / "plain.py").write_text("app = {'a': 1}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def _here(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """That directory is the current one, and what is imported is forgotten."""
    monkeypatch.chdir(directory)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    level = logging.getLogger("tremolo").level
    yield
    logging.getLogger("tremolo").setLevel(level)
    # The house's own modules stay: of their classes there is to be one.
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(directory)):
            del sys.modules[name]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tremolo", *arguments]


@contextlib.contextmanager
def served(directory: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running program, and the URL that it says it listens on."""
    with subprocess.Popen(
        command(*arguments),
        cwd=directory,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if found := re.search(r"listening on (http://\S+)", line):
                    yield process, found[1]
                    break
            else:
                pytest.fail("it ended and did not listen")
        finally:
            process.kill()


def refused(directory: Path, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code and the standard error of a program that does not serve."""
    ended = subprocess.run(
        command(*arguments),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


# Each loop and each kind of name, but not each with each: a program takes long to start.
@pytest.mark.parametrize(
    ("target", "body", "loop"),
    [
        ("example:app", "ASGI /hello", "asyncio"),
        ("example.py", "ASGI /hello", "trio"),
        ("framework:app", "Hello world!", "uvloop"),
        ("framework.py:app", "Hello world!", "asyncio"),
    ],
)
def test_it_serves_either_kind_of_application_until_a_signal(
    directory: Path, target: str, body: str, loop: str
) -> None:
    with served(directory, "--bind", "127.0.0.1:0", "--loop", loop, target) as (process, url):
        with httpx.Client(trust_env=False) as client:
            assert client.get(f"{url}/hello").text == body
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_the_application_may_stand_anywhere_and_flags_may_have_an_equals_sign(
    directory: Path,
) -> None:
    for arguments in (
        ("example", "--host", "127.0.0.1", "--port=0"),
        ("--host=127.0.0.1", "example", "--port", "0"),
        ("--port=0", "--server-name=", "example"),
    ):
        with served(directory, *arguments) as (_, url), httpx.Client(trust_env=False) as client:
            response = client.get(url)
            assert response.text == "ASGI /"
            assert ("server" in response.headers) is ("--server-name=" not in arguments)


def test_several_addresses(directory: Path) -> None:
    with served(
        directory, "--bind", "127.0.0.1:0,127.0.0.2:0", "--bind=127.0.0.3:0", "example"
    ) as (process, url):
        assert process.stderr is not None
        urls = [url, *(process.stderr.readline().split()[-1] for _ in range(2))]
        with httpx.Client(trust_env=False) as client:
            assert [client.get(each).text for each in urls] == ["ASGI /"] * 3
        assert [each.rpartition(":")[0] for each in urls] == [
            f"http://127.0.0.{n}" for n in (1, 2, 3)
        ]


def test_nothing_is_said_below_the_log_level(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = refused(directory, "--log-level", "critical", f"--port={port}", "example")
    assert (code, output.splitlines()) == (
        1,
        [f"tremolo: cannot listen on 127.0.0.1:{port}: Address already in use"],
    )


@pytest.mark.usefixtures("_here")
def test_a_syntax_error_is_shown_before_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("wrong.py", "--worker-num=0")) == 1
    *shown, line = capsys.readouterr().err.splitlines()
    assert "    app = (" in shown
    assert "Traceback" not in "".join(shown)
    assert line.startswith("tremolo: cannot load 'wrong.py': '(' was never closed (")


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((), 1, 'You must specify APP. Use "--help" for help'),
        (("--speed", "1", "example"), 1, 'Unrecognized option "--speed". Use "--help" for help'),
        (("example", "--speed=1"), 1, 'Unrecognized option "--speed". Use "--help" for help'),
        (("example", "another"), 1, '"another" is one argument too many behind APP, "example"'),
        (("--por", "1", "example"), 1, 'Unrecognized option "--por"'),
        (("example", "--port"), 1, "argument --port: expected one argument"),
        (("--port", "x", "example"), 1, 'Invalid --port value "x". It must be a number from 0'),
        (("--port", "-1", "example"), 1, 'Invalid --port value "-1". It must be a number from 0'),
        (("--loop", "twisted", "example"), 1, 'Invalid --loop value "twisted". It must be one of'),
        (("--bind", "::1:8000", "example"), 1, 'Invalid --bind value "::1:8000". It must be HOST'),
        (("--bind", "a:1", "--port", "1", "example"), 1, "--bind says host and port already"),
        (("--request-timeout", "soon", "example"), 1, 'Invalid --request-timeout value "soon". '),
        (("--timeout-keep-alive=x", "example"), 1, 'Invalid --timeout-keep-alive value "x". It '),
        (("--debug=1", "example"), 1, "argument --debug/--no-debug: ignored explicit argument"),
        (("missing:app",), 1, "cannot load 'missing': there is no module 'missing' in "),
        (("missing.py",), 1, "cannot load 'missing.py': there is no such file"),
        (("example:other",), 1, "cannot load 'example:other': there is no 'other' in 'example'"),
        (("plain:app",), 1, "'plain:app' is no application, but of type dict"),
        (("broken",), 1, "cannot load 'broken': an import in it failed: No module named 'not_the"),
        (("--env-file=none", "example"), 1, "cannot read the variables in 'none': [Errno 2] "),
        (
            ("--env-file=broken.py", "example"),
            1,
            "cannot read the variables in 'broken.py': line 1",
        ),
        (("--host", "192.0.2.1", "example"), 1, "cannot listen on 192.0.2.1:8000: "),
    ],
)
def test_a_refusal_is_one_line(
    arguments: tuple[str, ...], code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main((*arguments, "--worker-num=0")) == code
    output, errors = capsys.readouterr()
    *shown, line = errors.splitlines()
    assert line.startswith(f"tremolo: {text}")
    # Before it comes, for a mistake in the code, the code.
    assert bool(shown) is (arguments == ("wrong.py",))
    assert not any(text.startswith("Traceback") for text in shown)
    assert output == ""


@pytest.mark.parametrize("loop", ["uvloop", "trio"])
def test_a_missing_extra_is_one_line(directory: Path, loop: str) -> None:
    missing = directory / "without"
    missing.mkdir()
    (missing / "sitecustomize.py").write_text(f"import sys\nsys.modules[{loop!r}] = None\n")
    path = os.pathsep.join(filter(None, [str(missing), os.environ.get("PYTHONPATH")]))
    code, output = refused(directory, "--loop", loop, "example", env={"PYTHONPATH": path})
    assert output.splitlines() == [
        f"tremolo: {loop} is not installed: pip install 'tremolo-anyio[{loop}]'"
    ]
    assert code == 1


@pytest.mark.parametrize("loop", LOOPS)
def test_a_failed_start_up_is_its_traceback(directory: Path, loop: str) -> None:
    code, output = refused(directory, "--port=0", "--loop", loop, "fails:app")
    assert output.startswith("Traceback (most recent call last):\n")
    assert 'fails.py", line 4, in app\n' in output
    assert output.splitlines()[-2:] == [
        "ValueError: no database",
        "tremolo: the application raised ValueError: no database during start-up",
    ]
    assert code == 3


@pytest.mark.usefixtures("_here")
def test_a_module_that_raises_is_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["raises:app", "--worker-num=0"])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('raises.py", line 1, in <module>')
    assert lines[-2:] == [
        "ValueError: oops",
        "tremolo: cannot load 'raises': it raised ValueError",
    ]
    assert code == 3


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import tremolo", {"asyncio", "anyio", "tremolo.application", "tremolo_transport"}),
        (
            # What the program that watches over workers has imported.
            "import tremolo.__main__",
            {
                *("asyncio", "anyio._backends", "trio", "h11", "wsproto", "tremolo.application"),
                *("tremolo_asgi.handler", "tremolo_core.connection", "tremolo_transport.server"),
                *("json", "logging.config"),
            },
        ),
        # What a worker that serves an ASGI application has imported.
        (
            "import tremolo.process, tremolo_asgi; tremolo_asgi.AsgiHandler",
            {
                *("h11", "wsproto", "tremolo.application", "tremolo.dispatcher", "trio"),
                *("datetime", "email"),
            },
        ),
    ],
)
def test_nobody_waits_for_what_he_does_not_need(code: str, unwanted: set[str]) -> None:
    told = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    loaded = subprocess.run(told, capture_output=True, text=True, check=True).stdout.split()
    assert "tremolo" in loaded
    assert unwanted.isdisjoint(loaded)


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"tremolo {__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_help_has_every_option_with_its_default(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([flag]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    for option in OPTIONS:
        assert f"  {option.flag}{' ' + option.unit if option.unit else ''}" in output
    told = " ".join(output.split())
    for default in ("127.0.0.1", "8000", "asyncio", "auto", "65536", "30", "75", "Tremolo"):
        assert f"(default: {default})" in told


def test_it_is_the_command_of_the_distribution(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["tremolo", "--version"])
    assert main() == 0
    assert capsys.readouterr().out == f"tremolo {__version__}\n"


def test_options_reach_the_server(directory: Path) -> None:
    with (
        served(directory, "--port=0", "--client-max-header-size=200", "example") as (_, url),
        httpx.Client(trust_env=False) as client,
    ):
        assert client.get(url, headers={"a": "b" * 300}).status_code == 431


@pytest.mark.parametrize("worker_num", ["0", "1"])
def test_variables_of_a_file_are_there_before_the_application(
    directory: Path, worker_num: str
) -> None:
    (directory / "reads.py").write_text(
        "import os\nfrom tremolo import Tremolo\napp = Tremolo()\n"
        "GREETING = os.environ['GREETING']\n"
        "@app.route('/')\nasync def greet(**server):\n    return GREETING\n",
        encoding="utf-8",
    )
    (directory / "x.env").write_text("GREETING='hello, file'\n", encoding="utf-8")
    arguments = ("--port=0", "--env-file=x.env", "--worker-num", worker_num, "reads")
    with served(directory, *arguments) as (_, url), httpx.Client(trust_env=False) as client:
        assert client.get(url).text == "hello, file"
