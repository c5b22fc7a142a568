import pytest

from tremolo.testing.backends import on_asyncio


@pytest.mark.anyio
async def test_it_is_asyncio_and_uvloop_but_not_trio(anyio_backend_name: str) -> None:
    assert on_asyncio() is (anyio_backend_name == "asyncio")
