"""Dynamic programming over many small segments at once, without a loop over cells.

A path runs from (0, 0) to (height, width) of a segment through beads; `beads[i, k, j, s]` is the
score of the bead of shape k (a source and b target sentences) that ends before row i, column j of
segment s. Rows are visited one by one, everything else is vectorised over shapes, columns and
segments; the 0-1 bead inside a row is a running maximum (or log-sum). Segments are padded to a
common size and stand last: numpy's inner loops run along a row of all of them.

The best path is found in `align.core.path`. Probabilities are the marginals of the log-linear
model whose scores these are (a semi-Markov conditional random field, Sarawagi & Cohen 2004,
https://papers.nips.cc/paper/2648). On the way down the log-sum of all paths to each cell is kept,
and by which bead they come in which share. The way back needs no exponentials of beads: a bead's
probability is its share in the probability that the path comes through the cell where it ends, and
what leaves a cell is what arrives at the cells behind it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints

NEVER = np.float32(-1e9)  # the score of what cannot be
TALL = 4  # times as many rows as columns
# of a logarithm whose exponential is taken: nothing beside 1. Where products of three such numbers
# fall below what float64 holds in full, each costs a hundred times as much
LEAST = -200.0

Doubles = npt.NDArray[Any]  # float64
Shape = tuple[int, int]  # sentences of a bead: source, target; at least 1 each


@dataclass(frozen=True, slots=True)
class Shapes:
    """The K shapes that beads may have, in rising order."""

    a: Ints  # [K]; source sentences
    b: Ints  # [K]; target sentences
    number: Ints  # [A + 1, B + 1]; of the shape a-b, -1 where there is none
    # of each sentence pair in each shape: the shape, and rows and columns from there to its end
    inside: tuple[Ints, Ints, Ints]
    # of a deletion and of each shape, sentences of the source and of the target; [1 + K] each
    steps: tuple[Ints, Ints]

    @property
    def longest(self) -> Shape:
        """Of any bead on either side, at least 1."""
        return max(1, len(self.number) - 1), max(1, self.number.shape[1] - 1)


@functools.lru_cache(maxsize=1024)
def _shapes(pairs: tuple[Shape, ...]) -> Shapes:
    a, b = np.array(pairs, np.int64).reshape(-1, 2).T
    number = np.full((int(a.max(initial=0)) + 1, int(b.max(initial=0)) + 1), -1)
    number[a, b] = np.arange(len(a))
    inside = [(k, x, y) for k, (p, q) in enumerate(pairs) for x, y in product(range(p), range(q))]
    shape, x, y = np.array(inside, np.int64).reshape(-1, 3).T
    steps = np.append(1, a), np.append(0, b)
    return Shapes(a, b, number, (shape, x + 1, y + 1), steps)


def shapes_of(pairs: Sequence[Shape]) -> Shapes:
    """Those of a list in rising order."""
    return _shapes(tuple(pairs))


@dataclass(frozen=True, slots=True)
class Lattice:
    """The scores of S segments padded to height h and width w."""

    shapes: Shapes
    beads: Floats  # [h + 1, K, w + 1, S]; NEVER where a bead cannot be
    src_null: Floats  # [h + 1, S]; of leaving out the source sentence before row i
    tgt_null: Floats  # [w + 1, S]; of leaving out the target sentence before column j
    heights: Ints  # [S]
    widths: Ints  # [S]


@dataclass(frozen=True, slots=True)
class Cells:
    """A number for each cell, with room above and to the left for the longest beads."""

    here: Doubles  # [h + 1, w + 1, S]; the last rows and columns of:
    padded: Doubles  # [A + h + 1, B + w + 1, S]; -inf outside


def cells_of(lattice: Lattice) -> Cells:
    """-inf in all cells but the first of each segment, which has 0."""
    rows, _, columns, count = lattice.beads.shape
    tall, wide = lattice.shapes.longest
    padded = np.full((tall + rows, wide + columns, count), -np.inf)
    here = padded[tall:, wide:]
    here[0, 0] = 0.0
    return Cells(here, padded)


def is_tall(lattice: Lattice) -> bool:
    """Whether rows are many and short, as beside a long gap: the other way round is faster."""
    return len(lattice.src_null) > TALL * len(lattice.tgt_null)


def _turned_order(shapes: Shapes) -> tuple[Shapes, Ints]:
    """The shapes with source and target exchanged, and which each was before."""
    order = np.lexsort((shapes.a, shapes.b))
    pairs = zip(shapes.b[order].tolist(), shapes.a[order].tolist(), strict=True)
    return shapes_of(tuple(pairs)), order


def turned(lattice: Lattice) -> Lattice:
    """The same with source and target exchanged."""
    shapes, order = _turned_order(lattice.shapes)
    return Lattice(
        shapes,
        np.ascontiguousarray(lattice.beads[:, order].transpose(2, 1, 0, 3)),
        lattice.tgt_null,
        lattice.src_null,
        lattice.widths,
        lattice.heights,
    )


def ways_down(lattice: Lattice, cells: Cells) -> Iterator[tuple[int, Doubles]]:
    """Each row but the first and the sums of all ways into its cells but from the left.

    [1 + K, w + 1, S], a deletion first; the same array every time. The rows before must be done.
    """
    rows, shapes, columns, count = lattice.beads.shape
    across, (tall, wide) = cells.padded.shape[1], lattice.shapes.longest
    a, b = lattice.shapes.steps
    starts = ((tall - a) * across + wide - b)[:, None] + np.arange(columns)  # from this row on
    values = cells.padded.reshape(-1, count)
    ways = np.empty((1 + shapes, columns, count))
    deletion, beads = ways[0], ways[1:]
    for i in range(1, rows):
        # "clip" because "raise" would copy once more; all places are there
        values[i * across :].take(starts, 0, ways, "clip")
        deletion += lattice.src_null[i]
        beads += lattice.beads[i]
        yield i, ways


@dataclass(frozen=True, slots=True)
class Sums:
    """Log-sums over all paths from the start to a cell, and to the end."""

    cells: Doubles  # [h + 1, w + 1, S]
    # of what arrives in a cell, what comes by a deletion and by each bead; the rest is insertion
    shares: Doubles  # [h + 1, 1 + K, w + 1, S]
    total: Doubles  # [S]


def _exponential(logs: Doubles) -> Doubles:
    """What these are the logarithms of, 0..1, in their place."""
    logs.clip(LEAST, 0, out=logs)
    out: Doubles = np.exp(logs, out=logs)
    return out


def _all_paths(lattice: Lattice, nulls: Doubles) -> Sums:
    """Forward log-sums. `nulls`: running sums of what insertions cost, [w + 1, S]."""
    cells = cells_of(lattice)
    v = cells.here
    rows, shapes, columns, count = lattice.beads.shape
    shares = np.empty((rows, 1 + shapes, columns, count))
    shares[0] = 0
    np.logaddexp.accumulate(v[0] - nulls, axis=0, out=v[0])
    v[0] += nulls
    for i, ways in ways_down(lattice, cells):
        top = np.maximum.reduce(ways, axis=0)  # finite: there is a way along the sides
        share = _exponential(np.subtract(ways, top, out=shares[i]))
        free = np.log(np.add.reduce(share, axis=0)) + top
        free -= nulls
        here = np.logaddexp.accumulate(free, axis=0, out=free)
        here += nulls
        v[i] = here
        share *= _exponential(np.subtract(top, here, out=top))
    return Sums(v, shares, v[lattice.heights, lattice.widths, np.arange(count)])


@dataclass(frozen=True, slots=True)
class Marginals:
    """Probabilities of everything that can happen."""

    shapes: Shapes
    beads: Doubles  # [h + 1, K, w + 1, S]
    src_null: Floats  # [h + 1, S]; that the source sentence before row i is left out
    tgt_null: Floats  # [w + 1, S]
    total: Doubles  # [S]; log-sum of the scores of all paths


def marginals(lattice: Lattice) -> Marginals:
    """The probabilities of all that paths can go through."""
    if is_tall(lattice):
        found = marginals(turned(lattice))
        shapes, order = _turned_order(found.shapes)
        beads = found.beads[:, order].transpose(2, 1, 0, 3)
        return Marginals(shapes, beads, found.tgt_null, found.src_null, found.total)
    rows, _, columns, count = lattice.beads.shape
    nulls = np.cumsum(lattice.tgt_null, axis=0, dtype=np.float64)  # [w + 1, S]
    sums = _all_paths(lattice, nulls)
    ways = sums.shares  # become, from the last row on, the probability of each way
    # where the ways out of a row's cells end, from that row on; what would be outside looks at the
    # first column, where no bead ends
    a, b = lattice.shapes.steps
    end = np.arange(columns) + b[:, None]
    end[end >= columns] = 0
    ends = ((a * len(a) + np.arange(len(a))) * columns)[:, None] + end
    room = np.searchsorted(a, np.arange(rows), side="right")  # ways of no more than that many rows
    flat, row = ways.reshape(-1, count), len(a) * columns
    out = np.empty((len(a), columns, count))
    passed = np.zeros((rows, columns, count))  # probability of each cell
    passed[lattice.heights, lattice.widths, np.arange(count)] = 1
    free = sums.cells - nulls
    with np.errstate(divide="ignore"):  # some cells lead nowhere
        for i in reversed(range(rows)):
            here, follow = passed[i], ends[: room[rows - 1 - i]]
            if len(follow):
                flat[i * row :].take(follow, 0, out[: len(follow)], "clip")
                here += np.add.reduce(out[: len(follow)], axis=0)
            back = np.log(here) - free[i]
            np.logaddexp.accumulate(back[::-1], axis=0, out=back[::-1])
            ways[i] *= _exponential(np.add(back, free[i], out=here))
    inserted = _exponential(free[:, :-1] - free[:, 1:])
    inserted *= passed[:, 1:]
    tgt = np.zeros(lattice.tgt_null.shape, np.float32)
    tgt[1:] = np.add.reduce(inserted, axis=0)
    src = np.add.reduce(ways[:, 0], axis=1).astype(np.float32)
    return Marginals(lattice.shapes, ways[:, 1:], src, tgt, sums.total)


def links(found: Marginals, i: Ints, j: Ints, s: Ints) -> Floats:
    """Probability that sentences i and j of segment s are in one bead. [c] each -> [c]

    That is the sum over all beads that hold both.
    """
    beads = found.beads
    rows, shapes, columns, _ = beads.shape
    if not shapes:
        return np.zeros(len(i), np.float32)
    shape, below, behind = found.shapes.inside
    row, column = i[:, None] + below, j[:, None] + behind  # where they end
    # where they stand in memory, whatever the order of the axes
    of_row, of_shape, of_column, of_segment = (step // beads.itemsize for step in beads.strides)
    at = row * of_row
    at += column * of_column
    at += shape * of_shape + s[:, None] * of_segment
    at[(row >= rows) | (column >= columns)] = 0  # no bead ends in the first row
    size = 1 + sum(
        (n - 1) * step // beads.itemsize for n, step in zip(beads.shape, beads.strides, strict=True)
    )
    memory = np.lib.stride_tricks.as_strided(beads, (size,), (beads.itemsize,))
    out: Floats = memory.take(at).sum(1).astype(np.float32)
    return out
