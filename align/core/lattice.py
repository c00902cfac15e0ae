"""Dynamic programming over many small segments at once, without a loop over cells.

A path runs from (0, 0) to (height, width) of a segment through beads; `beads[i, a - 1, b - 1, s, j]`
is the score of the bead that joins a source and b target sentences and ends before row i, column j
of segment s. Sentences may stay alone; every run of such sentences costs `gap` once, for gaps come
in passages (affine gaps, Gotoh 1982). So a path is in one of two states: it has just passed a bead,
or it is in a gap.

Rows are visited one by one, everything else is vectorised over segments, columns and bead shapes;
gaps inside a row are a running maximum (or log-sum). Segments are padded to a common size.

The path is the best one (Viterbi). Probabilities are the marginals of the log-linear model whose
scores these are: forward times backward over the total (a semi-Markov conditional random field,
Sarawagi & Cohen 2004, https://papers.nips.cc/paper/2648).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints

NEVER = np.float32(-1e9)  # the score of what cannot be

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lattice:
    """The scores of S segments padded to height h and width w; A is the longest block."""

    beads: Floats  # [h + 1, A, A, S, w + 1]; NEVER where a bead cannot be
    src_null: Floats  # [h + 1, S]; of leaving out the source sentence before row i
    tgt_null: Floats  # [S, w + 1]; of leaving out the target sentence before column j
    heights: Ints  # [S]
    widths: Ints  # [S]
    gap: float = 0.0  # once for every run of sentences left out


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


def _left(row: Doubles, add: Floats) -> Doubles:
    """What reaches each column from the one to its left. [S, w + 1]"""
    out = np.full(row.shape, -np.inf)
    out[:, 1:] = row[:, :-1] + add[:, 1:]
    return out


def best_path(lattice: Lattice) -> Path:
    """The highest-scoring path of every segment."""
    v, rows, size, segments, columns = _padded(lattice, -np.inf)  # better of the two states
    bead = np.full((rows, segments, columns), -np.inf)  # best path that ends in a bead
    gap = np.full((rows, segments, columns), -np.inf)  # best path that ends in a gap
    kind = np.zeros((rows, segments, columns), np.int16)  # shape of the last bead
    up = np.zeros((rows, segments, columns), bool)  # the gap came from the row above
    bead[0, :, 0] = 0.0
    nulls = np.cumsum(lattice.tgt_null, axis=1, dtype=np.float64)  # [S, w + 1]
    for i in range(rows):
        above = np.full((segments, columns), -np.inf)
        if i:
            joined = (_before(v, i, size, segments, columns) + lattice.beads[i]).reshape(
                size * size, segments, columns
            )
            kind[i] = joined.argmax(0)
            bead[i] = np.take_along_axis(joined, kind[i][None].astype(np.int64), 0)[0]
            above = np.maximum(bead[i - 1] + lattice.gap, gap[i - 1])
            above += lattice.src_null[i][:, None]
        start = np.maximum(above, _left(bead[i] + lattice.gap, lattice.tgt_null))
        gap[i] = np.maximum.accumulate(start - nulls, axis=1) + nulls
        up[i] = above >= gap[i]
        v[i + size, :, size:] = np.maximum(bead[i], gap[i])
    return _trace(lattice, bead, gap, kind, up)


def _trace(
    lattice: Lattice,
    bead: Doubles,
    gap: Doubles,
    kind: npt.NDArray[np.int16],
    up: npt.NDArray[np.bool_],
) -> Path:
    """Follows the best paths back from the ends, all segments in lock-step."""
    size = lattice.beads.shape[1]
    each = np.arange(len(lattice.heights))
    i, j = lattice.heights.copy(), lattice.widths.copy()
    in_gap = gap[i, each, j] > bead[i, each, j]
    found: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    alive = each
    while True:
        alive = alive[(i[alive] > 0) | (j[alive] > 0)]
        if not len(alive):
            break
        at = i[alive], alive, j[alive]
        was_gap = in_gap[alive]
        shape = kind[at].astype(np.int64)
        a = np.where(was_gap, up[at], shape // size + 1).astype(np.int64)
        b = np.where(was_gap, ~up[at], shape % size + 1).astype(np.int64)
        i[alive] -= a
        j[alive] -= b
        before = i[alive], alive, j[alive]
        opened = np.where(was_gap, lattice.gap, 0.0)
        in_gap[alive] = gap[before] > bead[before] + opened
        found.append((alive, i[alive], j[alive], a, b))
    if not found:
        empty = np.zeros(0, np.int64)
        return Path(empty, empty, empty, empty, empty)
    segment, src, tgt, a, b = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((tgt, src, segment))
    return Path(segment[order], src[order], tgt[order], a[order], b[order])


@dataclass(frozen=True, slots=True)
class Sums:
    """Log-sums over all paths, [h + 1, S, w + 1] each, by the state the path is in at the cell."""

    to_bead: Doubles  # from the start
    to_gap: Doubles
    from_bead: Doubles  # to the end
    from_gap: Doubles
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
    nulls = np.cumsum(lattice.tgt_null, axis=1, dtype=np.float64)  # [S, w + 1]
    to_bead, to_gap = _forward(lattice, nulls)
    from_bead, from_gap = _backward(lattice, nulls)
    each = np.arange(len(lattice.heights))
    ends = lattice.heights, each, lattice.widths
    return Sums(to_bead, to_gap, from_bead, from_gap, np.logaddexp(to_bead[ends], to_gap[ends]))


def _forward(lattice: Lattice, nulls: Doubles) -> tuple[Doubles, Doubles]:
    v, rows, size, segments, columns = _padded(lattice, -np.inf)  # sum of the two states
    bead = np.full((rows, segments, columns), -np.inf)
    gap = np.full((rows, segments, columns), -np.inf)
    bead[0, :, 0] = 0.0
    for i in range(rows):
        start = np.full((segments, columns), -np.inf)
        if i:
            joined = _before(v, i, size, segments, columns) + lattice.beads[i]
            bead[i] = _log_sum(joined.reshape(size * size, segments, columns))
            start = np.logaddexp(bead[i - 1] + lattice.gap, gap[i - 1])
            start += lattice.src_null[i][:, None]
        start = np.logaddexp(start, _left(bead[i] + lattice.gap, lattice.tgt_null))
        gap[i] = np.logaddexp.accumulate(start - nulls, axis=1) + nulls
        v[i + size, :, size:] = np.logaddexp(bead[i], gap[i])
    return bead, gap


def _backward(lattice: Lattice, nulls: Doubles) -> tuple[Doubles, Doubles]:
    rows, size, _, segments, columns = lattice.beads.shape
    bead = np.full((rows + size, segments, columns + size), -np.inf)
    gap = np.full((rows, segments, columns), -np.inf)
    each = np.arange(segments)
    beads = np.full((rows + size, size, size, segments, columns + size), NEVER, np.float32)
    beads[:rows, ..., :columns] = lattice.beads
    row, segment, column = bead.strides
    r, of_a, of_b, of_s, of_j = beads.strides
    shape = (size, size, segments, columns)
    for i in reversed(range(rows)):
        joined = np.full((segments, columns), -np.inf)
        down = np.full((segments, columns), -np.inf)
        if i < rows - 1:
            after = np.lib.stride_tricks.as_strided(
                bead[i + 1 :, :, 1:], shape, (row, column, segment, column), writeable=False
            )
            scores = np.lib.stride_tricks.as_strided(
                beads[i + 1 :, :, :, :, 1:],
                shape,
                (r + of_a, of_b + of_j, of_s, of_j),
                writeable=False,
            )
            joined = _log_sum((after + scores).reshape(size * size, segments, columns))
            down = gap[i + 1] + lattice.src_null[i + 1][:, None]
        ends = each[lattice.heights == i]
        joined[ends, lattice.widths[ends]] = 0.0
        here = np.logaddexp(joined, down)
        gap[i] = np.logaddexp.accumulate((here + nulls)[:, ::-1], axis=1)[:, ::-1] - nulls
        right = np.full((segments, columns), -np.inf)
        right[:, :-1] = gap[i][:, 1:] + lattice.tgt_null[:, 1:]
        opened = np.logaddexp(down, right) + lattice.gap
        bead[i, :, :columns] = np.logaddexp(joined, opened)
    return bead[:rows, :, :columns], gap


def bead_marginals(lattice: Lattice, sums: Sums) -> Floats:
    """Probability of every bead with text on both sides. [h + 1, A, A, S, w + 1]"""
    rows, size, _, segments, columns = lattice.beads.shape
    v = np.full((rows + size, segments, columns + size), -np.inf)
    v[size:, :, size:] = np.logaddexp(sums.to_bead, sums.to_gap)
    out = np.zeros(lattice.beads.shape, np.float32)
    end = sums.from_bead - sums.total[:, None]  # [h + 1, S, w + 1]
    for i in range(1, rows):
        log = _before(v, i, size, segments, columns) + lattice.beads[i] + end[i]
        np.exp(np.minimum(log, 0.0), out=out[i], casting="same_kind")
    return out


@dataclass(frozen=True, slots=True)
class Nulls:
    """Probabilities that sentences have no counterpart; index 0 is empty."""

    src: Floats  # [h + 1, S]
    tgt: Floats  # [S, w + 1]
    opened: float  # expected number of gaps, all segments together


def null_marginals(lattice: Lattice, sums: Sums) -> Nulls:
    """What the model says of sentences left alone."""
    src = np.zeros(lattice.src_null.shape, np.float32)
    tgt = np.zeros(lattice.tgt_null.shape, np.float32)
    total = sums.total[:, None]
    down = lattice.src_null[1:, :, None] + sums.from_gap[1:] - total
    right = lattice.tgt_null[:, 1:] + sums.from_gap[:, :, 1:] - total
    opened = 0.0
    for state, cost in ((sums.to_bead, lattice.gap), (sums.to_gap, 0.0)):
        p = np.exp(np.minimum(state[:-1] + cost + down, 0.0))
        q = np.exp(np.minimum(state[:, :, :-1] + cost + right, 0.0))
        src[1:] += p.sum(2)
        tgt[:, 1:] += q.sum(0)
        if state is sums.to_bead:
            opened = float(p.sum() + q.sum())
    return Nulls(src, tgt, opened)
