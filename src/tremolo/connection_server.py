"""What handlers may do with the connection of their request, besides answering on it.

That is `request.server`. What an application does when a connection begins and
ends is decided in `connections`.
"""

from collections.abc import Awaitable, Callable
from socket import socket
from typing import Any

from anyio.abc import ByteStream, SocketAttribute

from tremolo_transport.exchange import ConnectionInfo, ConnectionState

from .background import BackgroundTask

__all__ = ("ConnectionServer", "descriptor_of", "socket_of", "stream_of", "tasks_of")


class ConnectionServer:
    """The server of one connection."""

    __slots__ = ("_connection",)

    def __init__(self, connection: ConnectionInfo) -> None:
        """Raises RuntimeError if the connection has ended."""
        if connection.state is ConnectionState.CLOSED:
            raise RuntimeError("the connection has ended")
        self._connection = connection

    def create_task(self, coroutine: Awaitable[object]) -> BackgroundTask:
        """Run a coroutine in a task that is cancelled when the connection ends.

        What it raises is logged, and ends the connection.
        """
        task = BackgroundTask(coroutine)
        tasks = tasks_of(self._connection)
        tasks.add(task)
        self._connection.start_soon(_run, task, tasks)
        self._connection.on_close(task.give_up)
        return task

    def add_close_callback(self, callback: Callable[[], Any]) -> None:
        """Call `callback` once when the connection has ended; at once if it has."""
        self._connection.on_close(callback)


async def _run(task: BackgroundTask, among: set[BackgroundTask]) -> None:
    try:
        await task.run()
    finally:
        among.discard(task)


_tasks: dict[int, set[BackgroundTask]] = {}
"""Of connections that have not ended, by their ids, which are unique in a process."""


def tasks_of(connection: ConnectionInfo) -> set[BackgroundTask]:
    """The tasks of `connection` that have not ended; to be read."""
    tasks = _tasks.get(connection.id)
    if tasks is None:
        tasks = _tasks[connection.id] = set()
        connection.on_close(lambda: _tasks.pop(connection.id, set()).clear())
    return tasks


def stream_of(connection: ConnectionInfo) -> ByteStream | None:
    """The stream that `connection` runs on; None where another server has it."""
    stream = getattr(connection, "stream", None)
    return stream if isinstance(stream, ByteStream) else None


def socket_of(connection: ConnectionInfo) -> socket | None:
    """The socket that `connection` runs on; None where there is none, as in memory."""
    stream = stream_of(connection)
    # On asyncio it is a `TransportSocket`, which has what may be asked of a socket in use.
    return None if stream is None else stream.extra(SocketAttribute.raw_socket, None)


def descriptor_of(connection: ConnectionInfo) -> int:
    """The number of the socket's descriptor; -1 where there is none."""
    found = socket_of(connection)
    return -1 if found is None else found.fileno()
