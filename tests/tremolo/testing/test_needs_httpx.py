import subprocess
import sys
from pathlib import Path


def test_without_httpx_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['httpx'] = None; import tremolo.testing"
    source = str(Path(__file__).parents[3] / "src")
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1] == (
        "ImportError: tremolo.testing needs httpx: pip install 'tremolo-anyio[testing]'"
    )
    assert "During handling" not in done.stderr


def test_the_rest_of_tremolo_does_without() -> None:
    code = "import sys; sys.modules['httpx'] = None; import tremolo, tremolo.pytest_plugin"
    source = str(Path(__file__).parents[3] / "src")
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, check=True)
