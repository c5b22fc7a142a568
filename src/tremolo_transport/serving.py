"""Serves one connection by itself, on any byte stream: for tests, and for other servers."""

from contextvars import Context, copy_context

import anyio
from anyio.abc import ByteStream

from .driver import Driver
from .exchange import Handler
from .peer import Peer, peer_of
from .settings import ServerSettings
from .shutdown import ShutdownNotice
from .surroundings import Surroundings
from .sweeper import Sweeper

__all__ = ("serve_connection",)


async def serve_connection(
    stream: ByteStream,
    handler: Handler,
    *,
    settings: ServerSettings | None = None,
    peer: Peer | None = None,
    context: Context | None = None,
    shutdown: ShutdownNotice | None = None,
) -> None:
    """Serve the requests that come over `stream` until it ends, then close it.

    By default the limits are `ServerSettings()`'s, the peer is whom the stream
    names, each request runs in a copy of the caller's context, and no shutdown
    ever begins. A `ManagedHandler`'s lifespan is the caller's to enter.

    Raises nothing for what the peer or the handler does. If cancelled, the
    handler is cancelled and the stream closed.
    """
    async with anyio.create_task_group() as task_group:
        around = Surroundings(
            handler,
            settings=settings or ServerSettings(),
            # An empty context is false.
            context=copy_context() if context is None else context,
            task_group=task_group,
            shutdown=shutdown or ShutdownNotice(),
        )
        sweeper = Sweeper(around)
        driver = Driver(stream, peer or peer_of(stream), around)
        sweeper.drivers.add(driver)
        task_group.start_soon(sweeper.run)
        await driver.run()
        task_group.cancel_scope.cancel()
