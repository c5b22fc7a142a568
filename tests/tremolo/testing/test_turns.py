import anyio
import pytest
from anyio.lowlevel import checkpoint

from tremolo.testing.turns import TURNS, let_others_run


@pytest.mark.anyio
async def test_others_have_many_turns_and_no_time_passes_for_it() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await checkpoint()

    async with anyio.create_task_group() as group:
        group.start_soon(count)
        await let_others_run()
        group.cancel_scope.cancel()
    assert TURNS - 1 <= turns <= TURNS + 1
