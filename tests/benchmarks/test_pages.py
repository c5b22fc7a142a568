from pathlib import Path
from typing import Any

import pages

TITLES = {"ours-asyncio": "Tremolo, asyncio", "uvicorn": "uvicorn, asyncio, h11"}
README = "One.\n\n<!-- chart -->\n<!-- end of chart -->\n\nTwo.\n"


def figures(*found: float) -> dict[str, Any]:
    ranked = sorted(found)
    return {
        "median": ranked[len(ranked) // 2],
        "lowest": ranked[0],
        "highest": ranked[-1],
        "all": list(found),
    }


def results(**more: Any) -> dict[str, Any]:
    servers = {
        "ours-asyncio": {
            **figures(40_000, 41_000, 42_000),
            "beside": {"CPU, µs each": figures(24, 25, 26)},
        },
        "uvicorn": {**figures(9_000, 10_000, 11_000), "beside": {}},
    }
    row = {
        "title": "Hello",
        "unit": "requests/s",
        "less_is_better": False,
        "servers": servers,
        "failed": {},
    }
    return {
        "at": "2026-01-01T00:00:00+00:00",
        "commit": "0123456789ab",
        "python": "CPython 3.11.7",
        "machine": "Linux 6.1, 2 cores",
        "hardware": {"architecture": "x86_64", "cores": 2},
        "load_average_before": [0, 0, 0],
        "load_average_after": [1, 1, 1],
        "load_generator": "wrk",
        "pinned": True,
        "options": {"rounds": 3, "seconds": 1.0, "mib": 64},
        "servers": {
            "ours-asyncio": {"title": "", "versions": {"tremolo-anyio": "0.1", "pip": "25"}},
            "uvicorn": {"title": "", "versions": {"uvicorn": "0.40"}},
        },
        "rows": {"hello": {**row, **more}},
    }


def test_the_best_stands_first_and_what_is_missing_is_left_empty() -> None:
    assert pages.table(results()["rows"]["hello"], TITLES) == [
        "| server | median, requests/s | lowest to highest | CPU, µs each |",
        "| --- | ---: | ---: | ---: |",
        "| Tremolo, asyncio | 41,000 | 40,000 to 42,000 | 25.0 |",
        "| uvicorn, asyncio, h11 | 10,000 | 9,000 to 11,000 |  |",
    ]
    less = pages.table(results(less_is_better=True)["rows"]["hello"], TITLES)
    assert less[2].startswith("| uvicorn")


def test_who_failed_is_told() -> None:
    row = results(failed={"uvicorn": "it did not start"})["rows"]["hello"]
    assert pages.table(row, TITLES)[-1] == "| uvicorn, asyncio, h11 | failed | | |"


def test_the_page_says_where_and_what_was_reached() -> None:
    page = pages.page(results(), TITLES)
    assert "commit 0123456789ab, on x86_64, 2 cores" in page
    assert "Versions: tremolo-anyio 0.1, uvicorn 0.40." in page
    assert "| 4.00 |" not in page.partition("## Hello")[0].partition("goal reached")[2]
    assert "| Hello | Tremolo, asyncio | uvicorn, asyncio, h11 | 4.10 |" in page
    assert "](charts/hello-dark.svg){.only-dark}" in page


def test_a_row_that_everybody_failed_in_has_no_picture() -> None:
    page = pages.page(results(servers={}, failed={"uvicorn": "gone"}), TITLES)
    assert "charts/" not in page
    assert "| uvicorn, asyncio, h11 | failed |" in page


def test_the_readme_shows_a_chart_as_long_as_there_is_one() -> None:
    shown = pages.with_chart(README, results(), TITLES)
    assert 'srcset="docs/charts/hello-dark.svg"' in shown
    assert 'src="docs/charts/hello-light.svg"' in shown
    assert "Tremolo, asyncio: 41,000" in shown
    assert shown.startswith("One.\n\n<!-- chart -->\n")
    assert shown.endswith("<!-- end of chart -->\n\nTwo.\n")
    assert pages.with_chart(shown, results(), TITLES) == shown
    assert pages.with_chart(shown, results(servers={}), TITLES) == README


def test_the_readme_has_the_place_and_no_picture_that_is_not_there() -> None:
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert pages.with_chart(readme, results(), TITLES) != readme
    for name in ("light", "dark"):
        picture = f"docs/charts/{pages.README_ROW}-{name}.svg"
        assert (picture in readme) == (root / picture).exists()
