"""Searches for bytes on which the core breaks its word, guided by what code they reach.

Arguments are libFuzzer's: the first is the folder of the corpus, and
`-max_total_time=60` ends the search after a minute. What breaks the invariant is
written to a file `crash-...`, which is to become one of the corpus.
"""

import sys

import atheris

with atheris.instrument_imports(include=["tremolo_core"]):
    from tests.tremolo_core import fuzzing

if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzzing.check)
    atheris.Fuzz()
