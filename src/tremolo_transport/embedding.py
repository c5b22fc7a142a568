"""A server inside anybody's program: as a context manager, or as a task of somebody's group."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType

import anyio
from anyio import TASK_STATUS_IGNORED, CancelScope
from anyio.abc import TaskGroup, TaskStatus

from .cancellation import is_cancellation
from .endpoints import Bind
from .exchange import Handler
from .listeners import Listenable
from .peer import Address
from .server import Server
from .settings import ServerSettings

__all__ = ("serve", "serve_forever")


def serve(
    handler: Handler,
    *,
    binds: Sequence[Listenable] = (Bind(port=0),),
    settings: ServerSettings | None = None,
) -> AbstractAsyncContextManager[Server]:
    """Serve `handler` while the context is entered: `async with serve(handler) as server`.

    Entering opens the sockets, runs the start-up of a `ManagedHandler` and
    returns when connections are accepted; `server.addresses` has the ports.
    Leaving stops the server as `Server.stop` does, or at once if cancelled.
    By default it listens on 127.0.0.1, on a port that the kernel chooses.

    No signal handler is installed, nothing is written to standard output, and
    exceptions are exceptions: OSError if an address cannot be had, and whatever
    start-up and shutdown raise. On asyncio the context may be left in another
    task than it was entered in, as fixtures do; trio forbids that.
    """
    return _Embedded(handler, binds, settings or ServerSettings())


async def serve_forever(
    handler: Handler,
    *,
    binds: Sequence[Listenable] = (Bind(port=0),),
    settings: ServerSettings | None = None,
    task_status: TaskStatus[tuple[Address, ...]] = TASK_STATUS_IGNORED,
) -> None:
    """Serve `handler` until cancelled: `[address] = await group.start(serve_forever, handler)`.

    The group may be a task group of anyio's or a nursery of trio's. `start`
    returns `Server.addresses` when connections are accepted, and raises what
    entering `serve` would raise. When this is cancelled, the server stops at
    once: to stop one in good order, enter and leave `serve`.
    """
    async with serve(handler, binds=binds, settings=settings) as server:
        task_status.started(server.addresses)
        await server.wait_stopped()


class _Embedded(AbstractAsyncContextManager[Server]):
    def __init__(
        self, handler: Handler, binds: Sequence[Listenable], settings: ServerSettings
    ) -> None:
        self._handler = handler
        self._binds = binds
        self._settings = settings

    async def __aenter__(self) -> Server:
        self._server = server = Server(self._handler, binds=self._binds, settings=self._settings)
        self._home = _home()
        await self._home.start(server)
        try:
            await server.wait_ready()
        except BaseException:
            await self._abort()
            raise
        return server

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and is_cancellation(error):
            # A task cancelled by hand, or by a time-out of asyncio's, is told so only once.
            await self._abort()
        else:
            try:
                await self._server.stop()
            except BaseException:
                await self._abort()
                raise
            await self._home.leave()
        if isinstance(self._server.failure, Exception):
            raise self._server.failure

    async def _abort(self) -> None:
        self._server.abort()
        await self._home.abandon()


class _OwnTask:
    """On asyncio: a task that belongs to nobody, so that anybody may wait for it."""

    async def start(self, server: Server) -> None:
        self._task = asyncio.get_running_loop().create_task(server.run())

    async def leave(self) -> None:
        await asyncio.wait((self._task,))

    async def abandon(self) -> None:
        with CancelScope(shield=True):
            await self.leave()


class _OwnGroup:
    """Elsewhere: a task group, entered and left by hand so that no error of others is wrapped."""

    async def start(self, server: Server) -> None:
        self._group: TaskGroup = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(server.run)

    async def leave(self) -> None:
        await self._group.__aexit__(None, None, None)

    async def abandon(self) -> None:
        # No scope around it: trio insists on the order in which scopes were entered.
        self._group.cancel_scope.shield = True
        await self.leave()


def _home() -> _OwnTask | _OwnGroup:
    on_asyncio = anyio.get_cancelled_exc_class() is asyncio.CancelledError
    return _OwnTask() if on_asyncio else _OwnGroup()
