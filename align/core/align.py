"""The whole core: two sides in, beads with calibrated probabilities out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.calibrate import Calibration, calibrate
from align.core.explain import Parts, explain
from align.core.monotone import Beads, align_monotone
from align.core.moved import find_moved
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side


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
    moved: npt.NDArray[np.bool_]
    parts: Parts | None = None  # of the scores, where asked for and neither side is empty


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
) -> Found:
    """Aligns two documents; every sentence of both is in exactly one bead.

    `explained`: with the parts of each score.
    """
    n, m = len(src), len(tgt)
    if not n or not m:
        return _unaligned(n, m)
    result = align_monotone(src, tgt, scorer, k, threads)
    moved = None if monotone else find_moved(result, scorer, k, threads)
    beads, is_moved = merge(result.beads, moved, n, m)
    probability, lax = calibrate(calibration, beads, is_moved, result.evidence)
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


def _unaligned(n: int, m: int) -> Found:
    """One side is empty: nothing corresponds to anything."""
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


def merge(beads: Beads, moved: Beads | None, n: int, m: int) -> tuple[Beads, npt.NDArray[np.bool_]]:
    """Puts the moved beads among the others; beads they took from fall apart into nulls."""
    if moved is None:
        return beads, np.zeros(len(beads.src), bool)
    src_taken, tgt_taken = np.zeros(n, bool), np.zeros(m, bool)
    for i, j, a, b in zip(moved.src, moved.tgt, moved.a, moved.b, strict=True):
        src_taken[i : i + a] = True
        tgt_taken[j : j + b] = True
    src_before = np.concatenate([[0], np.cumsum(src_taken)])
    tgt_before = np.concatenate([[0], np.cumsum(tgt_taken)])
    hit = (src_before[beads.src + beads.a] > src_before[beads.src]) | (
        tgt_before[beads.tgt + beads.b] > tgt_before[beads.tgt]
    )
    rows: list[tuple[int, int, int, int, float, float, float, bool]] = []
    columns = (beads.src, beads.tgt, beads.a, beads.b, beads.score, beads.probability, beads.linked)
    for taken, *bead in zip(hit.tolist(), *(c.tolist() for c in columns), strict=True):
        i, j, a, b = bead[:4]
        if not taken:
            rows.append((*bead, False))  # type: ignore[arg-type]
            continue
        rows += [(x, j, 1, 0, 0.0, 0.5, 0.0, False) for x in range(i, i + a) if not src_taken[x]]
        end = i + a  # where the path stands once the source side is passed
        rows += [(end, y, 0, 1, 0.0, 0.5, 0.0, False) for y in range(j, j + b) if not tgt_taken[y]]
    columns = (moved.src, moved.tgt, moved.a, moved.b, moved.score, moved.probability, moved.linked)
    rows += [(*bead, True) for bead in zip(*(c.tolist() for c in columns), strict=True)]
    rows.sort(key=lambda row: (row[0], not row[7], row[1]))  # the path rises on both sides
    table = list(zip(*rows, strict=True))
    src, tgt, a, b = (np.array(column, np.int64) for column in table[:4])
    score, probability, linked = (np.array(column, np.float32) for column in table[4:7])
    return Beads(src, tgt, a, b, score, probability, linked), np.array(table[7], bool)
