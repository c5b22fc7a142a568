"""The words that stand around the charts of published results: Markdown, and nothing drawn."""

import re
from collections.abc import Mapping
from typing import Any

import verdicts
from floors import FLOORS

__all__ = ("page", "table", "with_chart")

README_ROW = "hello"
"""The row whose chart the README shows."""
_README = re.compile("(?<=<!-- chart -->\n).*?(?=<!-- end of chart -->)", re.DOTALL)
_COMPARED = (
    *("anycorn", "anyio", "daphne", "granian", "h11", "hypercorn", "nginx", "tremolo"),
    *("tremolo-anyio", "trio", "uvicorn", "uvloop"),
)


def number(figure: float) -> str:
    """A figure with as many digits as are worth reading."""
    return (
        f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}" if figure >= 1 else f"{figure:.2f}"
    )


def table(row: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """The lines of one row's table, the best first."""
    besides = list(
        dict.fromkeys(name for found in row["servers"].values() for name in found["beside"])
    )
    lines = [
        f"| {' | '.join(('server', 'median, ' + row['unit'], 'lowest to highest', *besides))} |",
        f"| --- |{' ---: |' * (2 + len(besides))}",
    ]
    ranked = sorted(row["servers"].items(), key=lambda each: each[1]["median"])
    for server, found in ranked if row["less_is_better"] else reversed(ranked):
        span = f"{number(found['lowest'])} to {number(found['highest'])}"
        beside = [
            number(found["beside"][name]["median"]) if name in found["beside"] else ""
            for name in besides
        ]
        lines.append(f"| {' | '.join((titles[server], number(found['median']), span, *beside))} |")
    lines += [
        f"| {titles[server]} | failed |{' |' * (1 + len(besides))}" for server in row["failed"]
    ]
    return lines


def where(results: Mapping[str, Any]) -> str:
    """On what machine, with what load and which versions."""
    hardware, options = results["hardware"], results["options"]
    before, after = (
        ", ".join(f"{average:.1f}" for average in results[f"load_average_{moment}"])
        for moment in ("before", "after")
    )
    core = "one core for the server, another for the load" if results["pinned"] else "not pinned"
    found = {
        f"{name.lower()} {version}"
        for server in results["servers"].values()
        for name, version in server["versions"].items()
        if name.lower() in _COMPARED
    }
    return (
        f"Measured at {results['at']}, commit {results['commit']}, on"
        f" {hardware.get('processor', hardware['architecture'])},"
        f" {hardware['cores']} cores, {hardware.get('memory_gib', '?')} GiB,"
        f" {results['machine'].split(',')[0]}, {results['python']}; {core}; load averages before it"
        f" began: {before}, at its end: {after}. Load generator: {results['load_generator']}."
        f" {options['rounds']} rounds of {options['seconds']:g} s, transfers of"
        f" {options['mib']} MiB. Versions: {', '.join(sorted(found))}."
    )


def page(results: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """What the documentation includes: machine, floors, then a chart and a table for each row."""
    judged = verdicts.verdicts(FLOORS, results["rows"])
    lines = [
        "<!-- Made by benchmarks/charts.py from benchmarks/results/published.json. -->",
        *("", "## What was measured", "", where(results)),
        *("", "## What was to be reached", "", *verdicts.markdown(judged, titles)),
    ]
    for name, row in results["rows"].items():
        lines += ["", f"## {row['title']}"]
        if row["servers"]:
            picture = f"charts/{name}"
            lines += [
                "",
                f"![{row['title']}]({picture}-light.svg){{.only-light}}",
                f"![{row['title']}]({picture}-dark.svg){{.only-dark}}",
            ]
        lines += ["", *table(row, titles)]
    return "\n".join(lines) + "\n"


def with_chart(readme: str, results: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """The README with its chart between the two comments that mark the place, or with none."""
    row = results["rows"].get(README_ROW)
    if row is None or not row["servers"]:
        return _README.sub("", readme)
    alt = "; ".join(
        f"{titles[name]}: {number(found['median'])}" for name, found in row["servers"].items()
    )
    picture = f"docs/charts/{README_ROW}"
    lines = (
        *("", "## How fast", "", "<picture>"),
        f'  <source media="(prefers-color-scheme: dark)" srcset="{picture}-dark.svg">',
        f'  <img alt="{row["title"]}, {row["unit"]}. {alt}" src="{picture}-light.svg">',
        *("</picture>", ""),
        f"{results['options']['rounds']} rounds in turns, on {results['machine']}.",
        "`docs/performance.md` has all that was measured, how, and the command to measure it where",
        "you are: `nox -s bench`.",
        "",
    )
    return _README.sub(lambda _: "\n".join(lines) + "\n", readme)
