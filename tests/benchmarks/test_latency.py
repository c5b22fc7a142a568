import pytest
from latency import percentile


@pytest.mark.parametrize(("share", "expected"), [(50, 51), (90, 91), (99, 100), (99.9, 100)])
def test_a_percentile_is_what_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile([float(each) for each in range(1, 101)], share) == expected


def test_one_figure_is_every_percentile() -> None:
    assert percentile([7.0], 99.9) == 7
