from typing import Any

import pytest
import verdicts
from figure import CPU
from floors import FLOORS, PEERS, Floor, wanted
from rows import ROWS
from servers import SERVERS
from suite import able


def server(*figures: float, cpu: tuple[float, ...] = ()) -> dict[str, Any]:
    return {"all": list(figures), "beside": {CPU: {"all": list(cpu)}} if cpu else {}}


def row(**servers: dict[str, Any]) -> dict[str, Any]:
    return {"title": "Hello", "servers": {name.replace("_", "-"): s for name, s in servers.items()}}


H11 = Floor(row="hello", against=("uvicorn",), floor=3, goal=4)


def test_a_ratio_is_that_of_a_round() -> None:
    # The third round was slow for everybody; the medians of each side would give 3.
    measured = row(ours_asyncio=server(30, 40, 4), uvicorn=server(10, 10, 1))
    verdict = verdicts.judge(H11, measured)
    assert list(verdict.found) == [3, 4, 4]
    assert verdict.median == 4


@pytest.mark.parametrize(
    ("ours", "word"), [(29, "NOT REACHED"), (30, "reached"), (40, "goal reached")]
)
def test_more_is_better_for_rates(ours: float, word: str) -> None:
    measured = row(ours_asyncio=server(ours), uvicorn=server(10))
    assert verdicts.judge(H11, measured).word == word


@pytest.mark.parametrize(
    ("ours", "word"), [(10, "goal reached"), (13, "reached"), (14, "NOT REACHED")]
)
def test_less_is_better_for_memory(ours: float, word: str) -> None:
    floor = Floor(row="idle", against=("uvicorn",), floor=1.3, goal=1, at_most=True)
    measured = row(ours_asyncio=server(ours), uvicorn=server(10))
    assert verdicts.judge(floor, measured).word == word


def test_of_several_the_one_that_comes_closest_counts() -> None:
    more = Floor(row="download", against=("a", "b", "missing"), floor=1)
    measured = row(ours_asyncio=server(10, 10), a=server(5, 5), b=server(20, 20))
    assert verdicts.judge(more, measured).against == "b"
    assert verdicts.judge(more, measured).median == 0.5
    less = Floor(row="latency", against=("a", "b"), floor=1, at_most=True)
    assert verdicts.judge(less, measured).against == "a"


def test_where_it_is_said_the_medians_are_compared_and_not_the_rounds() -> None:
    measured = row(ours_asyncio=server(1, 9, 2), a=server(4, 1, 4), b=server(0.1, 5, 5))
    by_rounds = Floor(row="latency", against=("a", "b"), at_most=True)
    assert verdicts.judge(by_rounds, measured).median == 1.8
    floor = Floor(row="latency", against=("a", "b"), floor=0.5, at_most=True, of_medians=True)
    verdict = verdicts.judge(floor, measured)
    assert (verdict.against, verdict.median, verdict.word) == ("a", 0.5, "reached")
    assert verdict.found == (0.25, 9, 0.5), "the spread is that of the rounds"


def test_what_is_not_compared_is_itself_the_figure() -> None:
    floor = Floor(row="idle-tls", floor=58, at_most=True)
    verdict = verdicts.judge(floor, row(ours_asyncio=server(60, 27, 28)))
    assert (verdict.median, verdict.word) == (28, "reached")


@pytest.mark.parametrize("servers", [{}, {"uvicorn": server(1)}, {"ours_asyncio": server(1)}])
def test_what_was_not_measured_was_not_reached(servers: dict[str, Any]) -> None:
    verdict = verdicts.judge(H11, row(**servers))
    assert verdict.word == "not measured"
    line = "| Hello | ours-asyncio | uvicorn |  |  |  | 3.00 | 4.00 | not measured |"
    assert verdicts.markdown([verdict], {})[2:] == [line]


def test_no_floor_is_only_reported() -> None:
    floor = Floor(row="churn", against=("granian",))
    measured = row(ours_asyncio=server(1), granian=server(2))
    assert verdicts.judge(floor, measured).word == "reported"


def test_processor_time_is_compared_the_other_way_round() -> None:
    measured = row(ours_asyncio=server(10, cpu=(50, 50)), uvicorn=server(10, cpu=(100, 200)))
    assert verdicts.judge(H11, measured).cpu == 3


def test_only_what_was_measured_has_a_verdict() -> None:
    [verdict] = verdicts.verdicts([H11, Floor(row="post")], {"hello": row()})
    assert verdict.floor is H11


def test_both_tables_have_a_line_for_each() -> None:
    titles = {"ours-asyncio": "Tremolo, asyncio", "uvicorn": "uvicorn, asyncio, h11"}
    measured = row(
        ours_asyncio=server(35, 36, 37, cpu=(1, 1, 1)), uvicorn=server(10, 10, 10, cpu=(4, 4, 4))
    )
    found = [verdicts.judge(H11, measured)]
    line = (
        "| Hello | Tremolo, asyncio | uvicorn, asyncio, h11 "
        "| 3.60 | 3.50 to 3.70 | 4.00 | 3.00 | 4.00 | reached |"
    )
    assert verdicts.markdown(found, titles)[2:] == [line]
    assert verdicts.text(found, titles)[1].split()[-7:] == [
        *("3.50", "to", "3.70", "4.00", "3.00", "4.00", "reached")
    ]


def test_every_peer_is_named_as_such() -> None:
    floor = Floor(row="hello", against=PEERS, floor=1)
    found = [verdicts.judge(floor, row(ours_asyncio=server(2), granian=server(1)))]
    assert "| every peer; closest granian |" in verdicts.markdown(found, {})[2]


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: f"{floor.row}-{floor.ours}")
def test_a_floor_names_servers_that_can_do_its_work(floor: Floor) -> None:
    assert floor.at_most == ROWS[floor.row].less_is_better
    for name in {floor.ours, *floor.against}:
        assert name in SERVERS
        assert able(name, floor.row)
    assert {floor.ours, *floor.against} <= wanted(floor.row)


def test_a_row_without_a_floor_has_the_usual_few() -> None:
    assert {"ours-asyncio", "uvicorn"} <= wanted("startup")
