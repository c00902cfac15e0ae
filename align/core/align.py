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
from align.core.merging import merge, same, unlikely, without
from align.core.monotone import align_monotone
from align.core.moved import find_moved
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side

Flags = npt.NDArray[np.bool_]

DOUBT = 0.49  # of what stands on lengths alone


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
            old, new = same(before, beads, n, m)
            probability[new], lax[new] = known[0][old], known[1][old]
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
