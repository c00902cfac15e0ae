"""One list of beads: those in order, moved ones, and what is left of those that are given up.

Every sentence of both documents stays in exactly one bead.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from align.core.cover import ranges
from align.core.monotone import Beads
from align.core.side import Floats, Ints

Flags = npt.NDArray[np.bool_]

UNLIKELY = 0.2  # below that probability to be right even in part, a pair is none, ...
TRUSTED = 0.5  # ... if half of all pairs have this


def improbable(pairs: Flags, lax: Floats) -> Flags:
    """The pairs that are probably none, where most of the others can be trusted. [k]

    Where they cannot (unrelated documents, vectors of little use), all stay: low as they are,
    their probabilities still tell the better ones.
    """
    weak = pairs & (lax < UNLIKELY)
    if weak.any() and np.median(lax[pairs]) < TRUSTED:
        weak[:] = False
    return weak


def unlikely(beads: Beads, lax: Floats) -> Beads | None:
    """The `improbable` ones, or None."""
    weak = improbable((beads.a > 0) & (beads.b > 0), lax)
    return beads.taken(weak) if weak.any() else None


def without(beads: Beads, others: Beads) -> Beads:
    """A source sentence is in one bead, so its first one tells which."""
    return beads.taken(~np.isin(beads.src, others.src))


def same(before: Beads, after: Beads, n: int, m: int) -> tuple[Ints, Ints]:
    """Where the beads stand that are in both, of which `after` has no other pairs. [k], [k]"""
    old, new = np.full((2, n + m), -1)  # by the first sentence; target sentences behind the source
    for place, beads in ((old, before), (new, after)):
        place[np.where(beads.a > 0, beads.src, n + beads.tgt)] = np.arange(len(beads.src))
    at = np.flatnonzero((old >= 0) & (new >= 0))
    old, new = old[at], new[at]
    same = (before.a[old] == after.a[new]) & (before.b[old] == after.b[new])
    return old[same], new[same]


def _covered(beads: Beads | None, n: int, m: int) -> tuple[Flags, Flags]:
    """Which sentences of both documents are in these beads. [n], [m]"""
    src, tgt = np.zeros(n, bool), np.zeros(m, bool)
    if beads is not None:
        src[ranges(beads.src, beads.a)] = True
        tgt[ranges(beads.tgt, beads.b)] = True
    return src, tgt


def _left_over(fallen: Beads, src_taken: Flags, tgt_taken: Flags) -> Beads:
    """The sentences of beads that fall apart, but for those taken by others, each alone."""
    src, tgt = ranges(fallen.src, fallen.a), ranges(fallen.tgt, fallen.b)
    left, right = ~src_taken[src], ~tgt_taken[tgt]
    # where the path stands: before the target side, and once the source side is passed
    before = fallen.tgt.repeat(fallen.a)[left]
    behind = (fallen.src + fallen.a).repeat(fallen.b)[right]
    alone = np.repeat([1, 0], [len(before), len(behind)])
    none = np.zeros(len(alone), np.float32)
    return Beads(
        np.concatenate([src[left], behind]),
        np.concatenate([before, tgt[right]]),
        alone,
        1 - alone,
        none,
        np.full(len(alone), 0.5, np.float32),
        none,
    )


def merge(
    beads: Beads, moved: Beads | None, n: int, m: int, freed: Beads | None = None
) -> tuple[Beads, Flags]:
    """Puts the moved beads among the others; beads they took from fall apart into nulls.

    So do those with sentences of `freed`, none of which are in moved beads.
    """
    if moved is None and freed is None:
        return beads, np.zeros(len(beads.src), bool)
    src_taken, tgt_taken = _covered(moved, n, m)
    src_free, tgt_free = _covered(freed, n, m)
    src_before = np.concatenate([[0], np.cumsum(src_taken | src_free)])
    tgt_before = np.concatenate([[0], np.cumsum(tgt_taken | tgt_free)])
    hit = (src_before[beads.src + beads.a] > src_before[beads.src]) | (
        tgt_before[beads.tgt + beads.b] > tgt_before[beads.tgt]
    )
    parts = (
        beads.taken(~hit),
        _left_over(beads.taken(hit), src_taken, tgt_taken),
        *([] if moved is None else [moved]),
    )
    every = Beads(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Beads.__slots__)
    )
    is_moved = np.arange(len(every.src)) >= len(every.src) - (
        0 if moved is None else len(moved.src)
    )
    # the path rises on both sides
    order = np.lexsort((np.arange(len(every.src)), every.tgt, ~is_moved, every.src))
    return every.taken(order), is_moved[order]
