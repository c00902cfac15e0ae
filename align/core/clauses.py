"""Clauses: how well the parts of a sentence between its punctuation marks are found.

Words alone say little about a free translation, and whole sentences little about one whose parts
are scattered over several of the other text. A clause's vector is the sum of its words'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.cover import Cover, ranges, sums_of
from align.core.coverage import Coverage, coverage
from align.core.side import Floats, Ints, Ragged, Side

FEWEST = 2  # units of a clause besides those that close one


@dataclass(frozen=True, slots=True)
class Clauses:
    """Where the clauses of one document are: k of them in n sentences."""

    begins: Ints  # [k + 1]; places in the units of all sentences
    starts: Ints  # [n + 1]; sentence i has the clauses starts[i] .. starts[i + 1]
    mass: Floats  # [k]; share of the sentence's units, times its length in bytes


def clauses_of(side: Side) -> Clauses | None:
    """None where it is not known which units close one. Every sentence with units has one or more.

    A clause of fewer units than FEWEST belongs to the next one, in the end to the one before.
    """
    if side.closing is None:
        return None
    starts, closing = side.words.starts, side.closing[side.words.ids]
    last = np.zeros(len(closing), np.bool_)
    full = starts[1:] > starts[:-1]
    last[starts[1:][full] - 1] = True
    ends = np.flatnonzero(closing | last) + 1  # of all there could be
    words = np.concatenate([[0], np.cumsum(~closing)])
    size = np.diff(words[ends], prepend=0)
    final = last[ends - 1]
    # one that is too short goes with the next; at the end of a sentence the one before does so
    kept = final | ((size >= FEWEST) & ~np.append(final[1:] & (size[1:] < FEWEST), False))
    begins = np.concatenate([[0], ends[kept]])
    first = np.searchsorted(begins, starts)
    each = np.diff(begins)
    owner = np.repeat(np.arange(len(side)), np.diff(first))
    share = each / np.maximum(np.diff(starts), 1)[owner]
    return Clauses(begins, first, (share * side.lengths[owner]).astype(np.float32))


def clause_coverage(
    sides: tuple[Side, Side],
    clauses: tuple[Clauses | None, Clauses | None],
    box: Segments,
    products: Floats,
    mean_length: float,
    most: int,
) -> Coverage | None:
    """What the clauses of each segment are found as, by their mass in mean sentences.

    Nothing is taken off for what is usual. `products` [h, w, S] gives the shape.
    """
    src, tgt = clauses
    if src is None or tgt is None:
        return None
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    down, right = np.cumsum(heights), np.cumsum(widths)
    return coverage(
        _cover(sides[0], src, ranges(box.src_first, heights), most),
        _cover(sides[1], tgt, ranges(box.tgt_first, widths), most),
        Segments(down - heights, down, right - widths, right),  # only these sentences are there
        products,
        mean_length,
    )


def _cover(side: Side, clauses: Clauses, sentences: Ints, most: int) -> Cover:
    """The clauses of these sentences as units."""
    first = clauses.starts[sentences]
    count = clauses.starts[sentences + 1] - first
    chosen = ranges(first, count)  # [k]
    begins = clauses.begins[chosen]
    rows = np.zeros((len(chosen) + 1, side.table.shape[1]), np.float32)
    sums_of(side.table, side.words.ids, begins, clauses.begins[chosen + 1] - begins, rows[:-1])
    rows /= np.maximum(np.sqrt(np.einsum("ij,ij->i", rows, rows)), 1e-6)[:, None]
    return Cover(
        rows,
        Ragged(np.arange(len(chosen), dtype=np.int32), np.concatenate([[0], np.cumsum(count)])),
        clauses.mass[chosen],
        None,
        np.zeros((most, len(sentences)), np.float32),
        False,
    )
