"""Nothing here is collected where the applications' frameworks are not installed."""

import importlib.metadata
import importlib.util

import pytest

__all__ = ()

DISTRIBUTIONS = (
    "starlette",
    "fastapi",
    "django",
    "channels",
    "quart",
    "quart-trio",
    "litestar",
    "falcon",
    "blacksheep",
    "python-socketio",
    "opentelemetry-instrumentation-asgi",
    "uvicorn",
    "hypercorn",
    "httpx",
    "websockets",
)

collect_ignore_glob = [] if importlib.util.find_spec("channels") else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which versions were tried."""
    if collect_ignore_glob:
        return
    terminalreporter.section("versions")
    for name in DISTRIBUTIONS:
        terminalreporter.write_line(f"{name} {importlib.metadata.version(name)}")
