"""Dynamic programming over many small segments at once, without a loop over cells.

A path runs from (0, 0) to (height, width) of a segment through beads;
`beads[i, a - 1, b - 1, s, j]` is the score of the bead that joins a source and b target sentences
and ends before row i, column j of segment s. Rows are visited one by one, everything else is
vectorised over segments, columns and bead shapes; the 0-1 bead inside a row is a running maximum
(or log-sum). Segments are padded to a common size.

The path is the best one (Viterbi). Probabilities are the marginals of the log-linear model whose
scores these are: forward times backward over the total (a semi-Markov conditional random field,
Sarawagi & Cohen 2004, https://papers.nips.cc/paper/2648).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints

NEVER = np.float32(-1e9)  # the score of what cannot be
SRC_NULL, TGT_NULL = -1, -2  # moves of one sentence without a counterpart

Doubles = npt.NDArray[Any]  # float64


@dataclass(frozen=True, slots=True)
class Lattice:
    """The scores of S segments padded to height h and width w; A is the longest block."""

    beads: Floats  # [h + 1, A, A, S, w + 1]; NEVER where a bead cannot be
    src_null: Floats  # [h + 1, S]; of leaving out the source sentence before row i
    tgt_null: Floats  # [S, w + 1]; of leaving out the target sentence before column j
    heights: Ints  # [S]
    widths: Ints  # [S]


@dataclass(frozen=True, slots=True)
class Path:
    """The beads of the best paths, in order, segment after segment. [beads] each."""

    segment: Ints
    src: Ints  # first row
    tgt: Ints  # first column
    a: Ints  # source sentences, 0: insertion
    b: Ints  # target sentences, 0: deletion


def _padded(lattice: Lattice, fill: float) -> tuple[Doubles, int, int, int, int]:
    rows, size, _, segments, columns = lattice.beads.shape
    return np.full((rows + size, segments, columns + size), fill), rows, size, segments, columns


def _before(v: Doubles, i: int, size: int, segments: int, columns: int) -> Doubles:
    """View [A, A, S, w + 1] of v at (i - a, j - b) for all a, b >= 1; v is padded by `size`."""
    row, segment, column = v.strides
    return np.lib.stride_tricks.as_strided(
        v[i + size - 1 :, :, size - 1 :],
        (size, size, segments, columns),
        (-row, -column, segment, column),
        writeable=False,
    )


def best_path(lattice: Lattice) -> Path:
    """The highest-scoring path of every segment."""
    v, rows, size, segments, columns = _padded(lattice, -np.inf)
    v[size, :, size] = 0.0
    move = np.zeros((rows, segments, columns), np.int16)  # a * size + b - ..., or a null
    nulls = np.cumsum(lattice.tgt_null, axis=1, dtype=np.float64)  # [S, w + 1]
    for i in range(rows):
        here = v[i + size, :, size:]  # [S, w + 1]
        if i:
            joined = (_before(v, i, size, segments, columns) + lattice.beads[i]).reshape(
                size * size, segments, columns
            )
            kind = joined.argmax(0)
            best = np.take_along_axis(joined, kind[None], 0)[0]
            alone = v[i + size - 1, :, size:] + lattice.src_null[i][:, None]
            kind[alone > best] = SRC_NULL
            np.maximum(best, alone, out=here)
            move[i] = kind
        inserted = np.maximum.accumulate(here - nulls, axis=1) + nulls
        # a running maximum that did not start here came from the left
        left = np.empty_like(inserted)
        left[:, 0] = -np.inf
        left[:, 1:] = inserted[:, :-1] + lattice.tgt_null[:, 1:]
        move[i][left > here] = TGT_NULL
        np.maximum(here, left, out=here)
    return _trace(move, lattice.heights, lattice.widths, size)


def _trace(move: npt.NDArray[np.int16], heights: Ints, widths: Ints, size: int) -> Path:
    """Follows the moves back from the ends, all segments in lock-step."""
    alive = np.arange(len(heights))
    i, j = heights.copy(), widths.copy()
    found: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    while True:
        alive = alive[(i[alive] > 0) | (j[alive] > 0)]
        if not len(alive):
            break
        kind = move[i[alive], alive, j[alive]].astype(np.int64)
        a = np.where(kind >= 0, kind // size + 1, kind == SRC_NULL)
        b = np.where(kind >= 0, kind % size + 1, kind == TGT_NULL)
        i[alive] -= a
        j[alive] -= b
        found.append((alive, i[alive], j[alive], a, b))
    if not found:
        empty = np.zeros(0, np.int64)
        return Path(empty, empty, empty, empty, empty)
    segment, src, tgt, a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((tgt, src, segment))
    return Path(segment[order], src[order], tgt[order], a[order], b[order])


@dataclass(frozen=True, slots=True)
class Sums:
    """Log-sums over all paths: from the start to a cell, and from a cell to the end."""

    forward: Doubles  # [h + 1, S, w + 1]
    backward: Doubles  # [h + 1, S, w + 1]
    total: Doubles  # [S]


def _log_sum(x: Doubles) -> Doubles:
    """log(sum(exp(x))) over the first axis; -inf where nothing leads."""
    top = x.max(0)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        out: Doubles = np.log(np.exp(x - safe).sum(0)) + safe
    return out


def all_paths(lattice: Lattice) -> Sums:
    """Forward and backward log-sums."""
    v, rows, size, segments, columns = _padded(lattice, -np.inf)
    v[size, :, size] = 0.0
    nulls = np.cumsum(lattice.tgt_null, axis=1, dtype=np.float64)  # [S, w + 1]
    for i in range(rows):
        here = v[i + size, :, size:]
        if i:
            joined = (_before(v, i, size, segments, columns) + lattice.beads[i]).reshape(
                size * size, segments, columns
            )
            alone = v[i + size - 1, :, size:] + lattice.src_null[i][:, None]
            here[:] = np.logaddexp(_log_sum(joined), alone)
        here[:] = np.logaddexp.accumulate(here - nulls, axis=1) + nulls
    forward = v[size:, :, size:]

    u = np.full((rows + size, segments, columns + size), -np.inf)
    each = np.arange(segments)
    beads = np.full((rows + size, size, size, segments, columns + size), NEVER, np.float32)
    beads[:rows, ..., :columns] = lattice.beads
    u_row, u_segment, u_column = u.strides
    r, of_a, of_b, of_s, of_j = beads.strides
    shape = (size, size, segments, columns)
    for i in reversed(range(rows)):
        here = u[i, :, :columns]
        if i < rows - 1:
            after = np.lib.stride_tricks.as_strided(
                u[i + 1 :, :, 1:], shape, (u_row, u_column, u_segment, u_column), writeable=False
            )
            scores = np.lib.stride_tricks.as_strided(
                beads[i + 1 :, :, :, :, 1:],
                shape,
                (r + of_a, of_b + of_j, of_s, of_j),
                writeable=False,
            )
            joined = (after + scores).reshape(size * size, segments, columns)
            alone = u[i + 1, :, :columns] + lattice.src_null[i + 1][:, None]
            here[:] = np.logaddexp(_log_sum(joined), alone)
        ends = each[lattice.heights == i]
        here[ends, lattice.widths[ends]] = 0.0
        summed = np.logaddexp.accumulate((here + nulls)[:, ::-1], axis=1)[:, ::-1]
        here[:] = summed - nulls
    backward = u[:rows, :, :columns]
    total = forward[lattice.heights, each, lattice.widths]
    return Sums(forward, backward, total)


def bead_marginals(lattice: Lattice, sums: Sums) -> Floats:
    """Probability of every bead with text on both sides. [h + 1, A, A, S, w + 1]"""
    rows, size, _, segments, columns = lattice.beads.shape
    v = np.full((rows + size, segments, columns + size), -np.inf)
    v[size:, :, size:] = sums.forward
    out = np.zeros(lattice.beads.shape, np.float32)
    end = sums.backward - sums.total[:, None]  # [h + 1, S, w + 1]
    for i in range(1, rows):
        log = _before(v, i, size, segments, columns) + lattice.beads[i] + end[i]
        np.exp(np.minimum(log, 0.0), out=out[i], casting="same_kind")
    return out


def null_marginals(lattice: Lattice, sums: Sums) -> tuple[Floats, Floats]:
    """Probability that a sentence has no counterpart: [h + 1, S] and [S, w + 1], index 0 empty."""
    f, b, total = sums.forward, sums.backward, sums.total
    src = np.zeros(lattice.src_null.shape, np.float32)
    tgt = np.zeros(lattice.tgt_null.shape, np.float32)
    log = f[:-1] + lattice.src_null[1:, :, None] + b[1:] - total[:, None]
    src[1:] = np.exp(np.minimum(log, 0.0)).sum(2)
    log = f[:, :, :-1] + lattice.tgt_null[:, 1:] + b[:, :, 1:] - total[:, None]
    tgt[:, 1:] = np.exp(np.minimum(log, 0.0)).sum(0)
    return src, tgt
