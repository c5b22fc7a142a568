"""Small functions that applications written for nggit/tremolo import; nothing here uses them."""

from .arguments import parse_args
from .dates import log_date, server_date
from .functions import getoptions, is_async, to_sync
from .machine import file_signature, memory_usage
from .text import html_escape, parse_fields, parse_int

__all__ = (
    "file_signature",
    "getoptions",
    "html_escape",
    "is_async",
    "log_date",
    "memory_usage",
    "parse_args",
    "parse_fields",
    "parse_int",
    "server_date",
    "to_sync",
)
