"""Late interaction: how well the units of one block are found in the other block.

For each unit its best cosine among the other block's units (as in ColBERT, Khattab & Zaharia 2020,
https://arxiv.org/abs/2004.12832), minus the mean of that best cosine over blocks of the same size,
weighted by the unit's norm. Without the subtraction long blocks would always win.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.anchors import Segments
from align.core.blocks import Blocks
from align.core.side import Floats, Ints, Side

WINDOWS = 16  # places of the other document that stand for "anywhere"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Gains, summed over the sentences before a row (or column). A: the longest block.

    `src[b - 1, s, i, j]` sums over source sentences before i the gain from the b target sentences before j;
    `tgt[a - 1, s, i, j]` sums over target sentences before j the gain from the a source sentences before i.
    """

    src: Floats  # [A, S, h + 1, w + 1]
    tgt: Floats  # [A, S, h + 1, w + 1]


def _unit_table(side: Side, blocks: Blocks) -> Floats:
    return side.table / np.maximum(blocks.unit_mass, 1e-6)[:, None]


def _best(cosines: Floats, ids: npt.NDArray[np.intp], starts: Ints) -> Floats:
    """Best cosine of each row with the units of each sentence, at least 0. [u, v] -> [u, n]"""
    n = len(starts) - 1
    out = np.zeros((len(cosines), n), np.float32)
    full = starts[1:] > starts[:-1]
    if full.any():
        spread = cosines[:, ids]
        out[:, full] = np.maximum.reduceat(spread, starts[:-1][full], axis=1)
    return np.maximum(out, 0, out=out)


def unit_background(side: Side, blocks: Blocks, other: Side, max_side: int) -> Floats:
    """Mean best cosine of every unit with blocks of each size anywhere in `other`. [A, u]

    "Anywhere" is WINDOWS runs of `max_side` sentences, evenly spread (all of a short document).
    """
    m = len(other)
    if m <= WINDOWS * max_side:
        first = np.zeros(1, np.int64)
        width = m
    else:
        first = np.linspace(0, m - max_side, WINDOWS).astype(np.int64)
        width = max_side
    starts = other.words.starts
    rows = (first[:, None] + np.arange(width)).ravel()  # sentences looked at
    counts = starts[rows + 1] - starts[rows]
    local = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(starts[rows] - local[:-1], counts) + np.arange(local[-1])
    units, inverse = np.unique(other.words.ids[at], return_inverse=True)
    table = other.table[units]
    table = table / np.maximum(np.sqrt(np.einsum("ud,ud->u", table, table)), 1e-6)[:, None]
    own = _unit_table(side, blocks)
    out = np.zeros((max_side, len(own)), np.float32)
    for low in range(0, len(own), 2048):  # bounds the memory
        best = _best(own[low : low + 2048] @ table.T, inverse, local)
        best = best.reshape(len(best), len(first), width)
        run = best
        for b in range(1, max_side + 1):
            if 1 < b <= width:
                run = np.maximum(run[:, :, :-1], best[:, :, b - 1 :])
            out[b - 1, low : low + 2048] = run.mean((1, 2))
    return out


def coverage(
    src: Side,
    tgt: Side,
    src_units: Floats,
    tgt_units: Floats,
    src_blocks: Blocks,
    tgt_blocks: Blocks,
    box: Segments,
) -> Coverage:
    """The gains inside each segment, padded to the largest."""
    size = len(src_units)
    count = len(box.src_first)
    h = int((box.src_last - box.src_first).max())
    w = int((box.tgt_last - box.tgt_first).max())
    by_src = np.zeros((size, count, h + 1, w + 1), np.float32)
    by_tgt = np.zeros((size, count, h + 1, w + 1), np.float32)
    bounds = zip(
        box.src_first.tolist(),
        box.src_last.tolist(),
        box.tgt_first.tolist(),
        box.tgt_last.tolist(),
        strict=True,
    )
    for s, (i0, i1, j0, j1) in enumerate(bounds):
        if i0 == i1 or j0 == j1:
            continue
        x, x_of, x_starts = _local(src, i0, i1)
        y, y_of, y_starts = _local(tgt, j0, j1)
        if not len(x) or not len(y):
            continue
        x_mass, y_mass = src_blocks.unit_mass[x], tgt_blocks.unit_mass[y]
        cosines = (src.table[x] / np.maximum(x_mass, 1e-6)[:, None]) @ (
            tgt.table[y] / np.maximum(y_mass, 1e-6)[:, None]
        ).T  # [ux, uy]
        gain = _gains(cosines, y_of, y_starts, src_units[:, x], x_mass, x_of, x_starts)
        by_src[:, s, 1 : i1 - i0 + 1, : j1 - j0 + 1] = np.cumsum(gain, 1)
        gain = _gains(cosines.T, x_of, x_starts, tgt_units[:, y], y_mass, y_of, y_starts)
        by_tgt[:, s, : i1 - i0 + 1, 1 : j1 - j0 + 1] = np.cumsum(gain, 1).transpose(0, 2, 1)
    return Coverage(by_src, by_tgt)


def _local(side: Side, first: int, last: int) -> tuple[Ints, npt.NDArray[np.intp], Ints]:
    """The units of sentences first..last: their numbers, who is where, and the starts."""
    starts = side.words.starts[first : last + 1]
    units, inverse = np.unique(side.words.ids[starts[0] : starts[-1]], return_inverse=True)
    return units.astype(np.int64), inverse, starts - starts[0]


def _gains(
    cosines: Floats,
    other_of: npt.NDArray[np.intp],
    other_starts: Ints,
    usual: Floats,
    mass: Floats,
    own_of: npt.NDArray[np.intp],
    own_starts: Ints,
) -> Floats:
    """Gain of each own sentence from each block of the other side. [A, own, other + 1]"""
    best = _best(cosines, other_of, other_starts)  # [u, other]
    units, others = best.shape
    own = len(own_starts) - 1
    times = np.zeros((own, units), np.float32)  # how often a sentence has a unit
    np.add.at(times, (np.repeat(np.arange(own), np.diff(own_starts)), own_of), 1.0)
    out = np.zeros((len(usual), own, others + 1), np.float32)
    run = best
    times *= mass
    for b in range(1, min(len(usual), others) + 1):
        if b > 1:
            run = np.maximum(run[:, :-1], best[:, b - 1 :])
        out[b - 1, :, b:] = times @ (run - usual[b - 1][:, None])
    return out
