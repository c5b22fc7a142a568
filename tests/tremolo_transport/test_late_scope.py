"""What stands in for a cancel scope, where no task runs."""

import anyio
import pytest
from anyio import CancelScope
from anyio.lowlevel import checkpoint

from tremolo_transport.late_scope import LateScope

pytestmark = pytest.mark.anyio


async def test_the_scope_is_cancelled_if_what_stands_in_for_it_was() -> None:
    late = LateScope()
    late.cancel()
    assert late.cancel_called
    with late.begin() as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught


async def test_else_it_is_a_scope_like_others() -> None:
    late = LateScope()
    with late.begin() as scope:
        await checkpoint()
        assert not scope.cancel_called
        late.cancel()
        await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert late.cancel_called


async def test_it_stands_in_for_any_scope_whose_time_is_its_own() -> None:
    late = LateScope()
    given = CancelScope(deadline=anyio.current_time())
    with late.begin(given) as scope:
        await anyio.sleep_forever()
    assert scope is given
    assert scope.cancelled_caught
    assert not late.cancel_called
