"""Beginning TLS with a client, and what a peer is told that cannot."""

import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import BrokenResourceError
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream as Client

from tremolo.testing import Clock
from tremolo_transport.admission import NotAdmitted
from tremolo_transport.handshakes import shake_hands
from tremolo_transport.memory import MemoryStream, memory_stream_pair
from tremolo_transport.tls_contexts import TLSContext
from tremolo_transport.tls_settings import ClientCertificates, TLSSettings

from .certificates import HOST, authority, client_context, server_context, write_certificate
from .over_sockets import PATIENCE

pytestmark = pytest.mark.anyio


async def refused(
    behave: Callable[[MemoryStream], Coroutine[Any, Any, object]],
    *,
    context: TLSContext | None = None,
) -> NotAdmitted:
    """Why a peer that behaves so is not admitted."""
    server, client = memory_stream_pair()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:
            group.start_soon(behave, client)
            with pytest.raises(NotAdmitted) as caught:
                await shake_hands(server, context or TLSContext(server_context()))
            await server.aclose()
    return caught.value


async def begin(stream: ByteStream, *, context: ssl.SSLContext | None = None) -> Client:
    return await Client.wrap(
        stream,
        hostname=HOST,
        ssl_context=context or client_context(),
        standard_compatible=False,
    )


async def test_a_client_is_admitted() -> None:
    server, client = memory_stream_pair()
    with anyio.fail_after(PATIENCE):
        async with anyio.create_task_group() as group:

            async def ask() -> None:
                stream = await begin(client)
                await stream.send(b"hello")
                assert await stream.receive() == b"and you"

            group.start_soon(ask)
            tls = await shake_hands(server, TLSContext(server_context()))
            assert await tls.receive() == b"hello"
            await tls.send(b"and you")


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"get", b"OPTIONS * "])
async def test_who_speaks_plain_http_is_told_so_in_http(line: bytes) -> None:
    answer = b""

    async def ask(stream: MemoryStream) -> None:
        nonlocal answer
        await stream.send(line)
        while b"\r\n\r\n" not in answer:
            answer += await stream.receive()
        await stream.aclose()

    error = await refused(ask)
    assert error.reason == "it speaks plain HTTP on a port for TLS"
    assert not error.usual
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert body == b"400 This port speaks HTTPS, and not HTTP.\r\n"


async def test_a_peer_that_does_not_leave_is_not_waited_for_for_ever(tremolo_clock: Clock) -> None:
    async def ask(stream: MemoryStream) -> None:
        await stream.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

    began = tremolo_clock.time()
    assert (await refused(ask)).reason == "it speaks plain HTTP on a port for TLS"
    assert tremolo_clock.time() - began == pytest.approx(2)


@pytest.mark.parametrize("data", [b"\x00", b"\x80\x2e\x01\x00\x02", b"\r\n"])
async def test_what_is_neither_gets_nothing(data: bytes) -> None:
    async def ask(stream: MemoryStream) -> None:
        await stream.send(data)
        with pytest.raises(BrokenResourceError):
            while await stream.receive():
                raise AssertionError

    async def leave(stream: MemoryStream) -> None:
        await stream.send(data)

    assert (await refused(leave)).reason == "it speaks something that is not TLS"


async def test_who_looks_whether_the_port_is_open_is_usual() -> None:
    async def leave(stream: MemoryStream) -> None:
        await stream.aclose()

    error = await refused(leave)
    assert error.usual
    assert error.reason == "it left before its TLS handshake"


async def test_who_leaves_in_the_middle_is_said() -> None:
    async def leave(stream: MemoryStream) -> None:
        await stream.send(b"\x16\x03\x01")
        await stream.aclose()

    error = await refused(leave)
    assert error.reason == "it left within its TLS handshake"
    assert not error.usual


async def test_garbage_is_said_and_answered_with_an_alert() -> None:
    answer = b""

    async def ask(stream: MemoryStream) -> None:
        nonlocal answer
        await stream.send(b"\x16\x03\x01\x00\x05hello")
        answer = await stream.receive()
        await stream.aclose()

    error = await refused(ask)
    assert error.reason.startswith("its TLS handshake failed: ")
    assert answer[:1] == b"\x15", "RFC 8446 6: an alert"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_client_without_a_certificate_hears_why(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    certificate, key = write_certificate(tmp_path)
    context = TLSContext(
        TLSSettings(
            certificate=certificate,
            key=key,
            client_certificates=ClientCertificates.REQUIRED,
            client_ca=str(tmp_path / "ca.pem"),
        )
    )
    heard: list[Exception] = []

    async def ask(stream: MemoryStream) -> None:
        try:
            client = await begin(stream, context=client_context(version=version))
            await client.receive()
        except (ssl.SSLError, BrokenResourceError) as error:
            heard.append(error)
        await stream.aclose()

    error = await refused(ask, context=context)
    assert error.reason == "its TLS handshake failed: peer did not return a certificate"
    assert "ALERT" in str(heard[0])


async def test_a_client_that_does_not_trust_us_is_said() -> None:
    async def ask(stream: MemoryStream) -> None:
        with pytest.raises(ssl.SSLCertVerificationError):
            await begin(stream, context=ssl.create_default_context())
        await stream.aclose()

    error = await refused(ask)
    assert error.reason in (
        "its TLS handshake failed: tlsv1 alert unknown ca",
        "it left within its TLS handshake",
    )
