import pytest
import suite
from figure import Figure
from rows import ROWS
from servers import SERVERS, SWITCHES

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
