"""Everything there is to run in this repository; `nox -l` lists it."""

import logging
import os
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "layers", "core", "tests", "docs"]
# `tests-all` takes the interpreters that are there, on a CI system too.
nox.options.error_on_missing_interpreters = False

HERE = Path(__file__).parent
PYTHONS = ("3.11", "3.12", "3.13")
ON_EVERY_CORE = (
    "--numprocesses=auto",
    "--maxprocesses=8",
    "--dist=loadfile",
    "--no-loadscope-reorder",
)
"""A file's tests stay together, as they share fixtures. Each process collects all tests, so that
many are no faster; files come in their order, in which those of the slowest tests are not last."""


def let_pyenv_offer_all_it_has() -> None:
    """Have pyenv answer for each Python that it keeps here, not for its default alone."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = [path.name for python in PYTHONS for path in sorted(root.glob(f"versions/{python}.*"))]
    if kept:
        os.environ.setdefault("PYENV_VERSION", ":".join(kept))


let_pyenv_offer_all_it_has()
# The tests start hundreds of processes, each of which would compile all of the source anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


class PytestHasTheLastWord(logging.Filter):
    """Drops nox's own verdict on `tests`, so that the output ends with pytest's closing line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether nox may log `record`."""
        return not record.getMessage().startswith(("Session tests ", "Command python -m pytest "))


logging.getLogger("nox").addFilter(PytestHasTheLastWord())


def group(name: str) -> list[str]:
    """The requirements of one dependency group, which the pip of Python 3.11 cannot read."""
    return [*nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name)]


def install_once(session: nox.Session, *wanted: str) -> None:
    """Install the source in place, with `wanted`; not again until one of both asks for more."""
    told = "\n".join((*wanted, (HERE / "pyproject.toml").read_text(encoding="utf-8")))
    note = Path(session.virtualenv.location) / "installed.txt"
    if note.is_file() and note.read_text(encoding="utf-8") == told:
        return
    session.install("-e", ".[trio,uvloop]", *wanted)
    note.write_text(told, encoding="utf-8")


def run_tests(session: nox.Session) -> None:
    """Run pytest on every core and the installed distribution, with what each backend needs."""
    install_once(session, *group("test"))
    session.run("python", "-m", "pytest", *ON_EVERY_CORE, *session.posargs)


@nox.session
def demo(session: nox.Session) -> None:
    """Serve examples/hello.py on http://127.0.0.1:8000; `-- --loop trio` chooses the loop."""
    session.install(".[trio,uvloop]")
    directory = Path(session.create_tmp())
    (directory / "big.data").write_bytes(bytes(range(256)) * 65_536)
    with session.chdir(directory):
        session.run(
            *("python", "-m", "tremolo", "--bind", "127.0.0.1:8000", "--loop", "asyncio"),
            *session.posargs,
            f"{HERE / 'examples' / 'hello.py'}:app",
            # As long as a stop may take: handlers have 30 s to finish.
            interrupt_timeout=35,
        )


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests on this Python; what follows `--` goes to pytest."""
    run_tests(session)


@nox.session
def browser(session: nox.Session) -> None:
    """Run the tests with a real browser, Chromium, which must be installed."""
    session.install("-e", ".[trio,uvloop]", *group("test"))
    tests = session.posargs or ["tests/browser"]
    session.run("python", "-m", "pytest", *tests, env={"TREMOLO_BROWSER": "1"})


@nox.session(name="tests-all", python=PYTHONS)
def tests_all(session: nox.Session) -> None:
    """Run the tests on each supported Python that is installed here, and skip the others."""
    run_tests(session)


@nox.session
def coverage(session: nox.Session) -> None:
    """Run the tests and list the lines that none of them reached."""
    session.install("-e", ".[trio,uvloop]", *group("test"), *group("coverage"))
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "report")


@nox.session(name="coverage-core")
def coverage_core(session: nox.Session) -> None:
    """Fail unless the core's own tests take every branch of it."""
    session.install(*group("core"), *group("coverage"))
    env = {"PYTHONPATH": "src"}
    session.run(
        *("coverage", "run", "--branch", "--source=src/tremolo_core"),
        # Some tests try thousands of cases, each of which takes longer while it is watched.
        *("-m", "pytest", "-o", "faulthandler_timeout=0", "tests/tremolo_core"),
        env=env,
    )
    session.run("coverage", "report", "--include=src/tremolo_core/*", "--fail-under=100")


@nox.session
def mutations(session: nox.Session) -> None:
    """Change the core in small ways, and fail if its tests do not notice; `-- --only gate`."""
    session.install("-e", ".", *group("core"))
    session.run("python", "mutations/core.py", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Search for bytes that break the core's word, for a minute; `-- -max_total_time=600`."""
    session.install(*group("core"), *group("fuzz"))
    found = Path(session.create_tmp()) / "corpus"
    paths = {"PYTHONPATH": os.pathsep.join(("src", "."))}
    session.run("python", "fuzz/make_corpus.py", str(found), env=paths)
    session.run(
        *("python", "fuzz/core.py", str(found), "fuzz/corpus", "-max_len=2048"),
        *(session.posargs or ["-max_total_time=60"]),
        env=paths,
    )


@nox.session
def compatibility(session: nox.Session) -> None:
    """Ask nggit/tremolo what the compatibility tests ask us; it differs where we say so."""
    session.install("tremolo==0.5.3")
    session.run("python", "-m", "tests.compatibility.reference")


@nox.session
def core(session: nox.Session) -> None:
    """Run the core's tests where neither anyio nor trio is installed."""
    session.install(*group("core"))
    session.run("python", "-c", PROOF_OF_ABSENCE)
    tests = session.posargs or ["tests/tremolo_core"]
    session.run("python", "-m", "pytest", *tests, env={"PYTHONPATH": "src"})


PROOF_OF_ABSENCE = """
import importlib.util, sys
found = [name for name in ("anyio", "trio", "uvloop") if importlib.util.find_spec(name)]
sys.exit(f"this session is to run without {', '.join(found)}" if found else 0)
"""


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code with ruff, and that ruff has formatted it."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of source, tests, benchmarks and this file with mypy."""
    # Hardly anything of it is ever imported.
    install_once(session, "--no-compile", *group("test"), *group("types"))
    session.run("mypy", *session.posargs)


@nox.session
def layers(session: nox.Session) -> None:
    """Check that imports go one way through the four packages."""
    session.install(*group("layers"))
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning, a dead reference or an old diagram is an error."""
    session.install(".", *group("docs"))
    session.run("python", "docs/make_state_diagram.py", "--check")
    session.run(
        *("sphinx-build", "--fail-on-warning", "--keep-going", "--nitpicky", "--fresh-env"),
        *("--quiet", "docs", "docs/_build/html"),
    )


@nox.session
def downstream(session: nox.Session) -> None:
    """Run applications of other frameworks on Tremolo, and ours on other servers."""
    session.install("-e", ".[trio,uvloop]", *group("downstream"))
    tests = session.posargs or ["tests/downstream"]
    # What their code warns of is not ours to mend.
    session.run("python", "-m", "pytest", "-W", "default", *tests)


@nox.session
def soak(session: nox.Session) -> None:
    """Run the tests of workers and of memory under load, at the full size."""
    session.install("-e", ".[trio,uvloop,reload]", *group("test"))
    tests = session.posargs or ["tests/processes", "tests/load"]
    # Fifty rolls take longer than any test that does not hang.
    bound = ("-o", "faulthandler_timeout=3600")
    session.run("python", "-m", "pytest", *bound, *tests, env={"TREMOLO_SOAK": "1"})


@nox.session
def bench(session: nox.Session) -> None:
    """Measure against other servers; `-- --quick`, `-- --rows hello,post --servers uvicorn`."""
    # Without what is cached of an older commit: pip sees that the version is the same.
    session.install("--no-cache-dir", "--force-reinstall", "--no-deps", ".")
    session.install(".[trio,uvloop,speed,forms]", *group("bench"))
    session.run("python", "benchmarks/suite.py", *session.posargs)


@nox.session
def charts(session: nox.Session) -> None:
    """Draw the published results of `bench` for the documentation; `-- FILE` publishes others."""
    session.install(*group("charts"))
    session.run("python", "benchmarks/charts.py", *session.posargs)


@nox.session(name="bench-idle")
def bench_idle(session: nox.Session) -> None:
    """Measure the memory of 10,000 idle connections, next to uvicorn's; Linux only."""
    session.install(".", *group("bench"))
    session.run("python", "benchmarks/idle.py", *session.posargs)


@nox.session(name="bench-layers")
def bench_layers(session: nox.Session) -> None:
    """Measure the processor time of a hello by each layer, by others, and with the access log."""
    session.install("--no-cache-dir", "--force-reinstall", "--no-deps", ".")
    session.install(".[trio,uvloop,speed]", *group("bench"))
    session.run("python", "benchmarks/layers.py", *session.posargs)


@nox.session(name="bench-core")
def bench_core(session: nox.Session) -> None:
    """Measure the core against bare h11 and bare wsproto; `-- --check` fails below a floor."""
    session.install(".")
    session.run("python", "benchmarks/core_cycle.py", *session.posargs)


@nox.session
def instructions(session: nox.Session) -> None:
    """Count the instructions of one request with valgrind; fail if 5 % were added."""
    session.install("-e", ".[trio]", *group("bench"))
    session.run("python", "benchmarks/instructions.py", *session.posargs)


@nox.session(name="bench-workers")
def bench_workers(session: nox.Session) -> None:
    """Measure what a second worker costs per request, the spread, and a reload; Linux only."""
    session.install(".[trio,uvloop,reload]", *group("bench"))
    session.run("python", "benchmarks/workers.py", *session.posargs)
    session.run("python", "benchmarks/reload.py", *session.posargs)


@nox.session(name="bench-routing")
def bench_routing(session: nox.Session) -> None:
    """Measure finding one of 10,000 plain routes next to one of 10, as a ratio."""
    session.install(".")
    session.run("python", "benchmarks/routing.py", *session.posargs)
