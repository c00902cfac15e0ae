"""Segments of about one size side by side: what the scores of all their beads are made from.

Rows and columns are places between sentences, of the source and of the target. Segments stand last
in every array: numpy's inner loops run along a row of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import running
from align.core.coverage import Coverage, coverage
from align.core.evidence import Evidence, Marks, Shared
from align.core.side import Floats, Ints


@dataclass(frozen=True, slots=True)
class Bucket:
    """S segments of about one size, padded to height h and width w."""

    evidence: Evidence
    heights: Ints  # [S]
    widths: Ints  # [S]
    dots: Floats  # [h + 1, w + 1, S]; 2-D prefix sums of the sentences' dot products
    cover: Coverage
    numbers: Floats | None  # [h + 1, w + 1, S]; 2-D prefix sums of shared numbers; None: no such
    names: Floats | None  # likewise
    src: Marks  # [h + 1, S]
    tgt: Marks  # [w + 1, S]


def make_bucket(ev: Evidence, box: Segments, chosen: Ints, shared: Shared) -> Bucket:
    """Pads the chosen segments and computes what all bead shapes need."""
    box = Segments(
        box.src_first[chosen], box.src_last[chosen], box.tgt_first[chosen], box.tgt_last[chosen]
    )
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    h, w = int(heights.max()), int(widths.max())
    rows = np.minimum(box.src_first + np.arange(h + 1)[:, None], box.src_last)
    columns = np.minimum(box.tgt_first + np.arange(w + 1)[:, None], box.tgt_last)
    src = ev.src.sums.take(rows[:-1].T, 0, mode="clip")  # [S, h, d]
    tgt = ev.tgt.sums.take(columns[:-1].T, 0, mode="clip")  # [S, w, d]
    dots = np.zeros((h + 1, w + 1, len(chosen)), np.float32)
    products = dots[1:, 1:]
    products[...] = (src @ tgt.transpose(0, 2, 1)).transpose(1, 2, 0)
    cover = coverage(ev.src_cover, ev.tgt_cover, box, products, ev.mean_mass)
    running(running(products, 0), 1)
    return Bucket(
        ev,
        heights,
        widths,
        dots,
        cover,
        shared.numbers.grid(box, chosen, h, w),
        shared.names.grid(box, chosen, h, w),
        ev.src_marks.taken(rows),
        ev.tgt_marks.taken(columns),
    )
