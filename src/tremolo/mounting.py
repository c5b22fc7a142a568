"""Applications below a prefix of others: where they are, whole and unchanged.

What becomes of the prefix is decided by each part of an application: `routes`,
`middlewares`, `error_handlers`. What is no application of the framework becomes
one route, by `foreign`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tremolo_core import value

from .routes import Route

if TYPE_CHECKING:
    from .application import Application

__all__ = ("Mount", "mounted_below")


@value
class Mount:
    """An application below a prefix of another."""

    prefix: str
    app: "Application"
    isolate: bool = True
    """Whether the middlewares around it do not run for it, if it has some of its own."""

    def routes(self) -> Iterator[Route]:
        """Yield its routes, as they are below the prefix."""
        for route in self.app.routes:
            yield route.below(self.prefix)


def mounted_below(app: "Application") -> Iterator["Application"]:
    """Yield `app`, the applications that are mounted in it, and so on; each once."""
    found = [app]
    for one in found:
        for mount in one.mounts:
            if mount.app not in found:
                found.append(mount.app)
        yield one
