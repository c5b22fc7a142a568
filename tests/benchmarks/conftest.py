"""The benchmarks are programs in a directory, not a package: their modules are found by it."""

import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

sys.path += [str(BENCHMARKS), str(BENCHMARKS / "apps")]
