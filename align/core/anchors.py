"""Anchors: sentence pairs so sure that the document can be cut between them.

Candidates are mutual best neighbours; the heaviest chain of them that rises on both sides is
found in O(n log n). Where two neighbours on the diagonal are both sure, the boundary between them
is a point of the path, and the document falls into segments that are solved apart.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.neighbours import Neighbours, margins
from align.core.side import Floats, Ints, Side


@dataclass(frozen=True, slots=True)
class Anchors:
    """Sure 1-1 links in rising order. [k] each."""

    src: Ints
    tgt: Ints
    margin: Floats
    gap: Floats  # how far the margin is above the best rival's on either side


@dataclass(frozen=True, slots=True)
class Segments:
    """Boxes src[src_first:src_last] x tgt[tgt_first:tgt_last] on the path. [S] each."""

    src_first: Ints
    src_last: Ints
    tgt_first: Ints
    tgt_last: Ints


def mutual_best(forward: Neighbours, backward: Neighbours) -> Anchors:
    """Pairs that are each other's nearest neighbour, with margin and gap."""
    ahead, back = margins(forward, backward)
    n = len(forward.ids)
    src = np.arange(n)
    tgt = forward.ids[:, 0]
    ok = (tgt >= 0) & (backward.ids[tgt, 0] == src)
    src, tgt = src[ok], tgt[ok]
    margin = ahead[src, 0]
    rival = np.full(len(src), -1.0, np.float32)
    if ahead.shape[1] > 1:
        rival = ahead[src, 1]
    if back.shape[1] > 1:
        rival = np.maximum(rival, back[tgt, 1])
    return Anchors(src, tgt, margin, margin - rival)


def chain(anchors: Anchors) -> Anchors:
    """The heaviest sub-sequence that rises strictly on both sides.

    Weight is the margin, at least 0.01. An anchor that crosses no other is in every heaviest chain;
    only the others, mostly few, are chosen one by one.
    """
    tgt = anchors.tgt
    if not len(tgt):
        return anchors
    before = np.maximum.accumulate(np.concatenate([[-1], tgt[:-1]]))
    after = np.minimum.accumulate(np.concatenate([tgt[1:], [tgt.max() + 1]])[::-1])[::-1]
    keep = (tgt > before) & (tgt < after)
    doubtful = np.flatnonzero(~keep)
    if len(doubtful):
        weight = np.maximum(anchors.margin[doubtful], 0.01)
        keep[doubtful[_heaviest(tgt[doubtful].tolist(), weight.tolist())]] = True
    return Anchors(anchors.src[keep], tgt[keep], anchors.margin[keep], anchors.gap[keep])


def _heaviest(targets: list[int], weight: list[float]) -> list[int]:
    """Which make the heaviest strictly rising sub-sequence."""
    # staircase of (last target, total weight, index), both rising
    ends: list[int] = []
    totals: list[float] = []
    holders: list[int] = []
    parent = [-1] * len(targets)
    for k, target in enumerate(targets):
        at = bisect_left(ends, target)
        parent[k] = holders[at - 1] if at else -1
        total = (totals[at - 1] if at else 0.0) + weight[k]
        if at < len(ends) and ends[at] == target and totals[at] >= total:
            continue
        last = at
        while last < len(ends) and totals[last] <= total:
            last += 1
        if at < len(ends) and ends[at] == target:
            last = max(last, at + 1)
        ends[at:last], totals[at:last], holders[at:last] = [target], [total], [k]
    keep = []
    k = holders[-1] if holders else -1
    while k >= 0:
        keep.append(k)
        k = parent[k]
    return keep[::-1]


SHORT = 12_000  # cells of a document that is not worth a cut: one in 1,000 is wrong
LARGEST = 1 << 16  # cells of a segment
TRIED = 8  # best anchors of a box that are looked at
GAP = 8  # times as many sentences on one side: there is a gap
Point = tuple[int, int]
Repeated = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]  # [n], [m]
Tears = Callable[[Ints, Ints], npt.NDArray[np.bool_]]  # [k], [k] -> [k]

FEW = 8  # anchors below which the whole documents tell the ratio
MOST = 0.4  # log ratio that whole documents may tell: one may be an excerpt of the other


def length_ratio(src: Side, tgt: Side, anchors: Anchors) -> float:
    """Log of target bytes a source byte, in text that corresponds."""
    if len(anchors.src) >= FEW:
        own, other = src.lengths[anchors.src].sum(), tgt.lengths[anchors.tgt].sum()
        return float(np.log(other / own))
    return float(np.clip(np.log(tgt.lengths.sum() / src.lengths.sum()), -MOST, MOST))


def sure_cuts(
    anchors: Anchors,
    n: int,
    m: int,
    min_margin: float,
    min_gap: float,
    repeated: Repeated | None,
    tears: Tears | None,
) -> Ints:
    """Points (i, j) that the path passes: inside four sure neighbours on a diagonal, no tear."""
    sure = (anchors.margin >= min_margin) & (anchors.gap >= min_gap)
    src, tgt = anchors.src[sure], anchors.tgt[sure]
    down, right = np.diff(src), np.diff(tgt)
    step = near = (down == 1) & (right == 1)
    if repeated is not None:  # a line that comes again is no anchor, but does not part two
        over = (down == 2) & (right == 2)
        over[over] = repeated[0][src[:-1][over] + 1] & repeated[1][tgt[:-1][over] + 1]
        near = step | over
    # two on either side: with one, 1.4 % of the cuts in the gold sets were wrong; what with two
    # is still wrong are beads that go across, see `tears`
    before = np.concatenate([[False], near[:-1]])
    after = np.concatenate([near[1:], [False]])
    step = step & before & after
    src, tgt = src[1:][step], tgt[1:][step]
    if tears is not None:
        kept = ~tears(src, tgt)
        src, tgt = src[kept], tgt[kept]
    inner = np.stack([src, tgt], 1)
    return np.concatenate([[[0, 0]], inner, [[n, m]]])


def segments(
    anchors: Anchors,
    n: int,
    m: int,
    min_margin: float,
    min_gap: float,
    longest: int,
    repeated: Repeated | None = None,
    tears: Tears | None = None,
) -> Segments:
    """Cuts n x m into segments; what is larger than about `longest` is cut at a weaker anchor.

    Where no anchor helps, the cut follows the diagonal of the segment: time stays linear. A short
    document stays whole. `repeated`: which lines of both documents come more than once; `tears`:
    before which of these sentences, that stand beside each other, no cut should be.
    """
    if n * m <= SHORT:
        zero = np.zeros(1, np.int64)
        return Segments(zero, zero + n, zero, zero + m)
    points = sure_cuts(anchors, n, m, min_margin, min_gap, repeated, tears)
    size = np.diff(points, axis=0)
    large = np.flatnonzero(size[:, 0] * size[:, 1] > _most(size[:, 0], size[:, 1], longest))
    more: list[Point] = []
    src, tgt = anchors.src.tolist(), anchors.tgt.tolist()
    for k in large.tolist():
        ends = [(int(i), int(j)) for i, j in points[k : k + 2]]
        stack = [(ends[0], ends[1])]
        while stack:
            low, high = stack.pop()
            h, w = high[0] - low[0], high[1] - low[1]
            if h * w <= _most(h, w, longest):
                more.append(high)
                continue
            weak = _weak_cuts(src, tgt, anchors.margin, low, high, (n, m), longest, tears)
            cuts = [low, *weak, high]
            stack += list(pairwise(cuts))[::-1]
    if more:
        points = np.concatenate([points, np.array(more, np.int64)])
        points = np.unique(points, axis=0)
    return Segments(points[:-1, 0], points[1:, 0], points[:-1, 1], points[1:, 1])


def _most(h: Any, w: Any, longest: int) -> Any:
    """Cells that a segment of this form may have: a number times its sentences, never too many.

    A few sentences beside a long gap are no problem: they may belong to either end of it.
    """
    return np.minimum(longest * (h + w) // 2, LARGEST)


def _weak_cuts(
    src: list[int],
    tgt: list[int],
    margin: Floats,
    low: Point,
    high: Point,
    last: Point,
    longest: int,
    tears: Tears | None,
) -> list[Point]:
    """Where to cut a box: before an anchor in its middle half, else on its diagonal.

    Of the best anchors the first is taken where nothing may go across. A box far longer on one side
    holds a gap: its few sentences are left at the ends of it, where they are next to what they
    stood beside; at the ends of the document, at the inner end.
    """
    (i0, j0), (i1, j1) = low, high
    h, w = i1 - i0, j1 - j0
    quarter = h // 4
    a, b = bisect_left(src, i0 + quarter), bisect_right(src, i1 - quarter)
    inside = [k for k in range(a, b) if j0 < tgt[k] < j1 and i0 < src[k] < i1]
    if inside:
        best = sorted(inside, key=lambda k: -float(margin[k]))[:TRIED]
        points = np.array([(src[k], tgt[k]) for k in best])
        whole = ~tears(points[:, 0], points[:, 1]) if tears is not None else np.ones(1, bool)
        i, j = points[int(whole.argmax())].tolist()  # the first that is, or the first
        return [(i, j)]
    if max(h, w) < GAP * min(h, w):
        return [((i0 + i1) // 2, (j0 + j1) // 2)]
    few = min(h, w)
    before = 0 if low == (0, 0) else few if high == last else few // 2
    near = max(2 * few, longest)  # of the longer side stay with the shorter one
    if h < w:
        first, second = (i0 + before, j0 + near * (before > 0)), (i0 + before, j1)
        return [first, (second[0], j1 - near * (before < few))]
    first, second = (i0 + near * (before > 0), j0 + before), (i1, j0 + before)
    return [first, (i1 - near * (before < few), second[1])]
