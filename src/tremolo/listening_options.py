"""The options that say where a server listens.

What a connection may then do is said in `limit_options`.
"""

from .bind_values import (
    read_binds,
    read_descriptor_bind,
    read_mode,
    read_owner,
    read_path_bind,
)
from .option import Option, Spelling
from .option_values import read_count, read_port, read_text

__all__ = ("LISTENING_OPTIONS",)

LISTENING_OPTIONS: tuple[Option, ...] = (
    Option(
        name="bind",
        fields=("bind",),
        read=read_binds,
        unit="ADDRESS[,...]",
        help="where to listen, instead of --host and --port; can be repeated. HOST:PORT with an"
        " IPv6 address in brackets, where no host is every interface; unix:PATH, or a path with a"
        " slash; fd://NUMBER for a socket that was inherited; systemd, or systemd:NAME, for those"
        " of its socket units",
        spellings=(
            Spelling(name="uds", unit="PATH", means=read_path_bind),
            Spelling(name="fd", unit="NUMBER", means=read_descriptor_bind),
        ),
        repeatable=True,
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
        name="insecure_bind",
        fields=("insecure_bind",),
        read=read_binds,
        unit="ADDRESS[,...]",
        help="where to listen besides, without TLS, as in --bind; for health checks, say",
        repeatable=True,
    ),
    Option(
        name="backlog",
        fields=("backlog",),
        read=read_count,
        unit="NUMBER",
        help="how many connections the system may hold before they are accepted",
    ),
    Option(
        name="unix_mode",
        fields=("unix_mode",),
        read=read_mode,
        unit="OCTAL",
        help="the permissions of unix sockets, such as 660; by default, what the umask leaves"
        " of 777. Whoever may write to one is trusted with --forwarded-allow-ips",
        spellings=(Spelling(name="uds_permissions", unit="OCTAL"),),
    ),
    Option(
        name="unix_user",
        fields=("unix_user",),
        read=read_owner,
        unit="USER",
        help="who is to own unix sockets, by name or number",
    ),
    Option(
        name="unix_group",
        fields=("unix_group",),
        read=read_owner,
        unit="GROUP",
        help="the group that is to own unix sockets, by name or number",
    ),
)
