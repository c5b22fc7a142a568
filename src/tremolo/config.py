"""What a program is told: one value, and the one table of options that change it.

The command line is made from the table in `__main__`; `program` acts on the
value. Each default is that of the field it belongs to, said nowhere else. The
table's rows stand by subject in `app_options`, `limit_options`,
`listening_options`, `program_options`, `proxy_options`, `tls_options`,
`websocket_options` and `worker_options`; what a row is, in `option`.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from tremolo_asgi import LifespanMode, LifespanTimeouts
from tremolo_core import value
from tremolo_transport.endpoints import Bind, Endpoint, UnixBind
from tremolo_transport.settings import Listener, ServerSettings
from tremolo_transport.tls_settings import TLSSettings
from tremolo_transport.worker_settings import WorkerSettings

from .app_options import APP_OPTIONS
from .limit_options import LIMIT_OPTIONS
from .listener_settings import ProxyTerms, TLSTerms
from .listening_options import LISTENING_OPTIONS
from .option import Option, Spelling
from .program_options import PROGRAM_OPTIONS
from .proxy_options import PROXY_OPTIONS
from .settings import AppSettings
from .tls_options import TLS_OPTIONS
from .websocket_options import WEBSOCKET_OPTIONS
from .worker_options import NEED_WORKERS, WORKER_OPTIONS

__all__ = (
    "OPTIONS",
    "Config",
    "ConfigError",
    "LogLevel",
    "Loop",
    "Option",
    "configure",
    "defaults_of",
)

Loop: TypeAlias = Literal["asyncio", "uvloop", "trio"]
LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

OPTIONS: tuple[Option, ...] = (
    *LISTENING_OPTIONS,
    *TLS_OPTIONS,
    *PROXY_OPTIONS,
    *PROGRAM_OPTIONS,
    *WORKER_OPTIONS,
    *APP_OPTIONS,
    *LIMIT_OPTIONS,
    *WEBSOCKET_OPTIONS,
)
"""In the order of the help."""

_NEED = {"limit_max_requests_jitter": "limit_max_requests", "reload_dir": "reload"}
"""Options that only say more about another."""

_BY_NAME: dict[str, tuple[Option, Spelling | None]] = {
    **{spelling.name: (option, spelling) for option in OPTIONS for spelling in option.spellings},
    **{option.name: (option, None) for option in OPTIONS},
}


class ConfigError(ValueError):
    """An option has a value that it cannot have, or there is no such option."""

    def __init__(self, option: str, reason: str, *, wanted: str | None = None) -> None:
        super().__init__(f"{option}: {reason}")
        self.option = option
        """The option's name as it was told, with underscores."""
        self.reason = reason
        self.wanted = wanted
        """What the value must be; None if it is not the value that is wrong."""


@value
class Config:
    """Everything that a program which serves one application can be told."""

    host: str = "127.0.0.1"
    port: int = 8_000
    bind: tuple[Endpoint | Listener, ...] = ()
    """Takes the place of `host` and `port` if there is anything in it."""
    backlog: int = Bind().backlog
    unix_mode: int | None = None
    unix_user: int | str | None = None
    unix_group: int | str | None = None
    insecure_bind: tuple[Endpoint, ...] = ()
    """Where to listen besides, without TLS."""
    tls: TLSTerms = TLSTerms()
    proxies: ProxyTerms = ProxyTerms()
    loop: Loop = "asyncio"
    log_level: LogLevel | None = None
    """None is DEBUG for an application that is debugged, and INFO for others."""
    log_fmt: str | None = None
    """How a line of the log looks, as `logging.Formatter` wants it, or `"json"`."""
    log_config: str | None = None
    """A file that says all about logging, in place of the two above."""
    factory: bool = False
    """Whether what is named makes the application when it is called."""
    app_dir: str = ""
    """Where modules are looked for besides; the current directory if it is empty."""
    env_file: str | None = None
    """Which sets environment variables before the application is loaded."""
    reload: bool = False
    """Whether workers are started anew when the code was saved."""
    reload_dir: tuple[str, ...] = ()
    """Where it is; the current directory if there is nothing in it."""
    workers: WorkerSettings = WorkerSettings()
    """With none, the program itself serves."""
    root_path: str = ""
    lifespan: LifespanMode = "auto"
    startup_timeout: float | None = LifespanTimeouts().startup
    ws_per_message_deflate: bool = True
    """As in uvicorn."""
    app: AppSettings = AppSettings()
    """For an application of the framework; an ASGI application has settings of its own."""
    server: ServerSettings = ServerSettings()

    @property
    def binds(self) -> tuple[Endpoint, ...]:
        """Where to listen."""
        return tuple(listener.endpoint for listener in self.listeners)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Where to listen, and how those are treated who connect there."""
        told = self.bind or (Bind(host=self.host, port=self.port),)
        tls = self.tls.settings()
        return (
            *(self._listener(bind, tls) for bind in told),
            *(self._listener(bind, None) for bind in self.insecure_bind),
        )

    def _listener(self, bind: Endpoint | Listener, tls: TLSSettings | None) -> Listener:
        if isinstance(bind, Listener):
            # It has been told everything.
            return bind
        return Listener(
            endpoint=self._completed(bind),
            tls=tls,
            proxy_protocol=self.proxies.may_connect if self.proxies.protocol else None,
            forwarding=self.proxies.forwarding(),
            handshake_timeout=self.tls.handshake_timeout,
            proxy_timeout=self.proxies.timeout,
        )

    def _completed(self, endpoint: Endpoint) -> Endpoint:
        """What is told of all endpoints of a kind, in those that are not told otherwise."""
        match endpoint:
            case Bind(backlog=backlog) if backlog == Bind().backlog:
                return dataclasses.replace(endpoint, backlog=self.backlog)
            case UnixBind(backlog=backlog, mode=mode, user=user, group=group):
                return dataclasses.replace(
                    endpoint,
                    backlog=self.backlog if backlog == Bind().backlog else backlog,
                    mode=self.unix_mode if mode is None else mode,
                    user=self.unix_user if user is None else user,
                    group=self.unix_group if group is None else group,
                )
            case _:
                return endpoint

    @property
    def threshold(self) -> LogLevel:
        """The least level that is logged."""
        return self.log_level or ("DEBUG" if self.app.debug else "INFO")


def configure(options: Mapping[str, object]) -> Config:
    """Make a configuration of options, by name or another spelling. Raises ConfigError.

    A value may be given as the text that the command line would have.
    """
    config = Config()
    told_by: dict[str, str] = {}
    contents: dict[str, Any] = {}
    for name, told in options.items():
        option, content = _read(name, told)
        earlier = told_by.setdefault(option.name, name)
        if earlier == name:
            contents[option.name] = content
        elif option.repeatable:
            contents[option.name] += content
        else:
            raise ConfigError(name, f"says what {earlier} says too; give one of them")
    if "bind" in contents and not contents.keys().isdisjoint({"host", "port"}):
        raise ConfigError(told_by["bind"], "says host and port already; do not give those too")
    for name, needed in _NEED.items():
        if name in contents and not contents.get(needed):
            raise ConfigError(told_by[name], f"says nothing without {needed}")
    if contents.get("worker_num") == 0:
        for name in NEED_WORKERS & contents.keys():
            raise ConfigError(told_by[name], "needs a worker process, and worker_num says none")
    for option in OPTIONS:
        if option.name in contents:
            for field in option.fields:
                config = _changed(config, field, contents[option.name])
    _check_tls(config.tls, told_by)
    return config


def _check_tls(tls: TLSTerms, told_by: Mapping[str, str]) -> None:
    """Raise ConfigError if what is told of TLS does not fit together."""
    ours = [name for name in told_by if name.startswith("ssl_") and name != "ssl_cert"]
    if tls.certificate is None and ours:
        raise ConfigError(told_by[ours[0]], "says nothing without --ssl-cert, a certificate")
    asked = tls.client_certificates != "none"
    if asked and tls.client_ca is None:
        raise ConfigError(told_by["ssl_cert_reqs"], "needs --ssl-ca-certs, who signs for clients")
    if tls.client_ca is not None and not asked:
        raise ConfigError(told_by["ssl_ca_certs"], "needs --ssl-cert-reqs, optional or required")


def defaults_of(option: Option) -> tuple[object, ...]:
    """The value of each of its fields if an option is not given."""
    return tuple(functools.reduce(getattr, field.split("."), Config()) for field in option.fields)


def _read(name: str, told: object) -> tuple[Option, object]:
    """The option of that name or spelling, and what it is told."""
    try:
        option, spelling = _BY_NAME[name]
    except KeyError:
        known = ", ".join(option.name for option in OPTIONS)
        raise ConfigError(name, f"there is no such option; there are {known}") from None
    try:
        meant = told if spelling is None else spelling.means(told)
        return option, option.read(meant)
    except ValueError as error:
        reason = f"must be {error}, not {told!r}"
        raise ConfigError(name, reason, wanted=str(error)) from None


def _changed(thing: Any, field: str, content: object) -> Any:
    name, _, rest = field.partition(".")
    if rest:
        content = _changed(getattr(thing, name), rest, content)
    return dataclasses.replace(thing, **{name: content})
