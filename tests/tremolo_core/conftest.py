"""What the core's tests share: that a conversation is the same with either engine."""

from collections.abc import Iterator

import pytest

from tremolo_core import Connection


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "h11"])
def fast_path(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether each Connection has the fast path that is not told so itself: yes, then no."""
    chosen: bool = request.param
    defaults = Connection.__init__.__kwdefaults__
    assert defaults is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(defaults, "fast_path", chosen)
        yield chosen
