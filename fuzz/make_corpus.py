"""Writes the messages of the tests' corpora to a folder, for the fuzzer to begin with."""

import hashlib
import sys
from pathlib import Path

from tests.tremolo_core.test_fuzzing import BEGINNINGS

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for raw in BEGINNINGS.values():
        data = raw[:1] + b"\x03\x11\x29\x47" + raw[1:]
        if len(data) <= 4_096:
            (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
