"""The options that say how many processes serve, and when one of them is replaced.

They are a program's; a server inside somebody's program has none of them.
"""

from .option import Option, Spelling
from .option_values import (
    read_count_or_none,
    read_flag,
    read_seconds,
    read_texts,
    read_whole,
    read_workers,
)

__all__ = ("NEED_WORKERS", "WORKER_OPTIONS")

WORKER_OPTIONS: tuple[Option, ...] = (
    Option(
        name="worker_num",
        fields=("workers.number",),
        read=read_workers,
        unit="NUMBER",
        help="how many worker processes serve, negative for one on each processor; with 0 the"
        " program itself serves",
        spellings=(Spelling(name="workers", unit="NUMBER"),),
    ),
    Option(
        name="reuse_port",
        fields=("workers.reuse_port",),
        read=read_flag,
        help="whether each worker has a queue of its own for TCP connections, which spreads them"
        " evenly, or all accept from one",
    ),
    Option(
        name="limit_memory",
        fields=("workers.limit_memory",),
        read=read_count_or_none,
        unit="KIB",
        help="how much memory a worker may have (resident, in KiB) before another takes its"
        " place; 0 for any amount",
    ),
    Option(
        name="limit_max_requests",
        fields=("workers.limit_requests",),
        read=read_count_or_none,
        unit="NUMBER",
        help="how many requests a worker answers before another takes its place; 0 for any number",
    ),
    Option(
        name="limit_max_requests_jitter",
        fields=("workers.limit_requests_jitter",),
        read=read_whole,
        unit="NUMBER",
        help="up to so many more, a number by chance, so that not all are replaced at once",
    ),
    Option(
        name="worker_healthcheck_timeout",
        fields=("workers.healthcheck",),
        read=read_seconds,
        unit="SECONDS",
        help="how long a worker's event loop may be blocked before another takes its place,"
        " counted from when it is ready; `none` for ever",
        spellings=(Spelling(name="timeout_worker_healthcheck", unit="SECONDS"),),
    ),
    Option(
        name="reload",
        fields=("reload",),
        read=read_flag,
        help="for development: start the workers anew when Python code was saved, whatever they"
        " are doing (needs the extra `reload`)",
    ),
    Option(
        name="reload_dir",
        fields=("reload_dir",),
        read=read_texts,
        unit="DIRECTORY",
        help="where that code is, by default in the current directory and in --app-dir; can be"
        " repeated",
        repeatable=True,
    ),
)

NEED_WORKERS = frozenset(option.name for option in WORKER_OPTIONS) - {"worker_num"}
"""Those that mean nothing where the program itself serves."""
