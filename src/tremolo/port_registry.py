"""The places that an application is to listen at, each with options of its own.

What `Application.run` is told applies to all of them, and where a place is told
otherwise, that counts there.
"""

import dataclasses
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from tremolo_transport.endpoints import Bind, Endpoint, UnixBind
from tremolo_transport.settings import Listener

__all__ = ("Place", "PortRegistry")

Place: TypeAlias = tuple[str | None, int | None]
"""A host, None for that of the run, and a port; or the path of a unix socket, and None."""

_OWN = ("backlog", "proxies.", "server.limits.", "server.timeouts.", "tls.", "unix_")
"""Where in a configuration that stands which each place may say for itself."""


class PortRegistry:
    """What `listen` was called with."""

    def __init__(self) -> None:
        self._ports: dict[Place, dict[str, Any]] = {}

    @property
    def ports(self) -> Mapping[Place, Mapping[str, Any]]:
        """By host and port, or by path and None, the options of each place."""
        return MappingProxyType(self._ports)

    def listen(
        self, port: int | str | os.PathLike[str], host: str | None = None, **options: Any
    ) -> bool:
        """Have `run` listen there too. False, and nothing changes, if it does so already.

        `port` may also be the path of a unix socket, which ends with `.sock`:
        that is added if it is missing. Without `host` it is that of `run`.
        `options` are limits, time-outs, TLS and the like, for this place alone.

        Raises TypeError for what one place cannot have of its own, and ValueError for
        digits in a text, which may be meant as a port; `run` raises ValueError for a
        value that cannot be.
        """
        from . import config
        from .predecessor_options import translated

        options = translated(options)
        unknown = options.keys() - _names_of_own(config.OPTIONS)
        if unknown:
            raise TypeError(f"one place cannot have {', '.join(sorted(unknown))} of its own")
        if isinstance(port, int):
            key: Place = (host, port)
        else:
            path = os.fspath(port)
            if path.isdecimal():
                raise ValueError(
                    f"{path!r} is a text: a port is a number, and the path of a unix socket"
                    f" of that name is {f'./{path}'!r}"
                )
            key = (path if path.endswith(".sock") else f"{path}.sock", None)
        if key in self._ports:
            return False
        self._ports[key] = options
        return True

    def _listeners(self, host: str | None, options: Mapping[str, Any]) -> list[Listener]:
        """All places, for a run on `host` with these options."""
        from . import config

        common = {name: options[name] for name in options.keys() & _names_of_own(config.OPTIONS)}
        found: list[Listener] = []
        for (place, port), own in self.ports.items():
            endpoint: Endpoint
            if port is None:
                endpoint = UnixBind(path=place or "")
            else:
                endpoint = Bind(host=place or host or "127.0.0.1", port=port)
            told = config.configure({**common, **own, "bind": [endpoint]})
            found += [
                dataclasses.replace(each, limits=told.server.limits, timeouts=told.server.timeouts)
                for each in told.listeners
            ]
        return found


def _names_of_own(options: Any) -> set[str]:
    return {
        name
        for option in options
        if all(field.startswith(_OWN) for field in option.fields)
        for name in option.names
    }
