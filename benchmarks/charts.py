"""Draws published results of the suite for the documentation: `nox -s charts`.

With a FILE that the suite wrote, that becomes what is published. The charts are
SVG, each for a light and for a dark page; the words beside them are `pages`'.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pages
from matplotlib import pyplot as plt
from report import PUBLISHED
from servers import SERVERS

ROOT = Path(__file__).parents[1]
CHARTS = ROOT / "docs" / "charts"
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
    # Of those that were not measured too: floors name them.
    titles = {name: server.title for name, server in SERVERS.items()}
    titles |= {name: server["title"] for name, server in results["servers"].items()}
    shutil.rmtree(CHARTS, ignore_errors=True)
    CHARTS.mkdir()
    mpl.use("svg")
    # The same identifiers each time.
    mpl.rcParams["svg.hashsalt"] = "tremolo"
    mpl.rcParams["svg.fonttype"] = "none"
    for name, row in results["rows"].items():
        for colours in PAGES if row["servers"] else ():
            draw(name, row, titles, colours)
    made = pages.page(results, titles)
    (CHARTS.parent / "performance_results.md").write_text(made, encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(pages.with_chart(text, results, titles), encoding="utf-8")


if __name__ == "__main__":
    main()
