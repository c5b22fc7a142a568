import sys
from pathlib import Path
from typing import Any

import instructions
import pytest
from instruction_baseline import Change, here

KEPT: dict[str, Any] = {
    "3.11": {"why": "the first figures", "changed": "2026-01-01", **here(), "counts": {"GET": 100}}
}


def test_the_total_of_a_profile_is_found() -> None:
    profile = (
        "version: 1\nevents: Ir\nsummary: 3947722475\n\nfn=(1) main\n12 3\n\ntotals: 3947722475\n"
    )
    assert instructions.total(profile) == 3_947_722_475
    with pytest.raises(ValueError, match="without a total"):
        instructions.total("version: 1\n")


def test_what_grew_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [Change(name="GET", now=200, before=100), Change(name="POST", now=1, before=1)]
    with pytest.raises(SystemExit, match=r"more than 5 % grew: GET\. ") as failed:
        instructions.judge(KEPT, "3.11", changes)
    assert "POST" not in str(failed.value)
    assert capsys.readouterr().out == "baseline of 2026-01-01: the first figures\n"


def test_another_version_of_what_we_stand_on_is_pointed_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    older = {"3.11": {**KEPT["3.11"], "versions": {**here()["versions"], "h11": "0.1"}}}
    with pytest.raises(SystemExit, match="GET"):
        instructions.judge(older, "3.11", [Change(name="GET", now=200, before=100)])
    assert "note that h11 was 0.1, here it is" in capsys.readouterr().out


def test_nothing_that_grew_is_no_failure() -> None:
    instructions.judge(KEPT, "3.11", [Change(name="GET", now=50, before=100)])


def test_what_has_no_baseline_cannot_pass() -> None:
    with pytest.raises(SystemExit, match="not in the baseline: POST"):
        instructions.judge(KEPT, "3.11", [Change(name="POST", now=1, before=None)])
    with pytest.raises(SystemExit, match=r"no baseline for Python 3\.99"):
        instructions.judge(KEPT, "3.99", [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing of that name"], "nothing of that name"),
        (["--update", " "], "say why"),
        ([], "apt-get install valgrind"),
    ],
)
def test_one_line_says_what_is_missing(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["instructions.py", *arguments])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit, match=said) as failed:
        instructions.main()
    assert "\n" not in str(failed.value)
