"""Serving on sockets that the application has opened, as applications for nggit/tremolo do."""

import socket
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream

from tremolo import Tremolo

pytestmark = pytest.mark.anyio


def application() -> Tremolo:
    app = Tremolo()

    @app.route("/")
    async def handler() -> str:
        return "served"

    return app


async def answer(stream: SocketStream) -> bytes:
    received = b""
    async with stream:
        await stream.send(b"GET / HTTP/1.0\r\n\r\n")
        async for data in stream:
            received += data
    return received


async def test_a_socket_is_opened_and_served_and_stays_open() -> None:
    app = application()
    sock = app.create_sock("127.0.0.1", 0)
    with sock:
        host, port = sock.getsockname()
        for _ in range(2):
            # Once it was served, it can be served again.
            async with anyio.create_task_group() as group:
                group.start_soon(lambda: app.serve(host, port, sock=sock))
                assert (await answer(await anyio.connect_tcp(host, port))).endswith(b"served")
                group.cancel_scope.cancel()
        assert sock.getsockname() == (host, port)


async def test_a_path_is_removed_with_its_socket(tmp_path: Path) -> None:
    app = application()
    path = tmp_path / "x.sock"
    sock = app.create_sock(str(path), None)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: app.serve(str(path), None, sock=sock))
        assert (await answer(await anyio.connect_unix(path))).endswith(b"served")
        group.cancel_scope.cancel()
    assert path.exists()
    app.close_sock(sock)
    assert not path.exists()
    assert sock.fileno() == -1


async def test_without_a_socket_it_opens_one(tmp_path: Path) -> None:
    path = tmp_path / "x.sock"
    app, started = application(), anyio.Event()

    @app.on_worker_start
    async def note(app: Tremolo) -> None:
        started.set()

    async with anyio.create_task_group() as group:
        group.start_soon(lambda: app.serve(str(path), None))
        await started.wait()
        assert (await answer(await anyio.connect_unix(path))).endswith(b"served")
        group.cancel_scope.cancel()
    assert not path.exists()


async def test_options_are_those_of_run_but_for_those_of_programs() -> None:
    app = application()

    @app.route("/options")
    async def options(**server: object) -> str:
        return str(app.context.options["mine"]) + str(app.context.options["buffer_size"])

    with app.create_sock("127.0.0.1", 0) as sock:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: app.serve("", 0, sock=sock, mine="own", buffer_size=5))
            stream = await anyio.connect_tcp(*sock.getsockname())
            async with stream:
                await stream.send(b"GET /options HTTP/1.0\r\n\r\n")
                received = b"".join([data async for data in stream])
            group.cancel_scope.cancel()
        assert received.endswith(b"own5")
        with pytest.raises(ValueError, match="worker_num: is not ours to say"):
            await app.serve("127.0.0.1", 0, worker_num=2)


async def test_others_may_listen_there_too_unless_it_is_said() -> None:
    app = application()
    with app.create_sock("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        app.create_sock("127.0.0.1", port).close()
        with pytest.raises(OSError, match="in use"):
            app.create_sock("127.0.0.1", port, reuse_port=False)


async def test_an_abstract_name_has_no_path_to_be_removed() -> None:
    if not hasattr(socket, "SO_PEERCRED"):
        pytest.skip("only Linux has names that no file system knows")
    app = application()
    sock = app.create_sock("@tremolo-own-sockets", None)
    app.close_sock(sock)
    assert sock.fileno() == -1


def test_there_is_no_manager() -> None:
    with pytest.raises(AttributeError, match=r"there is no app\.manager: .* worker_num"):
        _ = Tremolo().manager
