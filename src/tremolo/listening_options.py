"""The options that say where a server listens.

What a connection may then do is said in `limit_options`.
"""

from tremolo_transport.endpoints import Bind

from .option import Option
from .option_values import read_addresses, read_port, read_text

__all__ = ("LISTENING_OPTIONS",)


def _read_binds(told: object) -> tuple[Bind, ...]:
    return tuple(Bind(host=host, port=port) for host, port in read_addresses(told))


LISTENING_OPTIONS: tuple[Option, ...] = (
    Option(
        name="bind",
        fields=("bind",),
        read=_read_binds,
        unit="HOST:PORT[,...]",
        help="where to listen, instead of --host and --port; can be repeated. An IPv6 address"
        " stands in brackets; without a host it is every interface",
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
)
