"""The monotone pass: neighbours -> anchors -> segments -> scores -> path, with probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.anchors import Anchors, Segments, chain, mutual_best, segments
from align.core.bucket import make_bucket
from align.core.cover import ranges
from align.core.evidence import Evidence, evidence, find_shared
from align.core.lattice import Lattice, Marginals, links, marginals
from align.core.neighbours import Neighbours, nearest
from align.core.path import Path, best_path
from align.core.scorer import Scorer, score_bucket
from align.core.side import Floats, Ints, Side
from align.core.tears import tears

MIN_MARGIN = 0.1  # of an anchor where the document may be cut; see docs/method.md for its precision
MIN_GAP = 0.0
LONGEST = 96  # sentences of the longest segment on its longer side, about
CELLS = 20_000  # of a bucket: bounds the memory
WASTE = 3_000  # cells of padding that cost less than one bucket more


@dataclass(frozen=True, slots=True)
class Beads:
    """The path through the whole document, in order. [k] each."""

    src: Ints  # first sentence
    tgt: Ints
    a: Ints  # sentences, 0: none
    b: Ints
    score: Floats  # log-potential; 0 for an empty side
    probability: Floats  # of exactly this bead
    linked: Floats  # of the surest sentence pair in it being linked at all; 0 for an empty side

    def taken(self, some: npt.NDArray[Any]) -> Beads:
        """Some of them, by number or by flag."""
        return Beads(*(getattr(self, name)[some] for name in Beads.__slots__))


@dataclass(frozen=True, slots=True)
class Monotone:
    """The result of the pass and what it was made from."""

    beads: Beads
    evidence: Evidence
    forward: Neighbours
    backward: Neighbours
    anchors: Anchors
    box: Segments


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pair of documents cut into segments, ready to be scored."""

    evidence: Evidence
    forward: Neighbours
    backward: Neighbours
    anchors: Anchors
    box: Segments

    def result(self, beads: Beads) -> Monotone:
        """What the pass found."""
        return Monotone(beads, self.evidence, self.forward, self.backward, self.anchors, self.box)


def prepare(
    src: Side, tgt: Side, scorer: Scorer, k: int, threads: int = 1, *, cut: bool = True
) -> Prepared:
    """Neighbours, anchors and segments of n and m sentences, both at least 1."""
    ahead, back = nearest(src.sums, tgt.sums, k, threads)
    anchors = chain(mutual_best(ahead, back))
    ev = evidence(src, tgt, len(scorer.shapes), ahead, back, anchors)
    n, m = len(src), len(tgt)
    if cut:
        box = segments(anchors, n, m, MIN_MARGIN, MIN_GAP, LONGEST, ev.repeated, partial(tears, ev))
    else:
        zero = np.zeros(1, np.int64)
        box = Segments(zero, zero + n, zero, zero + m)
    return Prepared(ev, ahead, back, anchors, box)


def lattices(ready: Prepared, scorer: Scorer) -> Iterator[tuple[Lattice, Ints]]:
    """The scores of everything that can happen, bucket by bucket, and which segments are in it."""
    shared = find_shared(ready.evidence, ready.box)
    for chosen in buckets(ready.box):
        yield score_bucket(make_bucket(ready.evidence, ready.box, chosen, shared), scorer), chosen


def align_monotone(
    src: Side,
    tgt: Side,
    scorer: Scorer,
    k: int,
    threads: int = 1,
    *,
    cut: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Monotone:
    """Aligns two documents, n and m sentences, both at least 1. `cut=False`: one segment, exact."""
    ready = prepare(src, tgt, scorer, k, threads, cut=cut)
    parts, done = [], 0
    for lattice, chosen in lattices(ready, scorer):
        if progress is not None:  # a third is done before, something is to be done behind
            progress(0.3 + 0.6 * done / len(ready.box.src_first))
        parts.append(solve(lattice, ready.box, chosen))
        done += len(chosen)
    return ready.result(join(parts))


def buckets(box: Segments) -> Iterator[Ints]:
    """Segments of similar size together, each group's cells and padding bounded."""
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    order = np.lexsort((widths, heights, np.maximum(heights, widths)))
    tall, wide = heights[order] + 1, widths[order] + 1
    start = 0
    while start < len(order):
        some = slice(start, start + 1 + CELLS // int(tall[start] * wide[start]))
        high, broad = np.maximum.accumulate(tall[some]), np.maximum.accumulate(wide[some])
        padded = np.arange(1, len(high) + 1) * high * broad
        wasted = padded - np.cumsum(tall[some] * wide[some])
        fit = min(
            np.searchsorted(x, y, side="right") for x, y in ((padded, CELLS), (wasted, WASTE))
        )
        yield order[start : start + max(1, int(fit))]
        start += max(1, int(fit))


def solve(lattice: Lattice, box: Segments, chosen: Ints) -> Beads:
    """Best paths of one bucket with their probabilities, in document coordinates."""
    if lattice.beads.shape[:3] == (2, 1, 2) and lattice.heights.all() and lattice.widths.all():
        return _pairs(lattice, box, chosen)
    return solved(lattice, marginals(lattice), box, chosen)


def _pairs(lattice: Lattice, box: Segments, chosen: Ints) -> Beads:
    """`solve` where all segments have one sentence a side, as most have: nothing to search."""
    score = lattice.beads[1, 0, 1]
    alone = lattice.src_null[1].astype(np.float64) + lattice.tgt_null[1]
    # both alone in either order against the pair; e^600: never
    odds = 2 * np.exp(np.minimum(alone - score, 600))
    pair, apart = np.flatnonzero(score >= alone), np.flatnonzero(score < alone)
    src, tgt = box.src_first[chosen], box.tgt_first[chosen]
    sure = (1 / (1 + odds[pair])).astype(np.float32)
    none = np.zeros(len(apart), np.float32)
    unsure = (odds[apart] / (1 + odds[apart])).astype(np.float32)
    of_pair, of_apart = np.ones(len(pair), np.int64), np.ones(len(apart), np.int64)
    columns = (  # pairs, insertions, deletions behind them
        (src[pair], src[apart], src[apart]),
        (tgt[pair], tgt[apart], tgt[apart] + 1),
        (of_pair, 0 * of_apart, of_apart),
        (of_pair, of_apart, 0 * of_apart),
        (score[pair], none, none),
        (sure, unsure, unsure),
        (sure, none, none),
    )
    return Beads(*(np.concatenate(column) for column in columns))


def solved(lattice: Lattice, chances: Marginals, box: Segments, chosen: Ints) -> Beads:
    """`solve` where the probabilities are known."""
    path = best_path(lattice)
    s, i, j, a, b = path.segment, path.src, path.tgt, path.a, path.b
    end_i, end_j = i + a, j + b
    score = np.zeros(len(s), np.float32)
    probability = np.where(a > 0, chances.src_null[end_i, s], chances.tgt_null[end_j, s])
    both = np.flatnonzero((a > 0) & (b > 0))
    at = end_i[both], lattice.shapes.number[a[both], b[both]], end_j[both], s[both]
    score[both], probability[both] = lattice.beads[at], chances.beads[at]
    return Beads(
        i + box.src_first[chosen][s],
        j + box.tgt_first[chosen][s],
        a,
        b,
        score,
        np.minimum(probability, 1),
        strongest_links(chances, path),
    )


def strongest_links(chances: Marginals, path: Path) -> Floats:
    """The largest probability of a sentence pair inside each bead to be linked. [k]"""
    out = np.zeros(len(path.a), np.float32)
    inside = path.a * path.b  # pairs
    both = inside.nonzero()[0]
    if not len(both):
        return out
    count = inside[both]
    bead, width = both.repeat(count), path.b[both].repeat(count)
    down, right = np.divmod(ranges(np.zeros_like(count), count), width)
    found = links(chances, path.src[bead] + down, path.tgt[bead] + right, path.segment[bead])
    out[both] = np.maximum.reduceat(found, np.cumsum(count) - count)
    return np.minimum(out, 1)


def join(parts: list[Beads]) -> Beads:
    """The beads of segments that follow one another, in document order."""
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in Beads.__slots__]
    place = columns[0] + columns[1]  # rises from bead to bead: no sort is needed
    at = np.full(int(place.max(initial=-1)) + 1, -1)
    at[place] = np.arange(len(place))
    order = at[at >= 0]
    return Beads(*columns).taken(order)
