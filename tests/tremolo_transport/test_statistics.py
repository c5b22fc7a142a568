"""A server's figures are a value."""

from tremolo_transport.statistics import Statistics


def test_equal_figures_are_equal() -> None:
    first, second = (
        Statistics(connections=1, requests=0, total_connections=n, total_requests=5) for n in (3, 4)
    )
    assert first != second
    assert len({first, second, first}) == 2
