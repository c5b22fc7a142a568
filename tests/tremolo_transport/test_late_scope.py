"""What stands in for a cancel scope, where no task runs."""

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_transport.late_scope import LateScope, begun

pytestmark = pytest.mark.anyio


async def test_the_scope_is_cancelled_if_what_stands_in_for_it_was() -> None:
    late = LateScope()
    late.cancel()
    assert late.cancel_called
    with begun(late) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_else_it_is_a_scope_like_others() -> None:
    with begun(LateScope()) as scope:
        await checkpoint()
        assert not scope.cancel_called
        scope.cancel()
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_what_is_a_scope_already_is_left_alone() -> None:
    scope = CancelScope()
    assert begun(scope) is scope
