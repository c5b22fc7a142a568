"""A browser's own EventSource, WebSocket, FormData and fetch. `nox -s browser` runs it."""

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.load.conftest import LOOPS
from tests.load.running import running

from .chromium import CHROMIUM, Page, browsing

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(
        os.environ.get("TREMOLO_BROWSER") is None,
        reason="a browser takes its time: `nox -s browser` starts one",
    ),
    pytest.mark.skipif(
        importlib.util.find_spec("websockets") is None, reason="websockets is not installed"
    ),
]


@pytest.fixture(scope="module", params=LOOPS)
def page(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    directory: Path = tmp_path_factory.mktemp("chromium")
    with (
        running(request.param, module="tests.browser.site") as program,
        browsing(directory) as page,
    ):
        page.open(f"http://127.0.0.1:{program.port}/")
        yield page


def test_a_page(page: Page) -> None:
    assert page.run("return document.title + document.body.innerText") == "TremoloHello"


def test_events_go_on_where_they_stopped(page: Page) -> None:
    seen = page.run("""
        const source = new EventSource("/events"), seen = [];
        return await new Promise(resolve => {
            source.addEventListener("tick", event => {
                seen.push([event.data, event.lastEventId]);
                if (seen.length == 7) { source.close(); resolve(seen); }
            });
        });
    """)
    assert seen == [[f"{number}\n{number}", str(number)] for number in range(1, 8)]


def test_the_handler_is_told_when_the_browser_leaves(page: Page) -> None:
    assert (
        page.run("""
        const before = Number(await (await fetch("/gone")).text());
        const source = new EventSource("/forever");
        await new Promise(resolve => source.onmessage = resolve);
        source.close();
        while (Number(await (await fetch("/gone")).text()) == before) {}
        return "told";
    """)
        == "told"
    )


WEBSOCKET = """
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/echo%s", %s);
    socket.binaryType = "arraybuffer";
    const heard = [];
    return await new Promise(resolve => {
        socket.onopen = () => { %s };
        socket.onmessage = event => heard.push(
            typeof event.data == "string" ? event.data : [...new Uint8Array(event.data)]
        );
        socket.onclose = event => resolve(
            [socket.protocol, heard.map(one => one.length > 9 ? one.length : one),
             event.code, event.reason, event.wasClean]
        );
    });
"""


def websocket(page: Page, script: str, *, query: str = "", protocols: str = "[]") -> Any:
    return page.run(WEBSOCKET % (query, protocols, script))


def test_messages(page: Page) -> None:
    script = """
        for (const message of ["", "ü", "x".repeat(100000), new Uint8Array([0, 255])])
            socket.send(message);
        socket.send("close");
    """
    assert websocket(page, script, protocols='["chat", "Superchat"]') == [
        *("Superchat", ["", "ü", 100_000, [0, 255]], 4000, "bye", True),
    ]


def test_the_browser_closes(page: Page) -> None:
    assert websocket(page, 'socket.close(4001, "enough");') == ["", [], 4001, "", True]


def test_a_websocket_that_is_refused(page: Page) -> None:
    assert websocket(page, "", query="?refuse=1") == ["", [], 1006, "", False]


def test_a_form_with_files(page: Page) -> None:
    assert page.run("""
        const form = new FormData();
        form.append("größe", "ü");
        form.append('quoted"name', "a\\nb");
        form.append("f", new File([new Uint8Array(300000)], 'ä "100%".bin', {type: "a/b"}));
        form.append("f", new File([], "empty.txt", {type: "text/plain"}));
        return await (await fetch("/form", {method: "POST", body: form})).json();
    """) == {
        "fields": {"größe": ["ü"], 'quoted"name': ["a\r\nb"]},
        "files": {"f": [['ä "100%".bin', "a/b", 300_000], ["empty.txt", "text/plain", 0]]},
    }


def test_a_form_that_is_urlencoded(page: Page) -> None:
    assert page.run("""
        const body = new URLSearchParams({a: "ü &", b: "2"});
        return await (await fetch("/form", {method: "POST", body})).json();
    """) == {"fields": {"a": ["ü &"], "b": ["2"]}, "files": {}}


def test_an_answer_in_pieces(page: Page) -> None:
    assert page.run("""
        const reader = (await fetch("/stream/1000")).body.getReader();
        let size = 0, pieces = 0;
        for (;;) {
            const {done, value} = await reader.read();
            if (done) return [size, pieces > 0];
            size += value.length; pieces += 1;
        }
    """) == [3_890, True]


def test_a_fetch_that_is_given_up(page: Page) -> None:
    assert (
        page.run("""
        const before = Number(await (await fetch("/gone")).text());
        const controller = new AbortController();
        const answer = await fetch("/forever", {signal: controller.signal});
        await answer.body.getReader().read();
        controller.abort();
        while (Number(await (await fetch("/gone")).text()) == before) {}
        return "told";
    """)
        == "told"
    )
