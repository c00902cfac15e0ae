"""vecalign (Thompson and Koehn 2019) on given vectors.

    adapter.py CODE INPUT.npz OUTPUT.json SIZE

CODE is a checkout of https://github.com/thompsonb/vecalign with its Cython part built; SIZE is its
`--alignment_max_size` (4: its default, 8: its README). Written for version 2.0.0; the
settings are the defaults of its command line. It normalises in place, so a copy of its
input counts as memory.
"""

from __future__ import annotations

import sys
from math import ceil
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import answer, head, layers, read_task


def main(code: str, source: str, target: str, size: str) -> None:
    """Align and write the answer."""
    sys.path.insert(0, code)
    from dp_utils import make_alignment_types, vecalign  # type: ignore[import-not-found]

    most = int(size)

    def work(sides: Any) -> Any:
        stack = vecalign(
            vecs0=sides[0].copy(),
            vecs1=sides[1].copy(),
            final_alignment_types=make_alignment_types(most),
            del_percentile_frac=0.2,
            width_over2=ceil(most / 2.0) + 5,
            max_size_full_dp=300,
            costs_sample_size=20000,
            num_samps_for_norm=100,
        )
        return stack[0]["final_alignments"]

    task = read_task(source)
    small = head(task, 100)
    work((layers(small.src, most), layers(small.tgt, most)))
    answer(target, lambda: (layers(task.src, most), layers(task.tgt, most)), work)


if __name__ == "__main__":
    main(*sys.argv[1:])
