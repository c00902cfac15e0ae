"""Late interaction: how well the units of one block are found in the other block.

For each unit its best cosine among the other block's units (as in ColBERT, Khattab & Zaharia 2020,
https://arxiv.org/abs/2004.12832), minus the mean of that best cosine over blocks of the same size,
weighted by the unit's norm. Without the subtraction long blocks would always win.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import Blocks, ragged_sum
from align.core.side import Floats, Ints, Ragged, Side

MOST_UNITS = 1024  # of a sentence that are compared
WINDOWS = 8  # places of the other document that stand for "anywhere"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Gains, summed over the sentences before a row (or column). A: the longest block.

    `src[b - 1, s, i, j]` sums, over source sentences before i, the gain from the b target sentences
    before j; `tgt[a - 1, s, i, j]` sums, over target sentences before j, the gain from the a source
    sentences before i.
    """

    src: Floats  # [A, S, h + 1, w + 1]
    tgt: Floats  # [A, S, h + 1, w + 1]


def _rows(side: Side, blocks: Blocks) -> Floats:
    """The units as rows of length 1. [u, d]"""
    return side.table / np.maximum(blocks.unit_mass, 1e-6)[:, None]


def _best(cosines: Floats, starts: Ints) -> Floats:
    """Best cosine of each column with the units of each sentence, at least 0. [t, u] -> [n, u]"""
    full = starts[1:] > starts[:-1]
    if full.all() and len(full):
        out: Floats = np.maximum.reduceat(cosines, starts[:-1], axis=0)
        return np.maximum(out, 0, out=out)
    out = np.zeros((len(full), cosines.shape[1]), np.float32)
    if full.any():
        found = np.maximum.reduceat(cosines, starts[:-1][full], axis=0)
        out[full] = np.maximum(found, 0, out=found)
    return out


def usual_gain(side: Side, blocks: Blocks, other: Side, rows: Floats, max_side: int) -> Floats:
    """What each sentence finds in blocks of each size anywhere in `other`. [A, n]

    That is the sum over its units of the mean best cosine times the mass; "anywhere" is WINDOWS
    runs of `max_side` sentences, evenly spread (all of a short document). `rows` are the unit rows
    of `other`.
    """
    m = len(other)
    if m <= WINDOWS * max_side:
        first, width = np.zeros(1, np.int64), m
    else:
        first, width = np.linspace(0, m - max_side, WINDOWS).astype(np.int64), max_side
    starts = other.words.starts
    looked = (first[:, None] + np.arange(width)).ravel()  # sentences
    counts = starts[looked + 1] - starts[looked]
    local = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(starts[looked] - local[:-1], counts) + np.arange(local[-1])
    far = rows[other.words.ids[at]]  # [t, d]
    mean = np.zeros((max_side, len(side.table)), np.float32)
    own = _rows(side, blocks)
    for low in range(0, len(own), 1024):  # bounds the memory
        best = _best(far @ own[low : low + 1024].T, local).reshape(len(first), width, -1)
        run = best
        for b in range(1, max_side + 1):
            if 1 < b <= width:
                run = np.maximum(run[:, :-1], best[:, b - 1 :])
            mean[b - 1, low : low + 1024] = run.mean((0, 1))
    return np.stack([ragged_sum(side.words, row) for row in mean * blocks.unit_mass])


def coverage(src: Cover, tgt: Cover, box: Segments) -> Coverage:
    """The gains inside each segment, padded to the largest."""
    size, count = len(src.usual), len(box.src_first)
    h = int((box.src_last - box.src_first).max())
    w = int((box.tgt_last - box.tgt_first).max())
    by_src = np.zeros((size, count, h + 1, w + 1), np.float32)
    by_tgt = np.zeros((size, count, w + 1, h + 1), np.float32)
    if src.single and tgt.single:
        _all_at_once(src, tgt, box, by_src, by_tgt)
        return Coverage(by_src, by_tgt.transpose(0, 1, 3, 2))
    bounds = zip(*(getattr(box, name).tolist() for name in box.__slots__), strict=True)
    # segment by segment: sentences differ too much in length for padding to pay (measured)
    for s, (i0, i1, j0, j1) in enumerate(bounds):
        if i0 == i1 or j0 == j1:
            continue
        x, x_mass, x_starts = src.part(i0, i1)
        y, y_mass, y_starts = tgt.part(j0, j1)
        cosines = y @ x.T  # [ty, tx]
        _gains(_best(cosines, y_starts), x_mass, src.usual[:, i0:i1], by_src[:, s])
        across = np.ascontiguousarray(cosines.T)
        _gains(_best(across, x_starts), y_mass, tgt.usual[:, j0:j1], by_tgt[:, s])
    return Coverage(by_src, by_tgt.transpose(0, 1, 3, 2))


@dataclass(frozen=True, slots=True)
class Cover:
    """One document's units, ready for segments."""

    rows: Floats  # [u, d]; units, rows of length 1
    words: Ragged  # the different units of each sentence, MOST_UNITS at most
    mass: Floats  # [t]; of each entry of `words`, times how often the sentence has it
    usual: Floats  # [A, n]; from `usual_gain`

    @property
    def single(self) -> bool:
        """True where each sentence is one unit, its own."""
        starts = self.words.starts
        return len(starts) == len(self.rows) + 1 and bool((np.diff(starts) == 1).all())

    def part(self, first: int, last: int) -> tuple[Floats, Floats, Ints]:
        """Unit rows of the sentences [t, d], their mass by sentence [t, n], and the starts."""
        starts = self.words.starts[first : last + 1]
        ids = self.words.ids[starts[0] : starts[-1]]
        starts = starts - starts[0]
        mass = np.zeros((len(ids), last - first), np.float32)
        sentence = np.repeat(np.arange(last - first), np.diff(starts))
        begin = int(self.words.starts[first])
        mass[np.arange(len(ids)), sentence] = self.mass[begin : begin + len(ids)]
        return self.rows[ids], mass, starts


def _all_at_once(src: Cover, tgt: Cover, box: Segments, by_src: Floats, by_tgt: Floats) -> None:
    """The gains of all segments where each sentence is one unit: nothing to pad inside them."""
    h, w = by_src.shape[2] - 1, by_tgt.shape[2] - 1
    i, j = box.src_first[:, None] + np.arange(h), box.tgt_first[:, None] + np.arange(w)
    out_i, out_j = i >= box.src_last[:, None], j >= box.tgt_last[:, None]
    i, j = np.minimum(i, len(src.mass) - 1), np.minimum(j, len(tgt.mass) - 1)
    cosines = src.rows[i] @ tgt.rows[j].transpose(0, 2, 1)  # [S, h, w]
    cosines[out_i[:, :, None] | out_j[:, None, :]] = 0
    np.maximum(cosines, 0, out=cosines)
    for best, mass, usual, out in (
        (cosines, src.mass[i], src.usual[:, i], by_src),
        (cosines.transpose(0, 2, 1), tgt.mass[j], tgt.usual[:, j], by_tgt),
    ):
        run, others = best, best.shape[2]
        for b in range(1, min(len(usual), others) + 1):
            if b > 1:
                run = np.maximum(run[:, :, :-1], best[:, :, b - 1 :])
            gain = run * mass[:, :, None] - usual[b - 1][:, :, None]
            np.cumsum(gain, axis=1, out=out[b - 1, :, 1:, b:])


def covers(
    src: Side, tgt: Side, src_blocks: Blocks, tgt_blocks: Blocks, max_side: int
) -> tuple[Cover, Cover]:
    """Both documents, each with what it usually finds in the other."""
    x, y = _rows(src, src_blocks), _rows(tgt, tgt_blocks)
    return (
        Cover(x, *_distinct(src, src_blocks), usual_gain(src, src_blocks, tgt, y, max_side)),
        Cover(y, *_distinct(tgt, tgt_blocks), usual_gain(tgt, tgt_blocks, src, x, max_side)),
    )


def _distinct(side: Side, blocks: Blocks) -> tuple[Ragged, Floats]:
    """The different units of each sentence and their mass; of endless sentences the heaviest."""
    n, u = len(side), max(1, len(side.table))
    sentence = np.repeat(np.arange(n), np.diff(side.words.starts))
    keys, times = np.unique(sentence * u + side.words.ids, return_counts=True)
    ids = keys % u
    mass = (blocks.unit_mass[ids] * times).astype(np.float32)
    count = np.bincount(keys // u, minlength=n)
    if count.max(initial=0) > MOST_UNITS:
        order = np.lexsort((-mass, keys // u))
        place = np.arange(len(keys)) - np.repeat(np.cumsum(count) - count, count)
        kept = np.sort(order[place < MOST_UNITS])
        ids, mass = ids[kept], mass[kept]
        count = np.minimum(count, MOST_UNITS)
    starts = np.concatenate([[0], np.cumsum(count)])
    return Ragged(ids.astype(np.int32), starts), mass


def _gains(best: Floats, mass: Floats, usual: Floats, out: Floats) -> None:
    """Running sums over own sentences of their gain from each block of the other side.

    `best` [other, t], `mass` [t, own], `usual` [A, own] -> `out` [A, own + 1, other + 1]
    """
    others, own = len(best), mass.shape[1]
    runs = [best]
    for b in range(2, min(len(usual), others) + 1):
        runs.append(np.maximum(runs[-1][:-1], best[b - 1 :]))
    found = np.concatenate(runs) @ mass  # [sum of (other + 1 - b), own]
    at = 0
    for b, run in enumerate(runs, 1):
        gain = found[at : at + len(run)].T - usual[b - 1][:, None]
        np.cumsum(gain, axis=0, out=out[b - 1, 1 : own + 1, b : others + 1])
        at += len(run)
