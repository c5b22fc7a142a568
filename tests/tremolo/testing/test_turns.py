import anyio
import pytest

from tests.turns import Turns
from tremolo.testing.turns import TURNS, let_others_run


@pytest.mark.anyio
async def test_others_have_many_turns_and_no_time_passes_for_it() -> None:
    turns = Turns()

    async with anyio.create_task_group() as group:
        group.start_soon(turns.run)
        await let_others_run()
        group.cancel_scope.cancel()
    assert TURNS - 1 <= turns.count <= TURNS + 1
