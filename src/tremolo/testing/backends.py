"""Which event loop a test runs on, where that makes a difference."""

import asyncio

import anyio

__all__ = ("on_asyncio",)


def on_asyncio() -> bool:
    """Whether the running event loop is asyncio's, or uvloop's, and not trio's."""
    return anyio.get_cancelled_exc_class() is asyncio.CancelledError
