"""What a bead's score is made of: the features the scorer weighed, at exactly the chosen beads.

The path keeps scores only, so the features are computed once more, in the same segments and groups
of segments as before; some features look at the sentences next to the bead inside its segment. The
score is linear in the features, so the parts of a pair add up to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from align.core.anchors import Segments
from align.core.bucket import Bucket, make_bucket
from align.core.evidence import NULL_FEATURES, Evidence, find_shared
from align.core.features import BEAD_FEATURES, bead_features
from align.core.monotone import Beads, Monotone, buckets
from align.core.scorer import Scorer
from align.core.side import Floats, Ints

NEAR = 1e-3  # points by which a score found again may differ


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of k beads: part p of bead i is worth `values[i, p] * weights[p]`.

    The columns are the bead features, the shapes, and the features of sentences left alone;
    those that do not apply to a bead are 0.
    """

    names: tuple[str, ...]  # [p]
    weights: Floats  # [p]
    values: Floats  # [k, p]


def explain(result: Monotone, beads: Beads, moved: npt.NDArray[np.bool_], scorer: Scorer) -> Parts:
    """The parts of all beads of a document, in their order.

    For a pair they add up to its score. For a sentence left alone, whose score is 0, they say what
    leaving it out was worth to the path.
    """
    size, ev = len(scorer.shapes), result.evidence
    shapes = [f"shape {a}-{b}" for a, b in product(range(1, size + 1), repeat=2)]
    features = np.zeros((len(beads.a), len(BEAD_FEATURES)), np.float32)
    nulls = np.zeros((len(beads.a), len(NULL_FEATURES)), np.float32)
    both = (beads.a > 0) & (beads.b > 0)
    pairs = np.flatnonzero(both)
    _in_order(result, beads, pairs[~moved[pairs]], features)
    score = features[pairs] @ scorer.beads + scorer.shapes[beads.a[pairs] - 1, beads.b[pairs] - 1]
    # others were found in a box of their own: moved ones, and those of beads taken apart
    for k in pairs[moved[pairs] | (np.abs(score - beads.score[pairs]) > NEAR)].tolist():
        features[k] = _in_a_box(ev, beads, k, scorer)
    left, right = (beads.a > 0) & ~both, (beads.b > 0) & ~both
    nulls[left], nulls[right] = ev.src_nulls[beads.src[left]], ev.tgt_nulls[beads.tgt[right]]
    shape = np.zeros((len(beads.a), size * size), np.float32)
    shape[both, (beads.a[both] - 1) * size + beads.b[both] - 1] = 1
    return Parts(
        (*BEAD_FEATURES, *shapes, *NULL_FEATURES),
        np.concatenate([scorer.beads, scorer.shapes.ravel(), scorer.nulls]),
        np.concatenate([features, shape, nulls], 1),
    )


def _in_order(result: Monotone, beads: Beads, pairs: Ints, out: Floats) -> None:
    """Features of pairs on the path, computed in the segments that they were found in."""
    ev = result.evidence
    box = result.box
    segment = np.searchsorted(box.src_last, beads.src[pairs], side="right")
    shared = find_shared(ev, box)
    for chosen in buckets(box):
        place = np.full(len(box.src_first), -1, np.int64)
        place[chosen] = np.arange(len(chosen))
        mine = pairs[place[segment] >= 0]
        if not len(mine):
            continue
        at = segment[place[segment] >= 0]
        bucket = make_bucket(ev, box, chosen, shared)
        i, j = beads.src[mine] - box.src_first[at], beads.tgt[mine] - box.tgt_first[at]
        shapes = sorted(set(zip(beads.a[mine].tolist(), beads.b[mine].tolist(), strict=True)))
        for (a, b), found in bead_features(bucket, shapes):
            same = (beads.a[mine] == a) & (beads.b[mine] == b)
            out[mine[same]] = found[:, i[same], j[same], place[at[same]]].T


def _in_a_box(ev: Evidence, beads: Beads, k: int, scorer: Scorer) -> Floats:
    """Features of a pair in the box around it in which it has the score it got.

    Which sentences beside the pair were in its box is not kept. Only the nearest one on each of the
    four sides matters.
    """
    i, j, a, b = (int(column[k]) for column in (beads.src, beads.tgt, beads.a, beads.b))
    constant = scorer.shapes[a - 1, b - 1]
    best, least = np.zeros(len(BEAD_FEATURES), np.float32), np.inf
    for box in _boxes(i, i + a, len(ev.src), j, j + b, len(ev.tgt)):
        found = _alone(ev, box)
        at = i - int(box.src_first[0]), j - int(box.tgt_first[0])
        ((_, every),) = bead_features(found, [(a, b)])
        features = every[:, at[0], at[1], 0]
        off = abs(float(features @ scorer.beads + constant) - float(beads.score[k]))
        if off < least:
            best, least = features, off
        if least <= NEAR / 10:
            break
    return best


def _alone(ev: Evidence, box: Segments) -> Bucket:
    return make_bucket(ev, box, np.zeros(1, np.int64), find_shared(ev, box))


def _boxes(i: int, i_end: int, n: int, j: int, j_end: int, m: int) -> Iterator[Segments]:
    """A block pair with one sentence more before and behind it on either side, or without."""
    src, tgt = product((i - 1, i), (i_end + 1, i_end)), product((j - 1, j), (j_end + 1, j_end))
    for (i0, i1), (j0, j1) in product(src, tgt):
        if min(i0, j0) >= 0 and i1 <= n and j1 <= m:
            yield Segments(*(np.array([x], np.int64) for x in (i0, i1, j0, j1)))
