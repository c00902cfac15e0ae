"""Segments of about one size side by side: what the scores of all their beads are made from.

Rows and columns are places between sentences, of the source and of the target. Segments stand last
in every array: numpy's inner loops run along a row of all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import Blocks, running
from align.core.coverage import Coverage, coverage
from align.core.evidence import Counts, Evidence, Shared
from align.core.side import Floats, Ints, Side


@dataclass(frozen=True, slots=True)
class Marks:
    """One side of a bucket at prefix positions, [k + 1, S]: prefix sums unless said otherwise."""

    bytes: Floats
    mass: Floats
    numbers: Floats
    names: Floats
    quotes: Floats  # sentences with an odd number of quotation marks
    speech: Floats  # sentences in which somebody speaks
    open_ends: Floats  # sentences that do not close with . ? ! ...
    breaks: Floats  # paragraph starts, the document's first sentence left out
    starts: Floats  # not a sum: 1 where the position begins a paragraph
    end: Ints  # not a sum: closing mark of the sentence before the position
    before: Ints  # not a sum: bits of the sentence before the position
    after: Ints  # not a sum: bits of the sentence after it
    at: Ints  # not a sum: the position in the document


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
    src: Marks
    tgt: Marks


def make_bucket(ev: Evidence, box: Segments, chosen: Ints, shared: Shared) -> Bucket:
    """Pads the chosen segments and computes what all bead shapes need."""
    box = Segments(
        box.src_first[chosen], box.src_last[chosen], box.tgt_first[chosen], box.tgt_last[chosen]
    )
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    h, w = int(heights.max()), int(widths.max())
    rows = np.minimum(box.src_first + np.arange(h + 1)[:, None], box.src_last)
    columns = np.minimum(box.tgt_first + np.arange(w + 1)[:, None], box.tgt_last)
    src = ev.src.sums[np.minimum(rows[:-1], len(ev.src) - 1).T]  # [S, h, d]
    tgt = ev.tgt.sums[np.minimum(columns[:-1], len(ev.tgt) - 1).T]  # [S, w, d]
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
        _marks(ev.src, ev.src_blocks, ev.src_counts, rows),
        _marks(ev.tgt, ev.tgt_blocks, ev.tgt_counts, columns),
    )


def _marks(side: Side, blocks: Blocks, counts: Counts, at: Ints) -> Marks:
    return Marks(
        blocks.bytes[at],
        blocks.mass[at],
        counts.numbers[at],
        counts.names[at],
        counts.quotes[at],
        counts.speech[at],
        counts.open_ends[at],
        counts.breaks[at],
        counts.starts[at],
        counts.end[at],
        counts.before[at],
        counts.after[at],
        at,
    )
