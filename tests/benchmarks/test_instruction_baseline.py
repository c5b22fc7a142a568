from pathlib import Path

import instruction_baseline
from instruction_baseline import Change


def test_five_percent_may_be_added_and_no_more() -> None:
    within, beyond = instruction_baseline.compare(
        {"GET": 10_500, "POST": 10_501}, {"GET": 10_000, "POST": 10_000}
    )
    assert not within.grew
    assert beyond.grew
    assert "GREW" not in within.line
    assert beyond.line.split() == ["POST", "10,501", "10,000", "+5.0%", "GREW"]


def test_what_shrank_is_said_and_is_no_growth() -> None:
    [change] = instruction_baseline.compare({"GET": 500}, {"GET": 1_000, "POST": 1})
    assert change == Change(name="GET", now=500, before=1_000)
    assert not change.grew
    assert change.line.endswith("-50.0%  shrank")


def test_what_the_baseline_does_not_have_did_not_grow() -> None:
    [change] = instruction_baseline.compare({"GET": 500}, {})
    assert change.before is None
    assert not change.grew
    assert change.line.endswith("not in the baseline")


def test_an_update_leaves_other_pythons_and_other_work_alone() -> None:
    kept = {
        "3.12": {"why": "first", "counts": {"GET": 1}},
        "3.11": {"why": "first", "counts": {"GET": 1, "POST": 2}},
    }
    after = instruction_baseline.updated(kept, "3.11", {"GET": 3}, {"why": "a new field"})
    assert after == {
        "3.11": {"why": "a new field", "counts": {"GET": 3, "POST": 2}},
        "3.12": {"why": "first", "counts": {"GET": 1}},
    }
    assert list(after) == ["3.11", "3.12"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    assert instruction_baseline.read(path) == {}
    kept = instruction_baseline.updated({}, "3.11", {"GET": 3}, {"why": "first"})
    instruction_baseline.write(kept, path)
    assert instruction_baseline.read(path) == kept


def test_it_is_said_in_what_the_surroundings_differ() -> None:
    made = {"python": "3.11.1", "architecture": "x86_64", "versions": {"h11": "0.16", "trio": "1"}}
    now = {"python": "3.11.2", "architecture": "x86_64", "versions": {"h11": "0.17", "trio": "1"}}
    assert instruction_baseline.differences(made, now) == [
        "python was 3.11.1, here it is 3.11.2",
        "h11 was 0.16, here it is 0.17",
    ]
    assert instruction_baseline.differences(now, now) == []
    assert set(instruction_baseline.here()["versions"]) == {"anyio", "h11", "trio", "wsproto"}


def test_the_baseline_in_the_repository_says_why_it_is_as_it_is() -> None:
    kept = instruction_baseline.read()
    assert kept
    for entry in kept.values():
        assert entry["why"].strip()
        assert entry["changed"]
        assert all(count > 0 for count in entry["counts"].values())
