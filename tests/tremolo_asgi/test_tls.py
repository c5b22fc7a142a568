"""What an application is told of a real TLS connection, with a client's certificate and without."""

import json
import ssl
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.tremolo_transport.certificates import (
    authority,
    client_context,
    write_certificate,
)
from tremolo_asgi import AsgiHandler
from tremolo_transport import serve
from tremolo_transport.endpoints import Bind
from tremolo_transport.settings import Listener
from tremolo_transport.tls_settings import ClientCertificates, TLSSettings

pytestmark = pytest.mark.anyio


async def app(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    told = [scope["scheme"], scope["extensions"].get("tls")]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@pytest.mark.parametrize("name", [None, "client.example"])
async def test_the_tls_of_a_connection(tmp_path: Path, name: str | None) -> None:
    (tmp_path / "ca.pem").write_bytes(authority().cert_pem.bytes())
    certificate, key = write_certificate(tmp_path)
    tls = TLSSettings(
        certificate=certificate,
        key=key,
        client_certificates=ClientCertificates.OPTIONAL,
        client_ca=str(tmp_path / "ca.pem"),
    )
    listener = Listener(endpoint=Bind(port=0), tls=tls)
    verify = client_context(name=name, version=ssl.TLSVersion.TLSv1_2)
    async with serve(AsgiHandler(app), binds=[listener]) as server:
        host, port = server.addresses[0]
        async with httpx.AsyncClient(verify=verify, trust_env=False) as client:
            for _ in range(2):
                scheme, told = (await client.get(f"https://{host}:{port}")).json()
                assert scheme == "https"
                assert told["server_cert"] == await anyio.Path(certificate).read_text("ascii")
                assert told["tls_version"] == 0x0303
                # The first byte of every suite that TLS 1.2 agrees on by itself.
                assert told["cipher_suite"] >> 8 in (0xC0, 0xCC, 0x00)
                assert told["client_cert_error"] is None
                # From Python 3.13 on with whoever has signed it, as the client sends that too.
                whole = 1 if sys.version_info < (3, 13) else 2
                assert len(told["client_cert_chain"]) == (0 if name is None else whole)
                chosen = told["client_cert_name"]
                assert chosen is None if name is None else f"CN={name}" in chosen


async def test_no_tls_is_told_of_where_there_is_none() -> None:
    async with serve(AsgiHandler(app)) as server:
        host, port = server.addresses[0]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"http://{host}:{port}")).json() == ["http", None]
