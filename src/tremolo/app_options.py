"""The options that say how an application is run, and what its answers look like.

What peers may do is said in `limit_options`.
"""

from tremolo_transport.settings import ServerSettings

from .option import Option, Spelling
from .option_values import (
    read_count,
    read_flag,
    read_one_of,
    read_root_path,
    read_seconds,
    read_server_name,
    read_size,
    read_text,
)

__all__ = ("APP_OPTIONS",)


def _server_header(told: object) -> bytes:
    return ServerSettings().server_name if read_flag(told) else b""


APP_OPTIONS: tuple[Option, ...] = (
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
        name="startup_timeout",
        fields=("startup_timeout",),
        read=read_seconds,
        unit="SECONDS",
        help="how long an ASGI application may take to start up; by default, for ever",
    ),
    Option(
        name="thread_pool_size",
        fields=("app.thread_pool_size",),
        read=read_count,
        unit="NUMBER",
        help="how many plain functions of a Tremolo application run at the same time, each in a"
        " thread",
    ),
    Option(
        name="lock_file",
        fields=("app.lock_file",),
        read=read_text,
        unit="PATH",
        help="the file through which servers that are started apart share the locks of a Tremolo"
        " application; it is made if there is none",
    ),
    Option(
        name="buffer_size",
        fields=("app.buffer_size",),
        read=read_size,
        unit="BYTES",
        help="how much of a body a handler of a Tremolo application is given at a time, at most",
    ),
    Option(
        name="server_name",
        fields=("server.server_name",),
        read=read_server_name,
        unit="NAME",
        help="what answers say in their Server field; empty for no such field",
        spellings=(Spelling(name="server_header", means=_server_header),),
    ),
    Option(
        name="access_log",
        fields=("server.access_log",),
        read=read_flag,
        help="whether each request is logged, on the logger tremolo.access",
    ),
    Option(
        name="task_per_request",
        fields=("server.task_per_request",),
        read=read_flag,
        help="handle each request in a task of its own, for applications that tell requests apart"
        " by their tasks; it is slower",
    ),
    Option(
        name="date_header",
        fields=("server.date",),
        read=read_flag,
        help="whether answers say when they were made, in their Date field",
    ),
)
