"""Serves examples/hello.py at a port, by whichever package `tremolo` is installed."""

import sys
from importlib import import_module
from pathlib import Path

# In front, as there is another `hello` beside this file.
sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

app = import_module("hello").app

if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), log_level="ERROR")
