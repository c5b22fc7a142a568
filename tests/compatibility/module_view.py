"""A module whose functions are handlers."""

from typing import Any


async def get(**server: Any) -> str:
    return "module"
