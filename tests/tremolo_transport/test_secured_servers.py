"""A whole server whose listeners speak TLS, or stand behind proxies, on real sockets."""

import logging
import os
import resource
import socket
import ssl
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from anyio.lowlevel import checkpoint
from websockets.sync.client import connect

from tremolo_core import (
    AcceptWebSocket,
    Data,
    EndOfMessage,
    Headers,
    Response,
    TextMessage,
)
from tremolo_core.trusted_proxies import TrustedProxies
from tremolo_transport import (
    Bind,
    ClientCertificates,
    Exchange,
    Listener,
    Server,
    ServerSettings,
    TLSSettings,
    UnixBind,
    serve,
)
from tremolo_transport.settings import NEARBY
from tremolo_transport.streams import Transport

from .certificates import HOST, authority, client_context, server_context, write_certificate
from .over_sockets import LAST, PATIENCE, ask, open_sockets, until_sockets

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ANY = Bind(port=0)


async def whose(exchange: Exchange) -> None:
    """Answer with what is known of the client."""
    peer = exchange.peer
    name = None if peer.tls is None else peer.tls.client_name
    client = None if peer.client is None else peer.client[0]
    text = f"{client} {peer.scheme} {name} {peer.direct.scheme}"
    await exchange.respond(200, body=text.encode())


def told(folder: Path, asked: ClientCertificates = ClientCertificates.NONE) -> TLSSettings:
    certificate, key = write_certificate(folder)
    trusted = folder / "ca.pem"
    trusted.write_bytes(authority().cert_pem.bytes())
    none = asked is ClientCertificates.NONE
    return TLSSettings(
        certificate=certificate,
        key=key,
        client_certificates=asked,
        client_ca=None if none else str(trusted),
    )


def converse(
    server: Server,
    data: bytes,
    *,
    index: int = 0,
    context: ssl.SSLContext | None = None,
    first: bytes = b"",
) -> bytes:
    """What the standard library's client reads until the goodbye, which it insists on."""
    sock = socket.create_connection(server.addresses[index], timeout=PATIENCE)
    sock.sendall(first)
    context = context or client_context()
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with context.wrap_socket(sock, server_hostname=HOST, suppress_ragged_eofs=False) as secured:
        secured.sendall(data)
        answer = b""
        while more := secured.recv(65_536):
            answer += more
        return answer


async def secured(server: Server, data: bytes = LAST, **options: object) -> bytes:
    def run() -> bytes:
        return converse(server, data, **options)  # type: ignore[arg-type]  # those of `converse`

    return await anyio.to_thread.run_sync(run)


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("transport", Transport)
async def test_tls_and_plain_listeners_stand_side_by_side(
    tmp_path: Path, transport: Transport
) -> None:
    binds: list[Bind | Listener] = [Listener(endpoint=ANY, tls=told(tmp_path)), ANY]
    settings = ServerSettings(transport=transport)
    async with serve(whose, binds=binds, settings=settings) as server:
        assert [url.partition(":")[0] for url in server.urls] == ["https", "http"]
        assert body(await secured(server)) == b"127.0.0.1 https None https"
        host, port = server.addresses[1]
        assert port is not None
        async with await anyio.connect_tcp(host, port) as stream:
            await stream.send(LAST)
            answer = b""
            async for piece in stream:
                answer += piece
    assert body(answer) == b"127.0.0.1 http None http"


async def test_tls_at_a_path(tmp_path: Path) -> None:
    path = f"/tmp/tremolo-{os.getpid()}.sock"
    listener = Listener(endpoint=UnixBind(path=path), tls=server_context())

    def connect() -> bytes:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            with client_context().wrap_socket(sock, server_hostname=HOST) as wrapped:
                wrapped.sendall(LAST)
                answer = b""
                while more := wrapped.recv(1_000):
                    answer += more
                return answer

    async with serve(whose, binds=[listener]):
        assert body(await anyio.to_thread.run_sync(connect)) == b"None https None https"


async def test_a_client_is_known_by_its_certificate(tmp_path: Path) -> None:
    tls = told(tmp_path, ClientCertificates.OPTIONAL)
    async with serve(whose, binds=[Listener(endpoint=ANY, tls=tls)]) as server:
        answer = await secured(server, context=client_context(name="somebody"))
        assert b" https CN=somebody,OU=" in body(answer)
        assert body(await secured(server)) == b"127.0.0.1 https None https"


async def test_an_answer_that_ends_with_the_connection_ends_with_a_goodbye() -> None:
    async def stream(exchange: Exchange) -> None:
        await exchange.send(Response(status=200, headers=Headers()))
        for _ in range(3):
            await exchange.send(Data(data=b"x" * 100_000))
        if exchange.request.target == b"/cut":
            raise ArithmeticError
        await exchange.send(EndOfMessage())

    async with serve(stream, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        answer = await secured(server, b"GET / HTTP/1.0\r\n\r\n")
        assert body(answer) == b"x" * 300_000
        with pytest.raises(ssl.SSLEOFError):
            await secured(server, b"GET /cut HTTP/1.0\r\n\r\n")


async def test_a_refused_upload_is_answered_before_the_connection_ends() -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.respond(413, body=b"too much")

    upload = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + bytes(3_000_000)
    async with serve(refuse, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        answer = await secured(server, upload)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert body(answer) == b"too much"


async def test_an_end_of_the_client_is_the_end_of_the_conversation() -> None:
    begun, gone = anyio.Event(), anyio.Event()

    async def wait(exchange: Exchange) -> None:
        begun.set()
        while not exchange.disconnected:
            await exchange.receive()
        gone.set()
        with pytest.raises(OSError, match="left"):
            await exchange.respond(200)
        raise ConnectionAbortedError

    def leave() -> None:
        sock = socket.create_connection(server.addresses[0], timeout=PATIENCE)
        with client_context().wrap_socket(sock, server_hostname=HOST) as client:
            client.sendall(GET)
            anyio.from_thread.run(begun.wait)

    async with serve(wait, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        with anyio.fail_after(PATIENCE):
            await anyio.to_thread.run_sync(leave)
            await gone.wait()


async def test_a_goodbye_between_requests_is_answered() -> None:
    # "Each party MUST send a close_notify alert before closing its write side" (RFC 8446 6.1).
    def take_leave(requests: bytes, answers: int) -> bytes:
        sock = socket.create_connection(server.addresses[0], timeout=PATIENCE)
        with client_context().wrap_socket(sock, server_hostname=HOST) as client:
            client.sendall(requests)
            answer = b""
            while answer.count(b"HTTP/1.1 200") < answers:
                answer += client.recv(65_536)
            # Raises if the other side has not said it, too.
            with client.unwrap() as plain:
                return plain.recv(1)

    async with serve(whose, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        for requests in range(3):
            left = await anyio.to_thread.run_sync(take_leave, GET * requests, requests)
            assert left == b""


async def test_an_end_without_a_goodbye_is_answered_by_the_end() -> None:
    def leave() -> bytes:
        sock = socket.create_connection(server.addresses[0], timeout=PATIENCE)
        with client_context().wrap_socket(sock, server_hostname=HOST) as client:
            client.sendall(GET)
            answer = client.recv(65_536)
            # Not the client's own, which would end TLS first.
            socket.socket.shutdown(client, socket.SHUT_WR)
            while more := client.recv(65_536):
                answer += more
            return answer

    async with serve(whose, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        answer = await anyio.to_thread.run_sync(leave)
        assert body(answer) == b"127.0.0.1 https None https"


async def test_a_silent_client_keeps_nobody_waiting() -> None:
    # Nor the stop, which would come to no end here if it waited for handshakes.
    listener = Listener(endpoint=ANY, tls=server_context(), handshake_timeout=None)
    silent: list[socket.socket] = []
    with anyio.fail_after(PATIENCE):
        async with serve(whose, binds=[listener]) as server:
            silent += [socket.create_connection(server.addresses[0]) for _ in range(20)]
            assert await secured(server)
            for sock in silent[10:]:
                sock.close()
    for sock in silent:
        sock.close()


async def test_files_are_sent_encrypted(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 2_000)

    async def send(exchange: Exchange) -> None:
        length = (b"content-length", b"512000")
        await exchange.send(Response(status=200, headers=Headers((length,))))
        with path.open("rb") as file:
            await exchange.send_file(file)
        await exchange.send(EndOfMessage())

    async with serve(send, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        assert body(await secured(server)) == path.read_bytes()


async def test_websockets_are_carried() -> None:
    async def echo(exchange: Exchange) -> None:
        await exchange.send(AcceptWebSocket())
        while isinstance(event := await exchange.receive(), TextMessage):
            await exchange.send(event)

    def converse_by_message(port: int) -> str:
        with connect(f"wss://127.0.0.1:{port}/", ssl=client_context(), proxy=None) as websocket:
            websocket.send("hello" * 10_000)
            return str(websocket.recv())

    async with serve(echo, binds=[Listener(endpoint=ANY, tls=server_context())]) as server:
        port = server.addresses[0][1]
        assert port is not None
        assert await anyio.to_thread.run_sync(converse_by_message, port) == "hello" * 10_000


# Certificates that change.


def shown(server: Server) -> str:
    """The name on the certificate of a server."""
    sock = socket.create_connection(server.addresses[0], timeout=PATIENCE)
    with client_context().wrap_socket(sock, server_hostname=HOST) as client:
        found = client.getpeercert()
        assert found is not None
        names = found["subjectAltName"]
        assert isinstance(names, tuple)
        return str(names[0][1])


async def test_a_certificate_is_read_again_when_asked_for(tmp_path: Path) -> None:
    async with serve(whose, binds=[Listener(endpoint=ANY, tls=told(tmp_path))]) as server:
        assert await anyio.to_thread.run_sync(shown, server) == HOST
        write_certificate(tmp_path, name="new.example", anew=True)
        server.reload_certificates()
        assert await anyio.to_thread.run_sync(shown, server) == "new.example"


async def test_a_certificate_is_read_again_when_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="tremolo"), anyio.fail_after(PATIENCE):
        async with serve(whose, binds=[Listener(endpoint=ANY, tls=told(tmp_path))]) as server:
            write_certificate(tmp_path, name="new.example", anew=True)
            while await anyio.to_thread.run_sync(shown, server) != "new.example":
                pass


async def test_without_a_certificate_nothing_is_listened_on(tmp_path: Path) -> None:
    count = open_sockets()
    missing = TLSSettings(certificate=str(tmp_path / "missing"))
    with pytest.raises(OSError, match="cannot use the certificate"):
        await serve(whose, binds=[ANY, Listener(endpoint=ANY, tls=missing)]).__aenter__()
    await until_sockets(count)


# Descriptors that run out.


async def test_when_descriptors_run_out_in_handshakes_the_server_recovers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = f"/tmp/tremolo-{os.getpid()}-c.sock"
    listeners = [
        Listener(endpoint=ANY, tls=server_context()),
        Listener(endpoint=ANY),
        Listener(endpoint=UnixBind(path=path)),
    ]
    async with serve(whose, binds=listeners) as server:
        # The threads, and with them their descriptors, are there already.
        assert await secured(server)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = max(map(int, os.listdir("/dev/fd")))
        clients: list[socket.socket] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, before[1]))
        try:
            with pytest.raises(OSError, match="Too many open files"):
                while True:
                    # Each is accepted, and what it says waited for, until there are no more.
                    number = len(clients) % 3
                    family = socket.AF_UNIX if number == 2 else socket.AF_INET
                    clients.append(socket.socket(family))
                    clients[-1].connect(path if number == 2 else server.addresses[number])
                    await checkpoint()
            # One for each listener that none of its connections can be accepted for.
            for sock in clients[-3:]:
                sock.close()
            del clients[-3:]
            for number in range(3):
                family = socket.AF_UNIX if number == 2 else socket.AF_INET
                clients.append(socket.socket(family))
                clients[-1].connect(path if number == 2 else server.addresses[number])
            with anyio.fail_after(PATIENCE):
                while "cannot accept connections" not in caplog.text:
                    await checkpoint()
            for sock in clients:
                sock.close()
            answer = await secured(server)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert (await ask_plain(server)).startswith(b"HTTP/1.1 200 ")
            async with await anyio.connect_unix(path) as stream:
                await stream.send(LAST)
                assert (await stream.receive()).startswith(b"HTTP/1.1 200 ")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert not [record for record in caplog.records if record.exc_info]


async def ask_plain(server: Server, data: bytes = LAST, *, index: int = 1) -> bytes:
    host, port = server.addresses[index]
    assert port is not None
    with anyio.fail_after(PATIENCE):
        async with await anyio.connect_tcp(host, port) as stream:
            await stream.send(data)
            answer = b""
            async for piece in stream:
                answer += piece
    return answer


# Proxies.

LINE = b"PROXY TCP4 192.0.2.7 192.0.2.80 50000 443\r\n"


async def answered(server: Server, data: bytes) -> bool:
    """Whether there is any answer; a reset is none."""
    try:
        return bool(await ask(server, data))
    except anyio.BrokenResourceError:
        return False


async def test_a_proxys_word_about_a_connection_holds_for_all_its_requests() -> None:
    listener = Listener(endpoint=ANY, proxy_protocol=NEARBY)
    async with serve(whose, binds=[listener]) as server:
        answer = await ask(server, LINE + GET + LAST)
        assert answer.count(b"192.0.2.7 http None http") == 2
        assert not await answered(server, GET)


async def test_before_tls_too() -> None:
    listener = Listener(endpoint=ANY, proxy_protocol=NEARBY, tls=server_context())
    async with serve(whose, binds=[listener]) as server:
        assert body(await secured(server, first=LINE)) == b"192.0.2.7 https None https"


async def test_nobody_else_may_connect_there() -> None:
    listener = Listener(endpoint=ANY, proxy_protocol=TrustedProxies.parse("192.0.2.0/24"))
    async with serve(whose, binds=[listener]) as server:
        assert not await answered(server, LINE + LAST)


def forwarded(*lines: str) -> bytes:
    fields = "".join(f"{line}\r\n" for line in lines)
    return f"GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n".encode()


async def test_a_proxys_word_about_a_request_holds_for_that_one() -> None:
    async with serve(whose) as server:
        requests = (
            forwarded("X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"),
            GET,
            forwarded("Forwarded: for=192.0.2.8;proto=https"),
            forwarded("X-Forwarded-For: 192.0.2.9"),
            forwarded("X-Forwarded-For: 192.0.2.9, 127.0.0.7"),
        )
        answer = await ask(server, b"".join(requests) + LAST)
    said = [line for line in answer.splitlines() if b" None http" in line]
    assert [line.partition(b"HTTP/1.1")[0] for line in said] == [
        b"192.0.2.7 https None http",
        b"127.0.0.1 http None http",
        b"192.0.2.8 https None http",
        b"192.0.2.9 http None http",
        b"192.0.2.9 http None http",
        b"127.0.0.1 http None http",
    ]


@pytest.mark.parametrize(
    "lie",
    [
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: https",
        "Forwarded: for=127.0.0.1;proto=https",
        "X-Forwarded-Host: evil.example",
        "X-Real-IP: 127.0.0.1",
    ],
)
async def test_who_is_not_trusted_is_not_believed(lie: str) -> None:
    nobody = Listener().forwarding
    trusting = Listener(
        endpoint=ANY,
        forwarding=type(nobody)(trusted=TrustedProxies.parse("192.0.2.1"), fields=nobody.fields),
    )
    seen = []

    async def note(exchange: Exchange) -> None:
        seen.append(exchange.peer)
        await whose(exchange)

    async with serve(note, binds=[trusting]) as server:
        assert b"127.0.0.1 http None http" in await ask(server, forwarded(lie) + LAST)
    assert seen[0] is seen[1]
    assert seen[0].direct is seen[0]


async def test_a_client_behind_a_header_is_not_believed_as_its_proxy_is() -> None:
    listener = Listener(endpoint=ANY, proxy_protocol=NEARBY)
    async with serve(whose, binds=[listener]) as server:
        lie = forwarded("X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https")
        assert b"192.0.2.7 http None http" in await ask(server, LINE + lie + LAST)


async def test_at_a_path_everybody_is_nearby() -> None:
    path = f"/tmp/tremolo-{os.getpid()}-b.sock"
    async with (
        serve(whose, binds=[UnixBind(path=path)]),
        await anyio.connect_unix(path) as stream,
    ):
        await stream.send(forwarded("X-Forwarded-For: 192.0.2.7") + LAST)
        answer = b""
        async for piece in stream:
            answer += piece
    assert b"192.0.2.7 http None http" in answer
    assert b"None http None http" in answer
