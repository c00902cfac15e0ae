"""When the vectors tell nothing: lengths, numbers and marks alone.

Random vectors, or those of a language that the encoder never saw, still have nearest neighbours;
but those that choose each other then stand in no order. Among n pairs at random the longest rising
chain has about 2 sqrt(n) (Logan & Shepp 1977, https://doi.org/10.1016/0001-8708(77)90030-5). Where
the chain is not longer than that, the documents are aligned by weights for what is no vector.
Two texts that are no translations look the same to this test, so the text read backwards is the
measure of chance: only if the order forwards is clearly likelier is the result taken.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from align.core.anchors import Anchors, Segments, mutual_best, segments
from align.core.cover import ranges
from align.core.lattice import marginals
from align.core.monotone import LONGEST, Monotone, Prepared, join, lattices, prepare, solved
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Ragged, Side

LENGTH_BEADS = (  # starts of the names of features that do without vectors
    "length", "numbers", "names", "question", "exclamation", "same ending", "open end",
    "paragraph", "quotes", "speech", "list marks",
)  # fmt: skip
LENGTH_NULLS = (
    "alone",
    "no closing mark",
    "paragraph of its own",
    "repeated",
    "hardly a word",
)
FEW = 12  # sentences below which order tells nothing
BY_CHANCE = 1.25  # times the expected length of a chain, and one more
EXACT = 400_000  # cells that are solved as one segment
FORWARD = 10.0  # log-likelihood that the order forwards must gain


def is_astray(result: Monotone) -> bool:
    """Whether the order of the matches is no better than chance."""
    if min(len(result.evidence.src), len(result.evidence.tgt)) < FEW:
        return False
    pairs = len(mutual_best(result.forward, result.backward).src)
    return len(result.anchors.src) <= BY_CHANCE * 2 * pairs**0.5 + 1


def by_length(result: Monotone, lengths: Scorer, anyway: bool = False) -> Monotone | None:
    """The pass again without vectors; None where the texts backwards fit as well.

    `anyway`: something else says that they belong together.
    """
    ready = Prepared(result.evidence, result.forward, result.backward, result.anchors, result.box)
    found, forward = _solved(ready, lengths)
    if anyway:
        return found
    back = prepare(_reversed(result.evidence.src), result.evidence.tgt, lengths, 1)
    _, backward = _solved(back, lengths)
    return found if forward - backward >= FORWARD else None


def _solved(ready: Prepared, lengths: Scorer) -> tuple[Monotone, float]:
    """Without anchors, and the log-likelihood of all paths together."""
    n, m = len(ready.evidence.src), len(ready.evidence.tgt)
    none, no = np.zeros(0, np.int64), np.zeros(0, np.float32)
    anchors = Anchors(none, none, no, no)
    zero = np.zeros(1, np.int64)
    box = Segments(zero, zero + n, zero, zero + m)
    if n * m > EXACT:
        box = segments(anchors, n, m, 1.0, 1.0, LONGEST)
    ready = replace(ready, anchors=anchors, box=box)
    parts, total = [], 0.0
    for lattice, chosen in lattices(ready, lengths):
        chances = marginals(lattice)
        total += float(chances.total.sum())
        parts.append(solved(lattice, chances, box, chosen))
    return ready.result(join(parts)), total


def _reversed(side: Side) -> Side:
    """The document read from its last sentence to its first."""
    order = np.arange(len(side))[::-1]
    sums, starts = side.sums[order], _starts(side.starts, order)
    at = ranges(side.starts[order], np.diff(starts))
    return Side(
        sums,
        sums if side.single else side.units[at],
        starts,
        side.places[at],
        side.lengths[order],
        side.paragraphs.max() - side.paragraphs[order],
        side.ends[order],
        side.marks[order],
        _picked(side.numbers, order),
        _picked(side.names, order),
    )


def _starts(starts: Ints, order: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(np.diff(starts)[order])])


def _picked(ragged: Ragged, order: Ints) -> Ragged:
    starts = _starts(ragged.starts, order)
    return Ragged(ragged.ids[ranges(ragged.starts[order], np.diff(starts))], starts)


def length_mask(names: tuple[str, ...], kept: tuple[str, ...]) -> Floats:
    """1 for the features that do without vectors, else 0."""
    return np.array([name.startswith(kept) for name in names], np.float32)
