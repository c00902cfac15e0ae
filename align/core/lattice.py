"""Dynamic programming over many small segments at once, without a loop over cells.

A path runs from (0, 0) to (height, width) of a segment through beads;
`beads[i, a - 1, b - 1, j, s]` is the score of the bead that joins a source and b target sentences
and ends before row i, column j of segment s. Rows are visited one by one, everything else is
vectorised over bead shapes, columns and segments; the 0-1 bead inside a row is a running maximum
(or log-sum). Segments are padded to a common size and stand last: numpy's inner loops run along a
row of all of them.

The best path is found in `align.core.path`. Probabilities are the marginals of the log-linear
model whose scores these are: forward times backward over the total (a semi-Markov conditional
random field, Sarawagi & Cohen 2004, https://papers.nips.cc/paper/2648). The way back needs no sums
of its own: what leaves a cell, in probability, is what arrives at the cells behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ints

NEVER = np.float32(-1e9)  # the score of what cannot be
TALL = 4  # times as many rows as columns
LEAST = -700.0  # of a logarithm whose exponential is taken: below, numpy is several times as slow

Doubles = npt.NDArray[Any]  # float64


@dataclass(frozen=True, slots=True)
class Lattice:
    """The scores of S segments padded to height h and width w; A and B are the longest blocks."""

    beads: Floats  # [h + 1, A, B, w + 1, S]; NEVER where a bead cannot be
    src_null: Floats  # [h + 1, S]; of leaving out the source sentence before row i
    tgt_null: Floats  # [w + 1, S]; of leaving out the target sentence before column j
    heights: Ints  # [S]
    widths: Ints  # [S]


@dataclass(frozen=True, slots=True)
class Cells:
    """A number for each cell, and what it is where each bead that ends there begins."""

    here: Doubles  # [h + 1, w + 1, S]
    before: Doubles  # [h + 1, A, B, w + 1, S]; at (i - a, j - b), -inf outside; the same memory

    @property
    def above(self) -> Doubles:
        """At (i - 1, j), -inf outside. [h + 1, w + 1, S]"""
        return self._beside(1, 0)

    @property
    def left(self) -> Doubles:
        """At (i, j - 1), -inf outside. [h + 1, w + 1, S]"""
        return self._beside(0, 1)

    def _beside(self, down: int, right: int) -> Doubles:
        rows, columns, _ = self.here.shape
        padded = self.here.base
        assert padded is not None
        i, j = padded.shape[0] - rows - down, padded.shape[1] - columns - right
        found: Doubles = padded[i : i + rows, j : j + columns]
        return found


def cells_of(lattice: Lattice) -> Cells:
    """-inf in all cells but the first of each segment, which has 0."""
    rows, a, b, columns, count = lattice.beads.shape
    padded = np.full((rows + a, columns + b, count), -np.inf)
    row, column, segment = padded.strides
    before: Doubles = np.ndarray(
        lattice.beads.shape,
        np.float64,
        padded,
        (a - 1) * row + (b - 1) * column,
        (row, -row, -column, column, segment),
    )
    here = padded[a:, b:]
    here[0, 0] = 0.0
    return Cells(here, before)


def is_tall(lattice: Lattice) -> bool:
    """Whether rows are many and short, as beside a long gap: the other way round is faster."""
    return len(lattice.src_null) > TALL * len(lattice.tgt_null)


def turned(lattice: Lattice) -> Lattice:
    """The same with source and target exchanged."""
    return Lattice(
        np.ascontiguousarray(lattice.beads.transpose(3, 2, 1, 0, 4)),
        lattice.tgt_null,
        lattice.src_null,
        lattice.widths,
        lattice.heights,
    )


def ways_down(lattice: Lattice, cells: Cells) -> Iterator[tuple[int, Doubles | None]]:
    """Each row and the sums of all ways into its cells but from the left, None for the first.

    [A * B + 1, w + 1, S], a deletion last; the same array every time. The rows before must be done.
    """
    rows, a, b, columns, count = lattice.beads.shape
    ways = np.empty((a * b + 1, columns, count))
    joined, above = ways[:-1].reshape(a, b, columns, count), cells.above
    yield 0, None
    for i in range(1, rows):
        np.add(cells.before[i], lattice.beads[i], out=joined)
        np.add(above[i], lattice.src_null[i], out=ways[-1])
        yield i, ways


@dataclass(frozen=True, slots=True)
class Sums:
    """Log-sums over all paths from the start to a cell, and to the end."""

    cells: Cells
    total: Doubles  # [S]


def _chances(logs: Doubles) -> Doubles:
    """What these are the logarithms of, 0..1, in their place."""
    logs.clip(LEAST, 0, out=logs)
    out: Doubles = np.exp(logs, out=logs)
    return out


def all_paths(lattice: Lattice) -> Sums:
    """Forward log-sums."""
    if is_tall(lattice):
        return all_paths(turned(lattice))
    cells = cells_of(lattice)
    v = cells.here
    nulls = np.cumsum(lattice.tgt_null, axis=0, dtype=np.float64)  # [w + 1, S]
    for i, ways in ways_down(lattice, cells):
        if ways is not None:
            top = np.maximum.reduce(ways, axis=0)  # finite: there is a way along the sides
            ways -= top
            total = np.add.reduce(_chances(ways), axis=0)
            np.log(total, out=total)
            np.add(total, top, out=v[i])
        free = v[i] - nulls
        np.logaddexp.accumulate(free, axis=0, out=free)
        np.add(free, nulls, out=v[i])
    return Sums(cells, v[lattice.heights, lattice.widths, np.arange(v.shape[2])])


@dataclass(frozen=True, slots=True)
class Marginals:
    """Probabilities of everything that can happen."""

    beads: Floats  # [h + 1, A, B, w + 1, S]
    src_null: Floats  # [h + 1, S]; that the source sentence before row i is left out
    tgt_null: Floats  # [w + 1, S]


def marginals(lattice: Lattice, sums: Sums) -> Marginals:
    """The probabilities, from the forward sums."""
    if is_tall(lattice):
        found = marginals(turned(lattice), sums)
        return Marginals(found.beads.transpose(3, 2, 1, 0, 4), found.tgt_null, found.src_null)
    rows, a, b, columns, count = lattice.beads.shape
    cells, above = sums.cells, sums.cells.above
    beads = np.zeros(lattice.beads.shape, np.float32)
    src, tgt = (np.zeros(x.shape, np.float32) for x in (lattice.src_null, lattice.tgt_null))
    nulls = np.cumsum(lattice.tgt_null, axis=0, dtype=np.float64)
    leaving = np.zeros((rows, columns, count))  # probability of each cell by what comes below it
    leaving[lattice.heights, lattice.widths, np.arange(count)] = 1
    back = np.empty((rows, columns, count))  # log-sums from a cell to the end, less the total
    padded = np.zeros((a, b, columns + b, count))
    chances = padded[:, :, :columns]  # of a row
    of_a, of_b, column, segment = padded.strides
    begins: Doubles = np.ndarray(  # the same by the column they begin at
        chances.shape, np.float64, padded, column, (of_a, of_b + column, column, segment)
    )
    with np.errstate(divide="ignore"):  # some cells lead nowhere
        for i in reversed(range(rows)):
            free = np.log(leaving[i])
            free -= cells.here[i]
            free += nulls
            np.logaddexp.accumulate(free[::-1], axis=0, out=free[::-1])
            here = np.subtract(free, nulls, out=back[i])
            if not i:
                break
            some = chances[:i]  # longer blocks would begin before the segment
            np.add(cells.before[i, :i], lattice.beads[i, :i], out=some)
            some += here
            _chances(some)
            beads[i, :i] = some
            high = min(a, i)
            leaving[i - high : i] += np.add.reduce(begins[:high], axis=1)[::-1]
            step = above[i] + lattice.src_null[i]
            step += here
            _chances(step)
            leaving[i - 1] += step
            src[i] = np.add.reduce(step, axis=0)
    log = cells.here[:, :-1] + lattice.tgt_null[1:]
    log += back[:, 1:]
    tgt[1:] = _chances(log).sum(0)
    return Marginals(beads, src, tgt)


def links(found: Marginals) -> Floats:
    """Probability that sentences i and j are in one bead. [h, w, S]

    A bead a-b holds the cells up to a - 1 rows above and b - 1 columns before its last: of the
    beads that end x rows below and y columns behind a cell, those longer than x and y count.
    """
    longer = found.beads.copy()
    rows, a, b, columns, count = longer.shape
    for x in reversed(range(1, a)):
        longer[:, x - 1] += longer[:, x]
    for y in reversed(range(1, b)):
        longer[:, :, y - 1] += longer[:, :, y]
    out = np.zeros((rows - 1, columns - 1, count), np.float32)
    for x in range(min(a, rows - 1)):
        for y in range(min(b, columns - 1)):
            out[: rows - 1 - x, : columns - 1 - y] += longer[x + 1 :, x, y, y + 1 :]
    return out
