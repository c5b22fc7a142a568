"""The rules of this house that no other tool enforces."""

import ast
import functools
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tokenize import COMMENT
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
TESTS = ROOT / "tests"
PACKAGES = ("tremolo", "tremolo_asgi", "tremolo_core", "tremolo_transport")

MODULES = sorted(SOURCE.rglob("*.py"))
TEST_MODULES = sorted(TESTS.rglob("*.py"))

TESTED_ELSEWHERE = {
    "tremolo/_version.py": "one constant, which the command line's test compares",
}
"""Modules without a test module of their own, each with the reason."""


def short(path: Path) -> str:
    return path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT).as_posix()


@functools.cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(source(path), str(path))


def nodes(path: Path, word: str) -> Iterator[ast.AST]:
    """All of a module's syntax tree, if `word` stands in the module at all."""
    return ast.walk(tree(path)) if word in source(path) else iter(())


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def targets(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement at a module's top level binds, but for those it imports."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "ParamSpec" | "TypeVarTuple"))):
            pass
        case ast.Assign(targets=bound):
            for node in bound:
                yield from (name.id for name in ast.walk(node) if isinstance(name, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.If(body=body, orelse=orelse):
            for inner in [*body, *orelse]:
                yield from targets(inner)
        case ast.Try(body=body, handlers=handlers, orelse=orelse):
            for inner in [*body, *orelse, *(each for one in handlers for each in one.body)]:
                yield from targets(inner)


def imported(statement: ast.AST) -> Iterator[str]:
    if isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
        yield from (name for each in statement.body for name in imported(each))


def of_each(paths: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """Make one test of a rule for all of `paths`: as parameters they would be thousands of tests.

    All modules that break the rule are told.
    """

    def decorate(rule: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            errors: list[BaseException] = []
            for path in paths:
                try:
                    rule(path)
                except (AssertionError, pytest.fail.Exception) as error:
                    error.add_note(f"in {short(path)}")
                    errors.append(error)
            if errors:
                raise BaseExceptionGroup(f"{len(errors)} modules break the rule", errors)

        test.__name__ = test.__qualname__ = rule.__name__
        return test

    return decorate


def test_there_are_four_typed_packages_and_the_wheel_has_them() -> None:
    assert {path.relative_to(SOURCE).parts[0] for path in MODULES} == set(PACKAGES)
    assert all((SOURCE / package / "py.typed").is_file() for package in PACKAGES)
    wheel = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == [f"src/{package}" for package in PACKAGES]


def test_three_packages_are_needed_to_run_and_no_other() -> None:
    names = [re.split(r"[<>=~! ;\[]", line)[0] for line in pyproject()["project"]["dependencies"]]
    assert sorted(names) == ["anyio", "h11", "wsproto"]


@of_each(MODULES)
def test_a_module_imports_only_what_comes_with_the_distribution(path: Path) -> None:
    # What stands under an `if` or inside a function is there for one version or one extra.
    for statement in tree(path).body:
        if isinstance(statement, ast.ImportFrom) and not statement.level and statement.module:
            roots = [statement.module]
        elif isinstance(statement, ast.Import):
            roots = [alias.name for alias in statement.names]
        else:
            continue
        known = {*sys.stdlib_module_names, *PACKAGES, "anyio", "h11", "wsproto"}
        assert {root.partition(".")[0] for root in roots} <= known, f"line {statement.lineno}"


@of_each(MODULES)
def test_a_module_is_short(path: Path) -> None:
    lines = source(path).count("\n")
    assert lines <= 400


@of_each(MODULES)
def test_a_module_is_named_for_its_job(path: Path) -> None:
    assert path.stem.strip("_") not in {"base", "common", "helpers", "util", "utils"}


@of_each(MODULES)
def test_a_module_says_what_it_exports(path: Path) -> None:
    module = tree(path)
    exported: list[object] = []
    for statement in module.body:
        if isinstance(statement, ast.Assign) and list(targets(statement)) == ["__all__"]:
            assert isinstance(statement.value, ast.Tuple), "__all__ is a tuple"
            exported = list(ast.literal_eval(statement.value))
            break
    else:
        pytest.fail("there is no __all__")

    names = [name for name in exported if isinstance(name, str)]
    assert len(names) == len(set(names)), "__all__ names nothing twice"
    own = {name for statement in module.body for name in targets(statement)}
    known = own | {name for statement in module.body for name in imported(statement)}
    assert set(names) <= known, "__all__ names only what there is"
    public = {name for name in (known if path.name == "__init__.py" else own) if name[0] != "_"}
    public -= {"TYPE_CHECKING", "exported"}
    public.discard("logger")
    assert public <= set(names), "what is not exported begins with an underscore"


@of_each([p for p in MODULES if p.name != "__init__.py"])
def test_a_module_has_a_test_module_of_its_own(path: Path) -> None:
    mirror = TESTS / path.relative_to(SOURCE).with_name(f"test_{path.stem.strip('_')}.py")
    if short(path) in TESTED_ELSEWHERE:
        assert not mirror.exists(), "it stands among the exceptions, and is none"
    else:
        assert mirror.is_file()


@of_each([p for p in MODULES if p.name == "__init__.py"])
def test_a_package_only_re_exports(path: Path) -> None:
    docstring, *statements = tree(path).body
    assert isinstance(docstring, ast.Expr)
    for statement in statements:
        other_name = isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name)
        exports = list(targets(statement)) == ["__all__"]
        late = isinstance(statement, ast.If) and set(places_of(statement)) == imports_of(statement)
        assert isinstance(statement, ast.ImportFrom) or other_name or exports or late


def imports_of(statement: ast.If) -> set[tuple[str, str]]:
    """What the type checker sees: the module and the name of each import."""
    imports = [each for each in statement.body if isinstance(each, ast.ImportFrom) and each.level]
    assert imports == statement.body, "for the type checker, a package has imports and no more"
    return {
        (each.module or alias.name, alias.name if each.module else "")
        for each in imports
        for alias in each.names
    }


def places_of(statement: ast.If) -> Iterator[tuple[str, str]]:
    """The same, as the program sees it."""
    match statement.orelse:
        case [ast.Assign(value=ast.Call(func=ast.Name(id="exported"), args=[_, table]))]:
            for module, names in ast.literal_eval(table).items():
                yield from ((module, name) for name in names.split() or [""])
        case _:
            pytest.fail("what is imported late is imported by `exported`")


@of_each([*MODULES, *TEST_MODULES])
def test_no_value_is_changed_behind_the_type_checkers_back(path: Path) -> None:
    # Values are frozen for the type checker only: this is the one way past it.
    for node in nodes(path, "__setattr__"):
        assert not (
            isinstance(node, ast.Attribute)
            and node.attr == "__setattr__"
            and isinstance(node.value, ast.Name)
            and node.value.id == "object"
        ), f"line {node.lineno}"


@of_each([*MODULES, *TEST_MODULES])
def test_a_type_error_is_ignored_for_a_reason_and_never_in_the_core(path: Path) -> None:
    if "ignore" not in source(path):
        return
    with path.open("rb") as file:
        comments = [token for token in tokenize.tokenize(file.readline) if token.type == COMMENT]
    for comment in comments:
        if re.match(r"#\s*type:\s*ignore", comment.string):
            assert path.relative_to(ROOT).parts[1] != "tremolo_core", comment.line
            assert re.match(r"# type: ignore\[[a-z, -]+\]\s+# \S", comment.string), comment.line


@of_each(TEST_MODULES)
def test_a_test_awaits_events_and_never_the_clock(path: Path) -> None:
    for node in nodes(path, "sleep"):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep") | ast.Name(id="sleep"), args=[delay]):
                assert isinstance(delay, ast.Constant), f"line {node.lineno}"
                assert delay.value == 0, f"line {node.lineno}"


def test_the_core_is_imported_without_any_way_to_wait_or_to_connect() -> None:
    code = "import sys, tremolo_core; print(*sys.modules)"
    environment = {"PYTHONPATH": str(SOURCE)}
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert "tremolo_core" in loaded
    unwanted = {"anyio", "asyncio", "logging", "select", "socket", "ssl", "threading", "trio"}
    assert unwanted.isdisjoint(loaded)


def test_each_image_that_a_page_shows_is_in_the_repository() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = {
        (page.parent / image).resolve().relative_to(ROOT).as_posix()
        for page in pages
        for image in re.findall(r'(?:\]\(|src="|srcset=")([^")]+\.svg)', source(page))
    }
    assert "docs/charts/hello-dark.svg" in shown
    # An image that its author alone has is on the disk too, but not in what others clone.
    listed = subprocess.run(
        ["git", "ls-files", "docs"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert shown <= (set(listed) or {path for path in shown if (ROOT / path).is_file()})


def test_each_nox_session_says_in_one_line_what_it_does() -> None:
    sessions = {
        statement.name: ast.get_docstring(statement, clean=False) or ""
        for statement in tree(ROOT / "noxfile.py").body
        if isinstance(statement, ast.FunctionDef)
        and any("nox.session" in ast.unparse(decorator) for decorator in statement.decorator_list)
    }
    wanted = {"bench", "core", "demo", "docs", "layers", "lint", "tests", "tests_all", "types"}
    assert wanted <= set(sessions)
    for name, docstring in sessions.items():
        assert re.fullmatch(r"[A-Z][^\n]+\.", docstring), name
