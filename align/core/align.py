"""The whole core: two sides in, beads with calibrated probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.astray import by_length, is_astray
from align.core.blas import one_blas_thread
from align.core.calibrate import Calibration, calibrate
from align.core.crossed import uncrossed
from align.core.explain import Parts, explain
from align.core.memory import keep_freed_memory
from align.core.monotone import Beads, align_monotone
from align.core.moved import find_moved
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side

Flags = npt.NDArray[np.bool_]

DOUBT = 0.49  # of what stands on lengths alone
UNLIKELY = 0.2  # below that probability to be right even in part, a pair is none, ...
TRUSTED = 0.5  # ... if half of all pairs have this


@dataclass(frozen=True, slots=True)
class Found:
    """Beads in document order (moved ones at their place in the source). [k] each."""

    src: Ints
    tgt: Ints
    a: Ints
    b: Ints
    score: Floats
    probability: Floats
    probability_lax: Floats
    moved: Flags
    parts: Parts | None = None  # of the scores, where asked for and neither side is empty


@one_blas_thread()
def align_sides(
    src: Side,
    tgt: Side,
    scorer: Scorer,
    calibration: Calibration,
    *,
    k: int,
    threads: int = 1,
    monotone: bool = False,
    explained: bool = False,
    lengths: Scorer | None = None,
    progress: Callable[[float], None] | None = None,
) -> Found:
    """Aligns two documents; every sentence of both is in exactly one bead.

    `explained`: with the parts of each score. `lengths`: weights for when the vectors tell nothing;
    what they find has no probability above DOUBT. `progress` is told the share that is done, 0..1.
    """
    keep_freed_memory()
    n, m = len(src), len(tgt)
    if not n or not m:
        return unaligned(n, m)
    result = align_monotone(src, tgt, scorer, k, threads, progress=progress)
    blind = by_length(result, lengths) if lengths is not None and is_astray(result) else None
    if blind is not None and lengths is not None:
        result, scorer = blind, lengths
    moved = None
    if not monotone and not blind:
        result = uncrossed(result, scorer)
        moved = find_moved(result, scorer, k, threads)
    beads, is_moved = merge(result.beads, moved, n, m)
    if blind:
        probability, lax = DOUBT * beads.probability, DOUBT * beads.linked
    else:
        probability, lax = calibrate(calibration, beads, is_moved, result.evidence)
        freed = unlikely(beads, lax)
        if freed is not None:
            kept = None if moved is None else without(moved, freed)
            before, known = beads, (probability, lax)
            beads, is_moved = merge(result.beads, kept, n, m, freed)
            probability, lax = calibrate(calibration, beads, is_moved, result.evidence)
            # the weights were fitted among all pairs: only what is new looks at what is left
            old, same = _same(before, beads, n, m)
            probability[same], lax[same] = known[0][old], known[1][old]
    return Found(
        beads.src,
        beads.tgt,
        beads.a,
        beads.b,
        beads.score,
        probability,
        lax,
        is_moved,
        explain(result, beads, is_moved, scorer) if explained else None,
    )


def unaligned(n: int, m: int) -> Found:
    """Every sentence alone: nothing corresponds to anything."""
    count = n + m
    zero = np.zeros(count, np.int64)
    number = np.arange(count)
    ones = np.ones(count, np.float32)
    return Found(
        np.minimum(number, n),
        np.maximum(number - n, 0),
        (number < n).astype(np.int64),
        (number >= n).astype(np.int64),
        0 * ones,
        ones,
        0 * ones,
        zero.astype(bool),
    )


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
    return _picked(beads, weak) if weak.any() else None


def _picked(beads: Beads, some: Flags) -> Beads:
    return Beads(*(getattr(beads, name)[some] for name in Beads.__slots__))


def without(beads: Beads, others: Beads) -> Beads:
    """A source sentence is in one bead, so its first one tells which."""
    return _picked(beads, ~np.isin(beads.src, others.src))


def _same(before: Beads, after: Beads, n: int, m: int) -> tuple[Ints, Ints]:
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
        for i, j, a, b in zip(beads.src, beads.tgt, beads.a, beads.b, strict=True):
            src[i : i + a] = True
            tgt[j : j + b] = True
    return src, tgt


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
    alone = []  # what is left of them
    for k in np.flatnonzero(hit).tolist():
        i, j, a, b = (int(column[k]) for column in (beads.src, beads.tgt, beads.a, beads.b))
        alone += [(x, j, 1, 0) for x in range(i, i + a) if not src_taken[x]]
        end = i + a  # where the path stands once the source side is passed
        alone += [(end, y, 0, 1) for y in range(j, j + b) if not tgt_taken[y]]
    left = np.array(alone, np.int64).reshape(-1, 4)
    none, half = np.zeros(len(left), np.float32), np.full(len(left), 0.5, np.float32)
    parts = (
        Beads(*(getattr(beads, name)[~hit] for name in Beads.__slots__)),
        Beads(left[:, 0], left[:, 1], left[:, 2], left[:, 3], none, half, none),
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
    return Beads(*(getattr(every, name)[order] for name in Beads.__slots__)), is_moved[order]
