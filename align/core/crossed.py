"""Beads of several sentences a side that hide two changed places.

Where a question moved behind its answer, a bead of both and both is a monotone path's only way to
keep them. Such a bead is taken apart: one part stays in order, the other is left over and found
as moved text.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from align.core.anchors import Segments
from align.core.bucket import make_bucket
from align.core.evidence import Evidence, find_shared
from align.core.lattice import NEVER
from align.core.monotone import Monotone, buckets, join, solve
from align.core.neighbours import unit_rows
from align.core.scorer import Scorer, score_bucket

MIN_COSINE = 0.25  # above the mean cosine of both sentences


def uncrossed(result: Monotone, scorer: Scorer) -> Monotone:
    """The same with every bead whose sentences are found crosswise as beads of one sentence and
    one or several, and leftovers."""
    beads, ev = result.beads, result.evidence
    several = np.flatnonzero((beads.a > 1) & (beads.b > 1))
    crossed = [
        k
        for k in several.tolist()
        if _is_crossed(ev, *(int(c[k]) for c in (beads.src, beads.a, beads.tgt, beads.b)))
    ]
    if not crossed:
        return result
    at = np.array(crossed)
    box = Segments(
        beads.src[at], beads.src[at] + beads.a[at], beads.tgt[at], beads.tgt[at] + beads.b[at]
    )
    shapes = scorer.shapes.copy()
    shapes[1:, 1:] = NEVER
    plain = replace(scorer, shapes=shapes)
    shared = find_shared(ev, box)
    parts = [
        solve(score_bucket(make_bucket(ev, box, chosen, shared), plain), box, chosen)
        for chosen in buckets(box)
    ]
    kept = np.ones(len(beads.src), bool)
    kept[at] = False
    return replace(result, beads=join([beads.taken(kept), *parts]))


def _is_crossed(ev: Evidence, i: int, a: int, j: int, b: int) -> bool:
    """Whether two pairs of nearest sentences inside the bead stand in opposite orders."""
    src, tgt = np.arange(i, i + a), np.arange(j, j + b)
    usual = (ev.src_background.of(1, 1, src + 1)[:, None] + ev.tgt_background.of(1, 1, tgt + 1)) / 2
    cosine = unit_rows(ev.src.sums[src]) @ unit_rows(ev.tgt.sums[tgt]).T - usual  # [a, b]
    best = cosine.argmax(1)
    mutual = (cosine.argmax(0)[best] == np.arange(a)) & (cosine.max(1) >= MIN_COSINE)
    return bool((np.diff(best[mutual]) < 0).any())
