"""Where a server can listen: addresses, paths, and sockets that others have opened.

How those are treated who connect there is said in `settings`; the sockets are
opened in `listeners`.
"""

from typing import TypeAlias

from tremolo_core import value

__all__ = ("Bind", "DescriptorBind", "Endpoint", "SystemdBind", "UnixBind")


@value
class Bind:
    """A TCP address to listen on."""

    host: str = "127.0.0.1"
    """An IP address or a name; `""` is every interface, IPv4 and IPv6.

    `"::"` is the same with one socket for both, where the system has such.
    """
    port: int = 8_000
    """0 lets the kernel choose."""
    backlog: int = 2_048
    """Connections that the kernel may hold before they are accepted; its own limit is lower."""
    reuse_port: bool = False
    """Whether other sockets of this user may listen there too, each with a queue of its own."""

    def __str__(self) -> str:
        """The address, as in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host or "*"
        return f"{host}:{self.port}"


@value
class UnixBind:
    """A unix socket to listen on.

    A socket that was left at its path is replaced, unless somebody listens
    there. When the server ends it removes the path, if that is still its own.
    """

    path: str
    """On Linux, a first `@` makes it a name that no file system knows."""
    mode: int | None = None
    """Its permissions, such as 0o660; None is what the process's umask leaves of 0o777.

    Whoever may write to it may connect, and is trusted by default about other
    clients, see `Listener.forwarding`.
    """
    user: int | str | None = None
    """Who is to own it, by number or name; None is the process's own user."""
    group: int | str | None = None
    """The group that is to own it, by number or name; None is the process's own."""
    backlog: int = 2_048
    """As that of `Bind`."""

    def __str__(self) -> str:
        """The path, as the command line has it."""
        return f"unix:{self.path}"


@value
class DescriptorBind:
    """A socket that the process has inherited: it listens already, of whatever family it is.

    The server takes the descriptor over, and closes it when it ends.
    """

    descriptor: int

    def __str__(self) -> str:
        """The descriptor, as the command line has it."""
        return f"fd://{self.descriptor}"


@value
class SystemdBind:
    """The sockets that systemd has opened for the process, see `systemd.socket(5)`."""

    name: str | None = None
    """Only those that the unit calls so (`FileDescriptorName=`); None is all of them."""

    def __str__(self) -> str:
        """As the command line has it."""
        return "systemd" if self.name is None else f"systemd:{self.name}"


Endpoint: TypeAlias = Bind | UnixBind | DescriptorBind | SystemdBind
"""One place to listen at, which may be several sockets."""
