import pytest
import suite
from figure import Figure
from rows import ROWS, Load, Row
from servers import SERVERS, SWITCHES, WORKERS

from tests.cases import for_each


def test_ours_is_all_that_begins_with_it() -> None:
    known = ["limit", "ours-asyncio", "ours-trio", "uvicorn", "uvicorn-standard"]
    assert suite.chosen("", known) == known
    assert suite.chosen("ours,uvicorn", known) == ["ours-asyncio", "ours-trio", "uvicorn"]
    with pytest.raises(SystemExit, match="'apache' is none of limit"):
        suite.chosen("apache", known)
    with pytest.raises(SystemExit, match="'uvi' is none of"):
        suite.chosen("uvi", known)


@for_each("row", ROWS)
def test_each_row_has_ours_in_both_profiles(row: str) -> None:
    every = list(SERVERS)
    quick = suite.servers_for(row, every, named_only=True)
    thorough = suite.servers_for(row, every, named_only=False)
    assert "ours-asyncio" in thorough
    assert any(name.startswith("ours-") for name in quick)
    assert set(quick) <= set(thorough)


def test_a_switched_feature_stands_beside_the_same_server_only() -> None:
    every = list(SERVERS)
    assert suite.servers_for("switches", every, named_only=False) == ["ours-asyncio", *SWITCHES]
    assert set(SWITCHES).isdisjoint(suite.servers_for("hello", every, named_only=False))


def test_nginx_sends_files_and_nothing_else() -> None:
    assert [row for row in ROWS if suite.able("nginx", row)] == ["file"]


def test_what_stands_beside_a_figure_has_a_spread_too() -> None:
    found = suite.described(
        [Figure(value=1, beside={"p50": 2}), Figure(value=3, beside={"p50": 4})]
    )
    assert found["all"] == [1, 3]
    assert found["median"] == 2
    assert found["beside"]["p50"]["highest"] == 4


def test_two_workers_stand_beside_one_on_the_same_loop_only() -> None:
    ours = ["ours-asyncio", "ours-uvloop", "ours-trio"]
    every = list(SERVERS)
    assert suite.servers_for("workers", every, named_only=True) == [*ours, *WORKERS]
    assert set(WORKERS).isdisjoint(suite.servers_for("hello", every, named_only=False))
    for loop in ("asyncio", "uvloop", "trio"):
        [*one, app] = SERVERS[f"ours-{loop}"].asgi
        assert WORKERS[f"workers-{loop}"].asgi == (*one, "--workers", "2", app)


class _Counted(suite.Suite):
    """Measures nothing, and says how often."""

    def __init__(self) -> None:
        self.load = Load(seconds=1)
        self.asked = 0

    def figure(self, row: Row, name: str, load: Load) -> Figure:
        self.asked += 1
        return Figure(value=1)


@pytest.mark.parametrize(("row", "rounds"), [("hello", 5), ("workers", 9)])
def test_a_row_may_ask_for_more_rounds_than_the_others(row: str, rounds: int) -> None:
    counted = _Counted()
    found = counted.measure(ROWS[row], ["ours-asyncio"], 5)
    assert len(found["servers"]["ours-asyncio"]["all"]) == rounds
    # And one to warm up.
    assert counted.asked == rounds + 1
