"""The routes of an application as a table for people: `tremolo routes APP`.

How routes are registered is said in `route_registry`, which of them a request
gets is decided in `routes`.
"""

import traceback

from . import loader
from .application import Application
from .exit_codes import ExitCode, complain
from .routes import Route
from .templates import Expression

__all__ = ("list_routes", "route_table")

_HEADINGS = ("METHODS", "PATH", "NAME", "HANDLER")


def list_routes(target: str) -> tuple[ExitCode, str]:
    """The exit code and the output of `tremolo routes`, for what an APP names.

    What goes wrong is said on standard error.
    """
    try:
        app = loader.load(target)
    except loader.ModuleFailed as error:
        traceback.print_exception(error.__cause__)
        complain(str(error))
        return ExitCode.APPLICATION, ""
    except loader.LoadError as error:
        complain(str(error))
        return ExitCode.FAILED, ""
    if not isinstance(app, Application):
        complain(f"{target!r} is no Tremolo application, and only of such the routes are known")
        return ExitCode.FAILED, ""
    return ExitCode.OK, route_table(app)


def route_table(app: Application) -> str:
    """One line for each route, in the order of registration, what is mounted included.

    Of several for a request a literal path wins, then the last line.
    """
    rows = [_HEADINGS, *map(_row, app.routes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )


def _row(route: Route) -> tuple[str, str, str, str]:
    methods = b"*" if route.methods is None else b",".join(sorted(route.methods))
    path = route.path
    if isinstance(route.pattern, Expression) and route.pattern.prefix:
        prefix = b"/".join(route.pattern.prefix).decode("utf-8", "replace")
        path = f"/{prefix} {path}"
    return methods.decode("ascii"), path, route.name or "-", route.plan.name
