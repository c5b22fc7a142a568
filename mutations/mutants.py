"""Small wrong changes of one source file: what a test suite that is worth its name notices."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

__all__ = ("Mutant", "logic", "tables")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A file with one change."""

    path: Path
    function: str
    """In which it is; empty if in none."""
    line: int
    before: str
    after: str
    """The changed line, as it was and as it is."""
    source: str

    def __str__(self) -> str:
        where = f"{self.path.name}:{self.line} {self.function}"
        return f"{where}: {self.before.strip()}  ->  {self.after.strip()}"

    @property
    def result(self) -> str:
        """What there is then, wherever in its file the function is."""
        return f"{self.path.stem}.{self.function}: {self.after.strip()}"


def _changed(path: Path, start: int, end: int, text: str) -> Mutant:
    source = path.read_text(encoding="utf-8")
    changed = source[:start] + text + source[end:]
    line = source.count("\n", 0, start)
    return Mutant(
        path=path,
        function=_function_at(source, line + 1),
        line=line + 1,
        before=source.splitlines()[line],
        after=changed.splitlines()[line] if text or end - start < 5 else "(removed)",
        source=changed,
    )


def _function_at(source: str, line: int) -> str:
    """The name of the function that has `line`, of those in each other that of the last."""
    name = ""
    for node in ast.walk(ast.parse(source)):  # From the outside in.
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            name = node.name
    return name


_ROW = re.compile(r"^    \(?(?:State\.\w+, )?\w+(?:\.\w+)?\)?: .*State\.\w+\)?,\n", re.MULTILINE)
_TARGET = re.compile(r"State\.(\w+)(?=\)?,\n)")


def tables(path: Path) -> Iterator[Mutant]:
    """Each row of each table removed; each row with another target."""
    for row in _ROW.finditer(path.read_text(encoding="utf-8")):
        yield _changed(path, row.start(), row.end(), "")
        target = _TARGET.search(row[0])
        assert target is not None
        other = "CLOSED" if target[1] != "CLOSED" else "DONE"
        yield _changed(path, row.start() + target.start(1), row.start() + target.end(1), other)


_OTHER_COMPARISON: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
}


def logic(path: Path) -> Iterator[Mutant]:
    """Each comparison off by one or inverted, each `and` an `or`, each condition turned around."""
    source = path.read_text(encoding="utf-8")
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def begin(node: ast.expr) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return starts[node.end_lineno - 1] + node.end_col_offset

    def between(left: ast.expr, right: ast.expr, old: str, new: str) -> Mutant:
        at = source.index(old, end(left), begin(right))
        return _changed(path, at, at + len(old), new)

    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                for first, operator, second in zip([left, *others], ops, others, strict=False):
                    yield between(first, second, *_OTHER_COMPARISON[type(operator)])
            case ast.BoolOp(op=operator, values=values):
                old, new = ("and", "or") if isinstance(operator, ast.And) else ("or", "and")
                for first, second in pairwise(values):
                    yield between(first, second, old, new)
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if isinstance(
                test, ast.Name | ast.Attribute | ast.Call
            ):
                yield _changed(path, begin(test), begin(test), "not ")
            case ast.UnaryOp(op=ast.Not()):
                yield _changed(path, begin(node), begin(node) + len("not "), "")
