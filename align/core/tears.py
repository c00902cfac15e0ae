"""Places where a cut might tear a bead apart although the sentences around it are surely pairs.

A translator moves a clause across the border of two sentences: each is still the nearest neighbour
of its counterpart, but the bead is 2-2. What is told from that: the one of the two grew and the
other shrank, and one finds something of itself in the other's counterpart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from align.core.blas import row_products
from align.core.blocks import ROWS, Blocks
from align.core.evidence import Evidence
from align.core.side import Floats, Ints, Side

# Nearly all cuts that would go through a bead of the path without cuts are above this, and one in
# eight of the others: `benchmarks/exact.py`.
MOST = 0.1
LEAST = 0.05  # cosine above the usual that something is compared with


def tears(ev: Evidence, i: Ints, j: Ints) -> npt.NDArray[np.bool_]:
    """Whether a cut before source i and target j may go through a bead; none is an end. [k]"""
    found = np.zeros(len(i), np.bool_)
    for low in range(0, len(i), ROWS):
        part = slice(low, low + ROWS)
        found[part] = _signs(ev, i[part], j[part]) > MOST
    return found


def _signs(ev: Evidence, i: Ints, j: Ints) -> Floats:
    """What speaks for a bead across: a cosine across as a share of those beside it, times how much
    the one pair's log ratio of lengths is off the other's. [k]"""
    usual = float(ev.src_blocks.mean[0] @ ev.tgt_blocks.mean[0])  # mean cosine of two sentences
    x, y = _beside(ev.src, ev.src_blocks, i), _beside(ev.tgt, ev.tgt_blocks, j)
    direct = np.minimum(row_products(x[0], y[0]), row_products(x[1], y[1])) - usual
    across = np.maximum(row_products(x[0], y[1]), row_products(x[1], y[0])) - usual
    grew = [np.log(ev.tgt.lengths[j + k] / ev.src.lengths[i + k]) for k in (-1, 0)]
    share = np.maximum(across, 0) / np.maximum(direct, LEAST)
    found: Floats = share * np.abs(grew[0] - grew[1])
    return found


def _beside(side: Side, blocks: Blocks, at: Ints) -> tuple[Floats, Floats]:
    """The sentences before and behind these places, as rows of length 1. [k, d] each"""
    before, behind = (
        side.sums.take(at + k, 0) / np.maximum(blocks.norms[0, at + k + 1], 1e-6)[:, None]
        for k in (-1, 0)
    )
    return before, behind
