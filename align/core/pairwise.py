"""How likely two sentences that stand in one row translate each other: arrays only.

A row is compared with its surroundings: a pair is good when its sides are nearer to each other
than each is to the other sentences around it (margin: Artetxe & Schwenk 2019,
https://arxiv.org/abs/1811.01136), when their lengths fit, and when they have the same numbers. A
logistic model makes one probability of it. Rows are looked at in blocks, so cost and memory do not
depend on how many there are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from align.core.blas import one_blas_thread
from align.core.side import Floats, Ints, Ragged
from align.errors import AlignError

BLOCK = 256  # rows that are each other's surroundings
NEIGHBOURS = 4
FEATURES = (
    "constant",
    "cosine",
    "above the neighbours",
    "above the nearest other",
    "cosine x size",
    "length",
    "numbers shared",
    "numbers odd",
    "size",
    "few",
    "few x above the nearest other",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One side of n rows."""

    vectors: Floats  # [n, d]; unit rows
    lengths: Floats  # [n]; UTF-8 bytes, at least 1
    numbers: Ragged  # fingerprints of the numbers in each sentence, no two alike
    keys: Ints  # [n]; equal keys: the same text


@one_blas_thread()
def pair_features(src: Column, tgt: Column, others: tuple[Floats, Floats] | None = None) -> Floats:
    """What the model looks at, [n, len(FEATURES)], for the rows of one block, at least one.

    `others` are more sentences to compare with, unit rows [m, d]: for the source side, and for
    the target side. Cosines are measured in standard deviations of the cosines of sentences that
    do not stand in one row, so that the model fits encoders of any scale.
    """
    n = len(src.keys)
    cosine = np.einsum("nd,nd->n", src.vectors, tgt.vectors)
    scores = src.vectors @ tgt.vectors.T  # [n, n]
    # the row itself, and rows that would be as good
    same = (src.keys[:, None] == src.keys) | (tgt.keys[:, None] == tgt.keys)
    scores[same] = 0.0
    parts = [scores]
    if others is not None:
        parts += [src.vectors @ others[0].T, tgt.vectors @ others[1].T]
    count = max(1, sum(part.size for part in parts) - int(np.count_nonzero(same)))
    mean = sum(float(part.sum()) for part in parts) / count
    square = sum(float(np.vdot(part, part)) for part in parts) / count
    spread = max(square - mean * mean, 1e-6) ** 0.5
    scores[same] = mean  # counts for nothing
    ahead = np.concatenate([scores, *parts[1:2]], 1)
    back = np.concatenate([scores.T, *parts[2:]], 1)
    nearest = np.stack([_nearest(ahead, mean), _nearest(back, mean)])  # [2, n, k]
    above = (cosine - nearest.max((0, 2))) / spread
    few = 1 / different(src, tgt)
    size = np.log(np.minimum(src.lengths, tgt.lengths))
    ratio = np.log(src.lengths / tgt.lengths)
    likely = cosine >= np.median(cosine)  # the languages' own ratio shows in the better half
    shared, odd = _numbers(src.numbers, tgt.numbers, n)
    usual = (cosine - mean) / spread
    columns = (
        np.ones(n),
        usual,
        (cosine - nearest.mean((0, 2))) / spread,
        above,
        usual * size,
        np.minimum(np.abs(ratio - np.median(ratio[likely])), 2.0),
        np.minimum(shared, 2),
        np.minimum(odd, 3),
        size,
        np.full(n, few),
        few * above,
    )
    return np.stack(columns, 1).astype(np.float32)


def different(src: Column, tgt: Column) -> int:
    """How many rows are no repetitions: surroundings worth the name."""
    return min(len(np.unique(side.keys)) for side in (src, tgt))


def _nearest(scores: Floats, missing: float) -> Floats:
    """The best NEIGHBOURS of each row, in any order; `missing` where there are fewer."""
    n, m = scores.shape
    if m < NEIGHBOURS:
        return np.concatenate([scores, np.full((n, NEIGHBOURS - m), missing, np.float32)], 1)
    scores.partition(m - NEIGHBOURS, axis=1)  # of our own copy
    return scores[:, m - NEIGHBOURS :]


def _numbers(src: Ragged, tgt: Ragged, count: int) -> tuple[Ints, Ints]:
    """How many numbers the sides of each row share, and how many only one of them has. [n] each"""
    a, b = (np.repeat(np.arange(count), np.diff(r.starts)) << 32 | r.ids for r in (src, tgt))
    both = np.intersect1d(a, b, assume_unique=True)
    shared = np.bincount(both >> 32, minlength=count)
    total = np.diff(src.starts) + np.diff(tgt.starts)
    return shared, total - 2 * shared


def load_weights() -> Floats:
    """The packaged weights, [len(FEATURES)]. AlignError if they belong to other features."""
    path = Path(__file__).with_name("weights") / "score.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    if set(found) != set(FEATURES):
        odd = ", ".join(sorted(set(found) ^ set(FEATURES)))
        raise AlignError(f"{path}: weights for other features than ours: {odd}")
    return np.array([found[name] for name in FEATURES], np.float32)


def probabilities(features: Floats, weights: Floats) -> Floats:
    """The chance that the sides of each row translate each other, 0..1. [n, F], [F] -> [n]"""
    out: Floats = 1 / (1 + np.exp(-(features @ weights)))
    return out
