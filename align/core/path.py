"""The best path through the lattice (Viterbi)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.cover import ranges
from align.core.lattice import Cells, Lattice, cells_of, is_tall, turned, ways_down
from align.core.side import Ints


@dataclass(frozen=True, slots=True)
class Path:
    """The beads of the best paths, in any order. [beads] each."""

    segment: Ints
    src: Ints  # first row
    tgt: Ints  # first column
    a: Ints  # source sentences, 0: insertion
    b: Ints  # target sentences, 0: deletion


def best_path(lattice: Lattice) -> Path:
    """The highest-scoring path of every segment."""
    if is_tall(lattice):
        path = best_path(turned(lattice))
        return Path(path.segment, path.tgt, path.src, path.b, path.a)
    cells = cells_of(lattice)
    v = cells.here
    columns = v.shape[1]
    nulls = np.cumsum(lattice.tgt_null, axis=0, dtype=np.float64)  # [w + 1, S]
    entered = np.zeros(v.shape, bool)  # cells that are best not reached from the left
    entered[0, 0] = True
    v[0] = nulls
    for i, ways in ways_down(lattice, cells):
        free = np.maximum.reduce(ways, axis=0)
        free -= nulls
        best = np.maximum.accumulate(free, axis=0)
        np.equal(free, best, out=entered[i])
        np.add(best, nulls, out=v[i])
    entry = np.where(entered, np.arange(columns)[:, None], 0)
    return _trace(lattice, cells, np.maximum.accumulate(entry, axis=1, out=entry))


def _trace(lattice: Lattice, cells: Cells, entry: Ints) -> Path:
    """Goes back from the ends by the moves that led there, all segments in lock-step.

    `entry` is the column where the insertions that lead to a cell begin. [h + 1, w + 1, S]
    """
    _, shapes, columns, count = lattice.beads.shape
    scores, values = lattice.beads.reshape(-1), cells.padded.reshape(-1)
    entry, nulls = entry.reshape(-1), lattice.src_null.reshape(-1)
    tall, wide = lattice.shapes.longest
    across = columns + wide
    # of each move, how much farther on in memory its score and its start are; of equally good ones
    # the first is taken, a deletion last
    a, b = np.append(lattice.shapes.a, 1), np.append(lattice.shapes.b, 0)
    beads = np.arange(shapes) * (columns * count)
    begins = -(a * across + b) * count
    origin = (tall * across + wide) * count
    i, j, segment = lattice.heights, lattice.widths, np.arange(count)
    found: list[tuple[Ints, ...]] = []
    runs: list[tuple[Ints, ...]] = []
    while True:
        end, j = j, entry.take((i * columns + j) * count + segment)
        runs.append((segment, i, j, end - j))
        going = i.nonzero()[0]
        if not len(going):
            break
        if len(going) < len(i):
            i, j, segment = i[going], j[going], segment[going]
        at = j * count + segment
        start, score = i * (across * count) + at, i * (shapes * columns * count) + at
        start += origin
        moves = values.take(start[:, None] + begins)
        moves[:, :-1] += scores.take(score[:, None] + beads)
        moves[:, -1] += nulls.take(i * count + segment)
        best = moves.argmax(1)
        down, right = a.take(best), b.take(best)
        i, j = i - down, j - right
        found.append((segment, i, j, down, right))
    segment, i, j, length = (np.concatenate(part) for part in zip(*runs, strict=True))
    inserted = ranges(j, length)
    none = np.zeros(len(inserted), np.int64)
    found.append((segment.repeat(length), i.repeat(length), inserted, none, none + 1))
    return Path(*(np.concatenate(part) for part in zip(*found, strict=True)))
