"""One pair of documents as a short list: the beads that could be, their scores and probabilities.

The lattice of a pair holds a score for every bead; nearly all of them are hopeless. What is kept
is what several pairs need to inform each other: beads above a floor of probability, and what it
costs to leave a sentence alone. From the list the lattice is laid again with other scores and
solved again, whole or some segments of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from align.core.anchors import Segments
from align.core.lattice import NEVER, Lattice, marginals, shapes_of
from align.core.monotone import Beads, Prepared, buckets, join, lattices, solve, solved
from align.core.scorer import Scorer
from align.core.side import Floats, Ints

FLOOR = 1e-6  # of the probability of a bead worth keeping


@dataclass(frozen=True, slots=True)
class Posterior:
    """Beads in document coordinates, [c] each, and the sentences alone, [n] and [m]."""

    src: Ints  # first sentence
    tgt: Ints
    a: Ints  # sentences, at least 1
    b: Ints
    segment: Ints
    score: Floats  # log-potential
    probability: Floats
    src_score: Floats  # log-potential of leaving the sentence alone
    tgt_score: Floats
    src_alone: Floats  # its probability
    tgt_alone: Floats

    def only(self, keep: Ints) -> Posterior:
        """The same with these of its beads."""
        columns = ("src", "tgt", "a", "b", "segment", "score", "probability")
        return replace(self, **{name: getattr(self, name)[keep] for name in columns})


def posterior(ready: Prepared, scorer: Scorer) -> tuple[Posterior, Beads]:
    """What the pair alone says, and its best path."""
    return _read(lattices(ready, scorer), ready.box, FLOOR)


def reweighed(
    p: Posterior, bead: Floats, src: Floats, tgt: Floats, box: Segments, size: int
) -> tuple[Posterior, Beads]:
    """The same with something added to the scores: of beads [c], of sentences alone [n] and [m].

    `size`: sentences of the longest side of a bead.
    """
    p = replace(p, score=p.score + bead, src_score=p.src_score + src, tgt_score=p.tgt_score + tgt)
    return _read(laid(p, box, size, np.arange(len(box.src_first))), box, 0.0)


def solved_again(p: Posterior, box: Segments, size: int, some: Ints) -> Beads:
    """The best path through `some` of the segments."""
    return join([solve(lattice, box, chosen) for lattice, chosen in laid(p, box, size, some)])


def _read(
    parts: Iterator[tuple[Lattice, Ints]], box: Segments, floor: float
) -> tuple[Posterior, Beads]:
    n, m = int(box.src_last[-1]), int(box.tgt_last[-1])
    alone = [np.zeros(count, np.float32) for count in (n, m, n, m)]
    found, paths = [], []
    for lattice, chosen in parts:
        chances = marginals(lattice)
        p = chances.beads
        at = i, shape, j, s = np.nonzero(p > floor if floor else lattice.beads > NEVER)
        a, b = lattice.shapes.a[shape], lattice.shapes.b[shape]
        found.append(
            (
                i - a + box.src_first[chosen][s],
                j - b + box.tgt_first[chosen][s],
                a,
                b,
                chosen[s],
                lattice.beads[at],
                p[at].astype(np.float32),
            )
        )
        rows, columns = places(box, chosen, lattice)
        for out, value in zip(alone[::2], (lattice.src_null, chances.src_null), strict=True):
            out[rows[2]] = value[1:][rows[0], rows[1]]
        for out, value in zip(alone[1::2], (lattice.tgt_null, chances.tgt_null), strict=True):
            out[columns[2]] = value[1:][columns[0], columns[1]]
        paths.append(solved(lattice, chances, box, chosen))
    table = [np.concatenate(part) for part in zip(*found, strict=True)]
    order = np.lexsort((table[3], table[1], table[2], table[0]))
    return Posterior(*(column[order] for column in table), *alone), join(paths)


def places(
    box: Segments, chosen: Ints, lattice: Lattice
) -> tuple[tuple[Ints, Ints, Ints], tuple[Ints, Ints, Ints]]:
    """For the real rows and columns of a bucket: place, segment, number in the document."""
    out = []
    for sizes, first in ((lattice.heights, box.src_first), (lattice.widths, box.tgt_first)):
        at, segment = np.nonzero(np.arange(int(sizes.max(initial=0)))[:, None] < sizes)
        out.append((at, segment, at + first[chosen][segment]))
    return out[0], out[1]


def laid(p: Posterior, box: Segments, size: int, some: Ints) -> Iterator[tuple[Lattice, Ints]]:
    """The lattices of the listed beads in `some` segments, bucket by bucket."""
    at = np.full(len(box.src_first), -1)
    shapes = shapes_of([(a, b) for a, b in product(range(1, size + 1), repeat=2)])
    part = Segments(*(getattr(box, name)[some] for name in box.__slots__))
    for inside in buckets(part):
        chosen = some[inside]
        at[:] = -1
        at[chosen] = np.arange(len(chosen))
        heights = (box.src_last - box.src_first)[chosen]
        widths = (box.tgt_last - box.tgt_first)[chosen]
        rows, columns, count = int(heights.max()) + 1, int(widths.max()) + 1, len(chosen)
        here = np.flatnonzero(at[p.segment] >= 0)
        s = at[p.segment[here]]
        i = (p.src + p.a)[here] - box.src_first[chosen][s]
        j = (p.tgt + p.b)[here] - box.tgt_first[chosen][s]
        beads = np.full((rows, size * size, columns, count), NEVER, np.float32)
        beads[i, shapes.number[p.a[here], p.b[here]], j, s] = p.score[here]
        lattice = Lattice(
            shapes,
            beads,
            np.zeros((rows, count), np.float32),
            np.zeros((columns, count), np.float32),
            heights,
            widths,
        )
        across, down = places(box, chosen, lattice)
        lattice.src_null[across[0] + 1, across[1]] = p.src_score[across[2]]
        lattice.tgt_null[down[0] + 1, down[1]] = p.tgt_score[down[2]]
        yield lattice, chosen
