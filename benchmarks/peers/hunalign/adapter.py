"""hunalign (Varga et al. 2005) on two files of sentences: `adapter.py BINARY SRC TGT OUT.hunalign`.

BINARY is the program built from https://github.com/danielvarga/hunalign (`src/hunalign`). It runs
without a dictionary and counts lengths in bytes: in characters, its default, its
length model fails between Chinese and other languages. Prints the cost as JSON, the start of the
process included; memory is the peak of the whole process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OPTIONS = ("-onebyteencoding",)


def main(binary: str, source: str, target: str, out: str) -> None:
    """Align, write the ladder and print the cost."""
    with tempfile.NamedTemporaryFile() as no_dictionary, Path(out).open("wb") as ladder:
        began = time.perf_counter()
        subprocess.run(
            [binary, *OPTIONS, no_dictionary.name, source, target],
            stdout=ladder,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        wall = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "cpu": round(used.ru_utime + used.ru_stime, 3),
        "wall": round(wall, 3),
        "peak_mb": round(used.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024), 1),
    }
    print(json.dumps(cost))


if __name__ == "__main__":
    main(*sys.argv[1:])
