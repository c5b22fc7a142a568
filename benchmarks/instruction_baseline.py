"""What each kind of work took when somebody last said that it may: the instructions' baseline.

A file keeps it, for each version of Python apart, with the reason of its last
change. This module reads, compares and writes; `instructions` counts.
"""

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

__all__ = ("BASELINE", "Change", "compare", "differences", "here", "read", "updated", "write")

BASELINE = Path(__file__).with_name("instructions.json")
ALLOWED = 0.05
"""A count may grow by this share of itself."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """The count of one kind of work, now and in the baseline."""

    name: str
    now: int
    before: int | None
    """None where the baseline does not have it."""

    @property
    def share(self) -> float:
        """By how much of itself it grew; negative where it shrank."""
        return 0.0 if self.before is None else self.now / self.before - 1

    @property
    def grew(self) -> bool:
        """Whether it grew by more than may be."""
        return self.before is not None and self.now > self.before * (1 + ALLOWED)

    @property
    def line(self) -> str:
        """What is printed."""
        figures = f"{self.name:30} {self.now:12,d}"
        if self.before is None:
            return f"{figures}  not in the baseline"
        shrank = self.now < self.before * (1 - ALLOWED)
        verdict = "  GREW" if self.grew else "  shrank" if shrank else ""
        return f"{figures} {self.before:12,d} {self.share:+8.1%}{verdict}"


def compare(counts: Mapping[str, int], baseline: Mapping[str, int]) -> list[Change]:
    """Each count beside that of the baseline."""
    return [Change(name=name, now=now, before=baseline.get(name)) for name, now in counts.items()]


def here() -> dict[str, Any]:
    """What counts depend on besides our own code."""
    return {
        "python": f"{platform.python_version()} ({platform.python_compiler()})",
        "architecture": platform.machine(),
        "versions": {name: metadata.version(name) for name in ("anyio", "h11", "trio", "wsproto")},
    }


def differences(made: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """In what the baseline's surroundings were others than these."""
    before = {**made, **made.get("versions", {})}
    after = {**now, **now.get("versions", {})}
    return [
        f"{name} was {before.get(name)}, here it is {found}"
        for name, found in after.items()
        if name != "versions" and before.get(name) != found
    ]


def read(path: Path = BASELINE) -> dict[str, Any]:
    """The baselines by version of Python, such as "3.11"."""
    if not path.exists():
        return {}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def updated(
    kept: Mapping[str, Any], python: str, counts: Mapping[str, int], why: Mapping[str, Any]
) -> dict[str, Any]:
    """`kept` with these counts for that Python; counts of other work stay as they were."""
    before = kept.get(python, {}).get("counts", {})
    entry = {**why, "counts": {**before, **counts}}
    return dict(sorted({**kept, python: entry}.items()))


def write(kept: Mapping[str, Any], path: Path = BASELINE) -> None:
    """Keep the baselines."""
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
