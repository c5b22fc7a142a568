"""Draws published results of the suite for the documentation: `nox -s charts`.

With a FILE that the suite wrote, that becomes what is published. The charts are
SVG, each for a light and for a dark page; the table beside them is Markdown.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

PUBLISHED = Path(__file__).with_name("results") / "published.json"
CHARTS = Path(__file__).parents[1] / "docs" / "charts"
OURS, OTHERS, LIMIT = "#e4572e", "#7a8ca3", "#b9c4d0"
PAGES = {"light": ("#1f2328", "#d0d7de"), "dark": ("#e6edf3", "#3d444d")}


def draw(name: str, row: dict[str, Any], titles: dict[str, str], page: str) -> None:
    """One chart: a bar for each server's median, with a whisker from lowest to highest."""
    ranked = sorted(row["servers"].items(), key=lambda each: each[1]["median"])
    if row["less_is_better"]:
        ranked.reverse()
    medians = [found["median"] for _, found in ranked]
    spans = [
        [found["median"] - found["lowest"] for _, found in ranked],
        [found["highest"] - found["median"] for _, found in ranked],
    ]
    colours = [
        OURS if server.startswith("ours") else LIMIT if server == "limit" else OTHERS
        for server, _ in ranked
    ]
    ink, line = PAGES[page]
    with plt.rc_context({"text.color": ink, "xtick.color": ink, "ytick.color": ink}):
        figure, axes = plt.subplots(figsize=(8, 1 + 0.3 * len(ranked)))
        places = range(len(ranked))
        axes.barh(places, medians, color=colours, xerr=spans, ecolor=ink, capsize=2)
        axes.set_yticks(places, [titles[server] for server, _ in ranked])
        better = "less is better" if row["less_is_better"] else "more is better"
        axes.set_title(f"{row['title'].replace('`', '')}: {row['unit']}, {better}", loc="left")
        axes.grid(axis="x", color=line, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        for spine in axes.spines.values():
            spine.set_visible(False)
        # Without a date, so that the same results make the same file.
        path = CHARTS / f"{name}-{page}.svg"
        figure.savefig(path, transparent=True, bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
    drawn = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(each.rstrip() for each in drawn) + "\n", encoding="utf-8")


def number(figure: float) -> str:
    """A figure with as many digits as are worth reading."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.1f}"


def table(row: dict[str, Any], titles: dict[str, str]) -> list[str]:
    """The lines of one row's table, the best first."""
    lines = [f"| server | median, {row['unit']} | lowest to highest |", "| --- | ---: | ---: |"]
    ranked = sorted(row["servers"].items(), key=lambda each: each[1]["median"])
    for server, found in ranked if row["less_is_better"] else reversed(ranked):
        span = f"{number(found['lowest'])} to {number(found['highest'])}"
        lines.append(f"| {titles[server]} | {number(found['median'])} | {span} |")
    lines += [f"| {titles[server]} | failed | |" for server in row["failed"]]
    return lines


def page(results: dict[str, Any], titles: dict[str, str]) -> str:
    """What the documentation includes: the machine, then a chart and a table for each row."""
    hardware, options = results["hardware"], results["options"]
    load = ", ".join(f"{average:.1f}" for average in results["load_average_before"])
    core = "one core for the server, another for the load" if results["pinned"] else "not pinned"
    compared = ("anycorn", "daphne", "granian", "hypercorn", "tremolo", "tremolo-anyio", "uvicorn")
    found = {
        f"{name.lower()} {version}"
        for server in results["servers"].values()
        for name, version in server["versions"].items()
        if name.lower() in compared
    }
    lines = [
        "<!-- Made by benchmarks/charts.py from benchmarks/results/published.json. -->",
        "",
        (
            f"Measured at {results['at']} on {hardware.get('processor', hardware['architecture'])},"
            f" {hardware['cores']} cores, {hardware.get('memory_gib', '?')} GiB,"
            f" {results['machine'].split(',')[0]}, {results['python']}; {core}; load averages"
            f" before it began: {load}. Load generator: {results['load_generator']}."
            f" {options['rounds']} rounds of {options['seconds']:g} s."
            f" Versions: {', '.join(sorted(found))}."
        ),
    ]
    for name, row in results["rows"].items():
        picture = f"charts/{name}"
        lines += [
            *("", f"## {row['title']}", ""),
            f"![{row['title']}]({picture}-light.svg){{.only-light}}",
            f"![{row['title']}]({picture}-dark.svg){{.only-dark}}",
            *("", *table(row, titles)),
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw everything anew."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", type=Path, nargs="?", help="what `nox -s bench` wrote")
    options = arguments.parse_args()
    if options.file:
        shutil.copyfile(options.file, PUBLISHED)
    if not PUBLISHED.exists():
        raise SystemExit("nothing is published yet: name a file that `nox -s bench` wrote")
    results = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    titles = {name: server["title"] for name, server in results["servers"].items()}
    shutil.rmtree(CHARTS, ignore_errors=True)
    CHARTS.mkdir()
    mpl.use("svg")
    # The same identifiers each time.
    mpl.rcParams["svg.hashsalt"] = "tremolo"
    mpl.rcParams["svg.fonttype"] = "none"
    for name, row in results["rows"].items():
        for colours in PAGES:
            draw(name, row, titles, colours)
    (CHARTS.parent / "performance_results.md").write_text(page(results, titles), encoding="utf-8")


if __name__ == "__main__":
    main()
