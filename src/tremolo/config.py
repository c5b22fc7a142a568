"""What a program is told: one value, and the one table of options that change it.

The command line is made from the table in `__main__`; `program` acts on the
value. Each default is that of the field it belongs to, said nowhere else; how
a value is read is said in `option_values`.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

from tremolo_asgi import LifespanMode
from tremolo_core import value
from tremolo_transport.settings import Bind, ServerSettings

from .option_values import (
    read_addresses,
    read_flag,
    read_one_of,
    read_port,
    read_root_path,
    read_seconds,
    read_server_name,
    read_size,
    read_size_or_none,
    read_text,
)
from .settings import AppSettings

__all__ = ("OPTIONS", "Config", "ConfigError", "LogLevel", "Loop", "Option", "configure")

Loop: TypeAlias = Literal["asyncio", "uvloop", "trio"]
LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class ConfigError(ValueError):
    """An option has a value that it cannot have, or there is no such option."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option = option
        """The option's name, with underscores."""
        self.reason = reason


@value
class Config:
    """Everything that a program which serves one application can be told."""

    host: str = "127.0.0.1"
    port: int = 8_000
    bind: tuple[Bind, ...] = ()
    """Takes the place of `host` and `port` if there is anything in it."""
    loop: Loop = "asyncio"
    log_level: LogLevel | None = None
    """None is DEBUG for an application that is debugged, and INFO for others."""
    root_path: str = ""
    lifespan: LifespanMode = "auto"
    app: AppSettings = AppSettings()
    """For an application of the framework; an ASGI application has settings of its own."""
    server: ServerSettings = ServerSettings()

    @property
    def binds(self) -> tuple[Bind, ...]:
        """Where to listen."""
        return self.bind or (Bind(host=self.host, port=self.port),)

    @property
    def threshold(self) -> LogLevel:
        """The least level that is logged."""
        return self.log_level or ("DEBUG" if self.app.debug else "INFO")


@value
class Option:
    """One thing that can be told, by a keyword argument or on the command line."""

    name: str
    """With underscores; the flag has hyphens in their place."""
    fields: tuple[str, ...]
    """Where it stands in `Config`, with dots between."""
    read: Callable[[object], object]
    """Makes the field's value of the value, or its text; ValueError says what is expected."""
    unit: str = ""
    """What to write behind the flag, for the help; nothing behind one that is given or not."""
    help: str

    @property
    def flag(self) -> str:
        """How it is spelled on the command line."""
        return "--" + self.name.replace("_", "-")

    @property
    def defaults(self) -> tuple[object, ...]:
        """The value of each of its fields if it is not given."""
        return tuple(functools.reduce(getattr, field.split("."), Config()) for field in self.fields)


def configure(options: Mapping[str, object]) -> Config:
    """Make a configuration of options by name. Raises ConfigError.

    A value may be given as the text that the command line would have.
    """
    known = {option.name: option for option in OPTIONS}
    config = Config()
    if "bind" in options and not options.keys().isdisjoint({"host", "port"}):
        raise ConfigError("bind", "says host and port already; do not give those too")
    for name, told in options.items():
        option = known.get(name)
        if option is None:
            raise ConfigError(name, f"there is no such option; there are {', '.join(known)}")
        try:
            content = option.read(told)
        except ValueError as error:
            raise ConfigError(name, f"must be {error}, not {told!r}") from None
        for field in option.fields:
            config = _changed(config, field, content)
    return config


def _changed(thing: Any, field: str, content: object) -> Any:
    name, _, rest = field.partition(".")
    if rest:
        content = _changed(getattr(thing, name), rest, content)
    return dataclasses.replace(thing, **{name: content})


def _read_binds(told: object) -> tuple[Bind, ...]:
    return tuple(Bind(host=host, port=port) for host, port in read_addresses(told))


OPTIONS: tuple[Option, ...] = (
    Option(
        name="bind",
        fields=("bind",),
        read=_read_binds,
        unit="HOST:PORT[,...]",
        help="where to listen, instead of --host and --port; can be repeated. An IPv6 address"
        " stands in brackets; without a host it is every interface",
    ),
    Option(
        name="host",
        fields=("host",),
        read=read_text,
        unit="HOST",
        help="the address to listen on; empty for every interface",
    ),
    Option(
        name="port",
        fields=("port",),
        read=read_port,
        unit="NUMBER",
        help="the port to listen on; 0 lets the system choose",
    ),
    Option(
        name="loop",
        fields=("loop",),
        read=read_one_of("asyncio", "uvloop", "trio"),
        unit="NAME",
        help="asyncio, uvloop or trio",
    ),
    Option(
        name="log_level",
        fields=("log_level",),
        read=read_one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        unit="LEVEL",
        help="the least level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL."
        " By default INFO, and DEBUG with --debug",
    ),
    Option(
        name="debug",
        fields=("app.debug",),
        read=read_flag,
        help="for development: log everything, and let a Tremolo application show tracebacks"
        " to its clients",
    ),
    Option(
        name="root_path",
        fields=("root_path",),
        read=read_root_path,
        unit="PATH",
        help="the prefix under which a proxy offers an ASGI application, such as /api",
    ),
    Option(
        name="lifespan",
        fields=("lifespan",),
        read=read_one_of("auto", "off", "on"),
        unit="MODE",
        help="whether an ASGI application is started up and shut down: on, off, or auto"
        " for one that knows how",
    ),
    Option(
        name="client_max_body_size",
        fields=("server.limits.body", "app.client_max_body_size"),
        read=read_size_or_none,
        unit="BYTES",
        help="how large a request's body may be, `none` for any size. By default 2097152 for a"
        " Tremolo application, and any size for an ASGI application",
    ),
    Option(
        name="client_max_header_size",
        fields=("server.limits.head",),
        read=read_size,
        unit="BYTES",
        help="how large a request's head may be",
    ),
    Option(
        name="request_timeout",
        fields=("server.timeouts.head",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a request's head may take, `none` for ever",
    ),
    Option(
        name="keepalive_timeout",
        fields=("server.timeouts.keep_alive",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a connection may be idle between requests, `none` for ever",
    ),
    Option(
        name="shutdown_timeout",
        fields=("server.shutdown",),
        read=read_seconds,
        unit="SECONDS",
        help="how long requests in flight may take once the server stops, and how long an ASGI"
        " application may take to shut down after them; `none` for ever",
    ),
    Option(
        name="server_name",
        fields=("server.server_name",),
        read=read_server_name,
        unit="NAME",
        help="what answers say in their Server field; empty for no such field",
    ),
)
"""In the order of the help."""
