"""curl, openssl and the standard library at listeners of every kind: a path, TLS, both ways."""

import shutil
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tests.tremolo_transport.certificates import (
    authority,
    client_context,
    write_certificate,
)
from tremolo_core import Data, EndOfMessage, Headers, Response
from tremolo_transport import (
    Bind,
    ClientCertificates,
    Exchange,
    Listener,
    Server,
    TLSSettings,
    UnixBind,
    serve,
)

pytestmark = pytest.mark.anyio

NAME = "localhost"


async def whose(exchange: Exchange) -> None:
    """Who asks, and how; `/big` is 3 MB in pieces, up to the end of the connection in HTTP/1.0."""
    if exchange.request.target == b"/big":
        await exchange.send(Response(status=200, headers=Headers()))
        for _ in range(30):
            await exchange.send(Data(data=b"x" * 100_000))
        await exchange.send(EndOfMessage())
        return
    peer = exchange.peer
    name = "" if peer.tls is None else (peer.tls.client_name or "").partition(",")[0]
    client = None if peer.client is None else peer.client[0]
    await exchange.respond(200, body=f"{client} {peer.scheme} {name}".strip().encode())


@pytest.fixture
async def folder() -> AsyncIterator[Path]:
    """Not pytest's own: a socket's path may have no more than a hundred letters."""
    path = Path(tempfile.mkdtemp(prefix="tremolo"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[Server]:
    """A path; TLS; TLS for those with a certificate."""
    certificate, key = write_certificate(folder, name=NAME)
    (folder / "ca.pem").write_bytes(authority().cert_pem.bytes())
    (folder / "client").mkdir()
    write_certificate(folder / "client", name="somebody")
    plain = TLSSettings(certificate=certificate, key=key)
    asking = TLSSettings(
        certificate=certificate,
        key=key,
        client_certificates=ClientCertificates.REQUIRED,
        client_ca=str(folder / "ca.pem"),
    )
    binds = [
        Listener(endpoint=UnixBind(path=str(folder / "socket"), mode=0o600)),
        Listener(endpoint=Bind(port=0), tls=plain),
        Listener(endpoint=Bind(port=0), tls=asking),
    ]
    async with serve(whose, binds=binds) as server:
        yield server


def port(server: Server, index: int) -> int:
    found = server.addresses[index][1]
    assert found is not None
    return found


async def run(*command: str, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
    done = await anyio.run_process(command, input=stdin, check=False)
    return done.returncode, done.stdout, done.stderr


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed here")
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not installed here"
)

CURL = ("curl", "-q", "--noproxy", "*", "-sS", "--max-time", "60")


@needs_curl
async def test_curl_at_a_path(server: Server, folder: Path) -> None:
    status, body, _ = await run(*CURL, "--unix-socket", str(folder / "socket"), "http://localhost/")
    assert (status, body) == (0, b"None http")


@needs_curl
@pytest.mark.parametrize("options", [(), ("--tls-max", "1.2"), ("--tlsv1.3",), ("--http1.0",)])
async def test_curl_over_tls(server: Server, folder: Path, options: tuple[str, ...]) -> None:
    url = f"https://{NAME}:{port(server, 1)}"
    trusting = ("--cacert", str(folder / "ca.pem"), "-4", *options)
    assert await run(*CURL, *trusting, f"{url}/") == (0, b"127.0.0.1 https", b"")
    # With HTTP/1.0 the connection's end is the body's: curl fails if there was no goodbye.
    status, body, error = await run(*CURL, *trusting, f"{url}/big")
    assert (status, len(body), error) == (0, 3_000_000, b"")


@needs_curl
async def test_curl_does_not_trust_whom_it_does_not_know(server: Server) -> None:
    url = f"https://{NAME}:{port(server, 1)}/"
    status, _, _ = await run(*CURL, "-4", url)
    assert status == 60
    assert (await run(*CURL, "-4", "-k", url))[:2] == (0, b"127.0.0.1 https")


@needs_curl
async def test_curl_with_a_certificate_and_without(server: Server, folder: Path) -> None:
    url = f"https://{NAME}:{port(server, 2)}/"
    trusting = ("--cacert", str(folder / "ca.pem"), "-4")
    client = folder / "client"
    shown = ("--cert", str(client / "cert.pem"), "--key", str(client / "key.pem"))
    assert await run(*CURL, *trusting, *shown, url) == (0, b"127.0.0.1 https CN=somebody", b"")
    status, _, error = await run(*CURL, *trusting, url)
    assert status != 0
    assert b"certificate required" in error


@needs_curl
async def test_curl_over_plain_http_is_told_what_is_wrong(server: Server) -> None:
    _, body, _ = await run(*CURL, f"http://127.0.0.1:{port(server, 1)}/")
    assert body == b"400 This port speaks HTTPS, and not HTTP.\r\n"


@needs_openssl
async def test_openssl(server: Server, folder: Path) -> None:
    _, output, _ = await run(
        *("openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port(server, 1)}"),
        *("-CAfile", str(folder / "ca.pem"), "-verify_return_error", "-alpn", "h2,http/1.1"),
        stdin=b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert output.endswith(b"\r\n\r\n127.0.0.1 https")


@needs_openssl
async def test_openssl_is_never_given_an_old_version(server: Server) -> None:
    def connect() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [
                *("openssl", "s_client", "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
                *("-connect", f"127.0.0.1:{port(server, 1)}"),
            ],
            input=b"",
            capture_output=True,
            check=False,
        )

    done = await anyio.to_thread.run_sync(connect)
    assert done.returncode != 0
    assert b"alert protocol version" in done.stderr


async def test_the_standard_library_with_a_certificate(server: Server) -> None:
    def ask(context: ssl.SSLContext) -> bytes:
        url = f"https://127.0.0.1:{port(server, 2)}/"
        handlers = [urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({})]
        with urllib.request.build_opener(*handlers).open(url, timeout=60) as answer:
            body: bytes = answer.read()
            return body

    body = await anyio.to_thread.run_sync(ask, client_context(name="somebody"))
    assert body == b"127.0.0.1 https CN=somebody"
    with pytest.raises(OSError, match=r"(?i)certificate|reset|eof"):
        await anyio.to_thread.run_sync(ask, client_context())
