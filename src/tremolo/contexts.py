"""What an application keeps for the life of a request, a connection or a worker.

    Context
    ├── RequestContext       `request.context`, also `request.ctx` and `request.params`
    ├── ConnectionContext    injected as `context`
    └── WorkerContext        `app.context`, injected as `globals`

When each is made, and when it is given up, is decided in `dispatcher`.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from anyio.abc import ByteStream

from tremolo_transport.exchange import Address, ConnectionInfo

from .background import BackgroundTask, WorkerTasks
from .connection_server import stream_of, tasks_of
from .executor import Executor

__all__ = ("ConnectionContext", "Context", "RequestContext", "WorkerContext")


class Context(MutableMapping[str, Any]):
    """A mapping whose keys are attributes too: `context.user` is `context["user"]`.

    What the class itself defines, such as `get` or `options`, cannot be set:
    trying raises AttributeError, by attribute and by item.
    """

    _reserved: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._reserved = frozenset(dir(cls))

    def __getattr__(self, name: str) -> Any:
        """Say that `name` is not there; Python asks only for what it has not found."""
        known = ", ".join(sorted(vars(self))) or "nothing"
        raise AttributeError(
            f"this {type(self).__name__} has no attribute {name!r}; it holds {known}"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        """Keep `value`. Raises AttributeError for a name of the class."""
        if name not in _SLOTS:
            self._refuse_reserved(name)
        super().__setattr__(name, value)

    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._refuse_reserved(key)
        vars(self)[key] = value

    def __delitem__(self, key: str) -> None:
        del vars(self)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self))

    def __len__(self) -> int:
        return len(vars(self))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {vars(self)!r}>"

    def _refuse_reserved(self, name: str) -> None:
        if name in self._reserved:
            raise AttributeError(
                f"{name!r} is part of {type(self).__name__} itself; choose another name"
            )


class RequestContext(Context):
    """What belongs to one request. Its parameters stand under `path` and `query`."""

    __slots__ = ("_options",)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)

    @property
    def options(self) -> dict[str, Any]:
        """The options of the handler: its route's, and the defaults of its parameters.

        This request's own; changing it changes nothing for another.
        """
        return self._options


class ConnectionContext(Context):
    """What belongs to a connection, and with it to all requests that follow one another on it."""

    __slots__ = ("_client", "_connection", "_options")

    def __init__(
        self,
        options: Mapping[str, Any],
        client: Address | None,
        connection: ConnectionInfo | None = None,
    ) -> None:
        self._options = options
        self._client = client
        self._connection = connection

    @property
    def options(self) -> Mapping[str, Any]:
        """The application's settings by name, such as `buffer_size`."""
        return self._options

    @property
    def client(self) -> Address | None:
        """The peer's address; None where it has none."""
        return self._client

    @property
    def transport(self) -> ByteStream | None:
        """The stream that the connection runs on; None where another server has it."""
        return None if self._connection is None else stream_of(self._connection)

    @property
    def tasks(self) -> AbstractSet[BackgroundTask]:
        """What `request.server.create_task` has started and what has not ended."""
        return frozenset() if self._connection is None else tasks_of(self._connection)


class WorkerContext(Context):
    """What belongs to the application in this process."""

    __slots__ = ("_executor", "_options", "_tasks")

    def __init__(self, options: Mapping[str, Any], tasks: WorkerTasks | None = None) -> None:
        self._options = options
        self._tasks = tasks
        self._executor: Executor | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """The application's settings by name, such as `buffer_size`.

        Those that it was built with last; before that, the defaults.
        """
        return self._options

    @property
    def tasks(self) -> AbstractSet[BackgroundTask]:
        """What `app.create_task` has started and what has not ended."""
        return frozenset() if self._tasks is None else self._tasks.running

    @property
    def executor(self) -> Executor:
        """Threads for calls of the application, `thread_pool_size` of them, begun when needed."""
        if self._executor is None:
            self._executor = Executor(self._options["thread_pool_size"])
        return self._executor

    def shut_down(self) -> None:
        """Let the threads of `executor` end, as the application is not served any more."""
        if self._executor is not None:
            self._executor.shut_down()
            self._executor = None

    def use(self, options: Mapping[str, Any]) -> None:
        """Take over the settings that the application is built with."""
        self._options = options


_SLOTS = frozenset({"_client", "_connection", "_executor", "_options", "_tasks"})
"""What the classes above keep for themselves, besides the keys."""
