"""What users see of it is in `test_sync_client`."""

from typing import get_args

import httpx
import pytest

from tremolo.testing.clock import Backend
from tremolo.testing.harness import Harness, Terms
from tremolo.testing.stepped_loop import open_loop
from tremolo.testing.sync_transport import SyncTransport
from tremolo.testing.under_test import find_handler

from .handlers import echo

REQUEST = httpx.Request("POST", "http://testserver/", content=iter([b"some", b"more"]))


@pytest.mark.parametrize("backend", get_args(Backend))
def test_a_body_is_read_when_it_is_asked_for(backend: Backend) -> None:
    harness = Harness(find_handler(echo, {}), Terms())
    loop = open_loop(backend, None)
    transport = SyncTransport(harness, loop)
    loop.run(harness.open)
    request = httpx.Request("POST", "http://testserver/", content=iter([b"some", b"more"]))
    response = transport.handle_request(request)
    assert isinstance(response.stream, httpx.SyncByteStream)
    assert b"".join(response.stream) == b"somemore"
    response.close()
    transport.close()
    loop.run(harness.close)
    loop.close()


@pytest.mark.parametrize("backend", get_args(Backend))
def test_before_the_harness_is_open_nothing_is_started(backend: Backend) -> None:
    loop = open_loop(backend, None)
    transport = SyncTransport(Harness(find_handler(echo, {}), Terms()), loop)
    with pytest.raises(RuntimeError, match="not open"):
        transport.handle_request(REQUEST)
    transport.close()
    # It was never started, so another may.
    other = open_loop(backend, None)
    other.close()
    loop.close()
