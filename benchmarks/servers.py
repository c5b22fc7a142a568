"""The servers that the suite compares: what to install for each, and how each is started."""

from dataclasses import dataclass, replace
from pathlib import Path

__all__ = ("SERVERS", "SWITCHES", "WORKERS", "Server")

APPS = Path(__file__).with_name("apps")
APP = "asgi_app:app"


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server with one event loop, its access log off."""

    title: str
    packages: tuple[str, ...] = ()
    """What pip installs in an environment of its own; nothing for our own environment."""
    asgi: tuple[str, ...] = ()
    """The interpreter's arguments that serve the ASGI application; nothing where it cannot."""
    tls: tuple[str, ...] = ()
    """What is added for TLS; nothing where it cannot be."""
    tls_instead: bool = False
    """Whether `tls` takes the place of `asgi`."""
    framework: tuple[str, ...] = ()
    """The same for the framework's application."""
    program: str = ""
    """What runs instead of an interpreter; the server is left out where that is not installed."""
    configuration: str = ""
    """What stands in the file {configuration}."""
    rows: tuple[str, ...] = ()
    """The only rows that it is there for; all, if there are none."""


def _ours(loop: str) -> Server:
    program = (
        *("-m", "tremolo", "--loop", loop, "--log-level", "ERROR", "--no-access-log"),
        *("--keepalive-timeout", "600", "--bind", "127.0.0.1:{port}"),
    )
    return Server(
        title=f"Tremolo, {loop}",
        asgi=(*program, str(APPS / "asgi_app.py:app")),
        tls=("--ssl-cert", "{cert}", "--ssl-key", "{key}"),
        framework=(
            *(*program, "--client-max-body-size", "none"),
            str(APPS / "framework_app.py:app"),
        ),
    )


def _switched(title: str, *options: str) -> Server:
    """Ours on asyncio as in every other row, but for one thing."""
    return replace(
        _ours("asyncio"),
        title=f"Tremolo, asyncio, {title}",
        # Of two options of one name the latter counts.
        asgi=(*_ours("asyncio").asgi[:-1], *options, str(APPS / "asgi_app.py:app")),
        rows=("switches",),
    )


_TIMEOUTS = (
    *("request-timeout", "keepalive-timeout", "body-timeout", "body-min-rate"),
    *("write-timeout", "app-close-timeout"),
)

SWITCHES: dict[str, Server] = {
    "switch-access-log": _switched("with the access log", "--log-level", "INFO", "--access-log"),
    "switch-ceilings": _switched(
        "with ceilings on connections, requests and bodies",
        *("--max-connections", "100000", "--limit-concurrency", "100000"),
        *("--keepalive-requests", "1000000000", "--client-max-body-size", "1000000"),
    ),
    "switch-timeouts": _switched(
        "without time-outs",
        *[word for name in _TIMEOUTS for word in (f"--{name}", "none")],
    ),
    "switch-task": _switched(
        "with a task for each request, not a context only", "--task-per-request"
    ),
    "switch-proxies": _switched("without trusted proxies", "--no-proxy-headers"),
    "switch-rate": _switched(
        "with rate limits", *("--download-rate", "100000000000"), *("--upload-rate", "100000000000")
    ),
}
"""Each is to be compared with `ours-asyncio`."""

WORKERS: dict[str, Server] = {
    f"workers-{loop}": replace(
        _ours(loop),
        title=f"Tremolo, {loop}, two workers",
        asgi=(*_ours(loop).asgi[:-1], "--workers", "2", str(APPS / "asgi_app.py:app")),
        rows=("workers",),
    )
    for loop in ("asyncio", "uvloop", "trio")
}
"""Each is to be compared with ours on the same loop, which has one worker."""

_NGINX = """\
worker_processes 1; daemon off; pid nginx.pid; error_log stderr;{user} events {{ }}
http {{
    access_log off; sendfile on; keepalive_timeout 600;
    server {{ listen 127.0.0.1:{port}; location = /file {{ alias {file}; }} }}
}}
"""


def _uvicorn(title: str, package: str, loop: str, http: str) -> Server:
    return Server(
        title=title,
        packages=(package, "websockets"),
        asgi=(
            *("-m", "uvicorn", "--loop", loop, "--http", http, "--log-level", "error"),
            *("--no-access-log", "--timeout-keep-alive", "600", "--port", "{port}", APP),
        ),
        tls=("--ssl-certfile", "{cert}", "--ssl-keyfile", "{key}"),
    )


def _corn(name: str, package: str, worker: str) -> Server:
    return Server(
        title=f"{name}, {worker}",
        packages=(package, "trio"),
        asgi=(
            *("-m", name, "--worker-class", worker, "--log-level", "ERROR"),
            *("--keep-alive", "600", "--bind", "127.0.0.1:{port}", APP),
        ),
        tls=("--certfile", "{cert}", "--keyfile", "{key}"),
    )


_DAPHNE = ("-m", "daphne", "-v", "0", "-t", "600")

SERVERS: dict[str, Server] = {
    "limit": Server(title="bare asyncio.Protocol", asgi=(str(APPS / "limit.py"), "{port}")),
    "ours-asyncio": _ours("asyncio"),
    "ours-uvloop": _ours("uvloop"),
    "ours-trio": _ours("trio"),
    "uvicorn": _uvicorn("uvicorn, asyncio, h11", "uvicorn", "asyncio", "h11"),
    "uvicorn-standard": _uvicorn(
        "uvicorn, uvloop, httptools", "uvicorn[standard]", "uvloop", "httptools"
    ),
    "granian": Server(
        title="granian, uvloop",
        packages=("granian[uvloop]",),
        asgi=(
            *("-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--log-level", "error"),
            # As many connections as the row of idle ones needs.
            *("--backlog", "4096", "--backpressure", "4096"),
            *("--http", "1", "--port", "{port}", APP),
        ),
        tls=("--ssl-certificate", "{cert}", "--ssl-keyfile", "{key}"),
    ),
    "hypercorn": _corn("hypercorn", "hypercorn", "asyncio"),
    "hypercorn-trio": _corn("hypercorn", "hypercorn", "trio"),
    "anycorn": _corn("anycorn", "anycorn", "asyncio"),
    "anycorn-trio": _corn("anycorn", "anycorn", "trio"),
    "daphne": Server(
        title="daphne",
        packages=("daphne", "twisted[tls]"),
        asgi=(*_DAPHNE, "-p", "{port}", APP),
        tls=(
            *(*_DAPHNE, "-e"),
            "ssl:{port}:privateKey={key}:certKey={cert}:interface=127.0.0.1",
            APP,
        ),
        tls_instead=True,
    ),
    "nggit": Server(
        title="nggit/tremolo, asyncio",
        packages=("tremolo==0.5.3",),
        asgi=(
            *("-m", "tremolo", "--log-level", "ERROR", "--bind", "127.0.0.1:{port}"),
            # Its bounds are meant for the internet: without them it is faster.
            *("--download-rate", "100000000000", "--upload-rate", "100000000000"),
            *("--client-max-body-size", "100000000000", "--keepalive-timeout", "600"),
            *("--keepalive-connections", "100000", APP),
        ),
        tls=("--ssl-cert", "{cert}", "--ssl-key", "{key}"),
        framework=(str(APPS / "framework_app.py"), "{port}"),
    ),
    "nginx": Server(
        title="nginx",
        program="nginx",
        asgi=("-c", "{configuration}", "-p", "{directory}", "-e", "stderr"),
        configuration=_NGINX,
        rows=("file",),
    ),
    **SWITCHES,
    **WORKERS,
}
