"""How Sphinx builds this documentation: `nox -s docs`."""

from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from tremolo.config import OPTIONS, defaults_of
from tremolo_core.trusted_proxies import TrustedProxies

project = "Tremolo"
author = copyright = "The Tremolo authors"
release = version = metadata.version("tremolo-anyio")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build", "performance_results.md", "state_diagram.md"]
# Charts for a light and for a dark page stand side by side, each with its class.
myst_enable_extensions = ["attrs_inline"]

html_theme = "furo"
html_title = "Tremolo"

# An option's two hyphens are two hyphens.
smartquotes = False
# In the code's docstrings single backticks mean code, as in Markdown.
default_role = "literal"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

# Every reference must lead somewhere (nitpicky), but the build needs no network:
# what others document is left as text.
# So are type variables, and the members of ASGI's messages: each has a `type`, which would
# be taken for Python's.
nitpick_ignore_regex = [
    ("py:class", r"tremolo\.\w+\.[FH]"),
    ("py:class", r"Arguments|tremolo\.utils\.text\.AnyText"),
    ("py:class", r"tremolo\.testing\.\w+\.T|Ts"),
    ("py:class", r"tremolo_asgi\.(message_)?types\.\w+"),
    # What stands for a rate that is left as it is, and what only the framework itself hands on.
    ("py:class", r"tremolo_transport\.pace\.Keep|tremolo\.file_response\.OpenFile"),
    (
        "py:.*",
        r"(abc|anyio|asyncio|collections|contextlib|contextvars|enum|httpx|ipaddress|os|socket|ssl|types)\..*",
    ),
]


def keep_trees(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Have what is indented in a docstring, a tree of classes, printed as it stands."""
    for number in range(len(lines) - 1, 0, -1):
        if lines[number].startswith("    ") and not lines[number - 1]:
            lines[number:number] = ["::", ""]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", keep_trees)


def text_of(default: object) -> str:
    """A default as Python writes it; a list of proxies as the command line does."""
    return str(default) if isinstance(default, TrustedProxies) else repr(default)


def option_table() -> str:
    """The options of a program, from the table that the program itself reads."""
    rows = ["| option | also | default | what it says |", "| --- | --- | --- | --- |"]
    for option in OPTIONS:
        flag = f"{option.flag} {option.unit}".strip()
        also = ", ".join(f"`{spelling.flag}`" for spelling in option.spellings)
        default = " or ".join(dict.fromkeys(map(text_of, defaults_of(option))))
        rows.append(f"| `{flag}` | {also} | `{default}` | {option.help} |")
    return "\n".join(rows) + "\n"


build = Path(__file__).with_name("_build")
build.mkdir(exist_ok=True)
(build / "options.md").write_text(option_table(), encoding="utf-8")
