"""Draw the state machine of `tremolo_core.states` into docs/state_diagram.md.

With `--check` nothing is written; the exit status tells whether the file there
is the one that would be.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from tremolo_core.events import Event
from tremolo_core.states import (
    CLIENT_MOVES,
    JOINT_MOVES,
    LAST_CYCLE,
    NEXT_CYCLE,
    SERVER_MOVES,
    State,
)

Moves: TypeAlias = Mapping[tuple[State, type[Event]], State]
Pair: TypeAlias = tuple[State, State]

PAGE = Path(__file__).with_name("state_diagram.md")

PAGE_TEXT = """\
<!-- Made by docs/make_state_diagram.py from src/tremolo_core/states.py: change that, run this. -->

**The client's side.** What it sends leads from state to state; what has no arrow is refused.

```text
{client}
```

**The server's side.**

```text
{server}
```

**Once either side has said that this exchange is the last** (`Connection: close`, HTTP/1.0):

{last_cycle}

**What the two states lead to together**, without any event:

{joint}

**What `start_next_cycle` does:**

{next_cycle}
"""


def page() -> str:
    """The whole page, as it should be."""
    return PAGE_TEXT.format(
        client=drawing(CLIENT_MOVES, side=0),
        server=drawing(SERVER_MOVES, side=1),
        last_cycle=table(("state", "becomes"), LAST_CYCLE.items()),
        joint=table_of_pairs(JOINT_MOVES),
        next_cycle=table_of_pairs(NEXT_CYCLE),
    )


def drawing(moves: Moves, *, side: int) -> str:
    """A box for each state of one side, with an arrow for each event that may follow."""
    states = states_of(moves, side=side)
    width = max(len(state.name) for state in states)
    reach = max(len(event.__name__) for _, event in moves)
    lines = []
    for state in states:
        arrows = [
            f"├─ {event.__name__} {'─' * (reach - len(event.__name__))}─▶ {target.name}"
            for (source, event), target in moves.items()
            if source is state
        ]
        lines.append(f"┌─{'─' * width}─┐")
        for number, arrow in enumerate(arrows or ["│  (nothing may follow)"]):
            lines.append(f"│ {'' if number else state.name:{width}} {arrow}")
        lines.append(f"└─{'─' * width}─┘")
    return "\n".join(lines)


def states_of(moves: Moves, *, side: int) -> list[State]:
    """The states that a side can be in, by its own moves or by what the other does."""
    states = {state for (source, _), target in moves.items() for state in (source, target)}
    for joint in (JOINT_MOVES, NEXT_CYCLE):
        states |= {pair[side] for move in joint.items() for pair in move}
    return [state for state in State if state in states]


def table_of_pairs(moves: Mapping[Pair, Pair]) -> str:
    """A table from two states to two."""
    return table(
        ("client", "server", "client becomes", "server becomes"),
        ((*before, *after) for before, after in moves.items()),
    )


def table(heads: Iterable[str], rows: Iterable[Iterable[State]]) -> str:
    """A table in Markdown."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *([f"`{state.name}`" for state in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> str | None:
    """Write the page, or check it; returns what is wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing, only compare")
    if not arguments.parse_args().check:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        return f"{PAGE.name} is not what the tables say: run python docs/make_state_diagram.py"
    return None


if __name__ == "__main__":
    sys.exit(main())
