"""The places that an application is to listen at."""

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tremolo import Application
from tremolo_core import Limits, Timeouts
from tremolo_transport.endpoints import Bind, UnixBind
from tremolo_transport.tls_settings import TLSSettings


def test_a_place_is_taken_once() -> None:
    app = Application()
    assert app.listen(8_001)
    assert app.listen(8_001, "127.0.0.2")
    assert not app.listen(8_001, request_timeout=5)
    assert app.ports == {(None, 8_001): {}, ("127.0.0.2", 8_001): {}}


@pytest.mark.parametrize("path", ["x", "x.sock", Path("x")])
def test_what_is_no_number_is_a_path(path: str | os.PathLike[str]) -> None:
    app = Application()
    assert app.listen(path)
    assert app.ports == {("x.sock", None): {}}
    [listener] = app._listeners(None, {})
    assert listener.endpoint == UnixBind(path="x.sock")


def test_digits_in_a_text_may_be_meant_as_a_port() -> None:
    app = Application()
    with pytest.raises(ValueError, match=r"'8001' is a text: .* of that name is '\./8001'$"):
        app.listen("8001")
    assert app.ports == {}
    assert app.listen("./8001")
    assert app.ports == {("./8001.sock", None): {}}


def test_without_a_host_it_is_that_of_the_run() -> None:
    app = Application()
    app.listen(8_001)
    app.listen(8_002, "127.0.0.2")
    for host, first in (("::1", "::1"), (None, "127.0.0.1")):
        endpoints = [each.endpoint for each in app._listeners(host, {})]
        assert endpoints == [Bind(host=first, port=8_001), Bind(host="127.0.0.2", port=8_002)]


def test_each_place_has_options_of_its_own_over_those_of_the_run() -> None:
    app = Application()
    app.listen(8_001, request_timeout="2.5", backlog=7)
    app.listen(8_002)
    run = {"request_timeout": 9, "client_max_header_size": 500, "loop": "trio"}
    own, other = app._listeners(None, run)
    assert own.endpoint == Bind(port=8_001, backlog=7)
    assert (own.timeouts, own.limits) == (Timeouts(head=2.5), Limits(head=500))
    assert (other.timeouts, other.limits) == (Timeouts(head=9.0), Limits(head=500))


def test_a_place_takes_the_options_of_the_other_tremolo() -> None:
    app = Application()
    app.listen(8_001, ssl={"cert": "c.pem"}, max_queue_size=2)
    app.listen(8_002)
    own, other = app._listeners(None, {})
    assert isinstance(own.tls, TLSSettings)
    assert own.tls.certificate == "c.pem"
    assert own.limits == Limits(read_ahead=2 * 16_384)
    assert (other.tls, other.limits) == (None, Limits())


@pytest.mark.parametrize("name", ["loop", "worker_num", "debug", "nothing"])
def test_what_one_place_cannot_have_is_refused(name: str) -> None:
    app = Application()
    with pytest.raises(TypeError, match=f"one place cannot have {name} of its own"):
        app.listen(8_001, None, **{name: 1})
    assert app.ports == {}


SCRIPT = """
import sys, tremolo
app = tremolo.Application()

@app.route("/")
async def hello(**server):
    return "hello"

if __name__ == "__main__":
    app.listen(0, "127.0.0.2", client_max_header_size=200)
    sub = tremolo.Application()
    sub.listen(sys.argv[1])
    app.mount("/sub", sub)
    app.run("127.0.0.1", worker_num=int(sys.argv[2]))
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_all_places_are_served_those_of_what_is_mounted_too(tmp_path: Path, workers: str) -> None:
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "script.py", "here", workers],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        try:
            assert process.stderr is not None
            urls: list[str] = []
            while len(urls) < 3:
                line = process.stderr.readline()
                assert line
                if "listening on" in line:
                    urls.append(line.split()[-1])
            assert urls[2] == "unix:here.sock"
            for url, status in ((urls[0], 200), (urls[1], 431)):
                host, port = url.removeprefix("http://").split(":")
                connection = http.client.HTTPConnection(host, int(port), timeout=60)
                connection.request("GET", "/", headers={"a": "b" * 300})
                assert connection.getresponse().status == status
                connection.close()
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert not (tmp_path / "here.sock").exists()
