"""What is gathered once for a pair of documents, before its segments are looked at.

Blocks and their usual cosines, what units find anywhere, prefix sums of what can be counted, and
what speaks for a sentence being alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.anchors import Anchors, Segments, length_ratio
from align.core.blocks import Background, Blocks, background, blocks_of, prefix
from align.core.cover import Cover, covers
from align.core.neighbours import Neighbours
from align.core.places import begins_of, ends_of
from align.core.shared import Matches, matches, per_sentence, rarity
from align.core.side import Floats, Ints, Side

OPEN = 5  # class of closing marks from which on the sentence goes on
ODD_QUOTES, WORDLESS, SPEECH = 1, 32, 64  # bits of Side.marks
LEAST_LEVEL = 0.05
AROUND = 32  # sentences on either side of one that are looked at ...
SPARSE = 8  # ... for an anchor in every so many

NULL_FEATURES = (
    "alone", "mass", "best match", "best match above .3", "mass up to .5", "no closing mark",
    "paragraph of its own", "repeated", "best match around", "hardly a word",
    "usual match", "match above the usual", "match below the usual",
)  # fmt: skip
HASH = np.int64(6364136223846793005)  # an odd number; its powers wrap around


# rows of Marks.sums: bytes, mass, numbers, weights of names, whether sentences with an odd number
# of quotation marks are odd in number (no sum), sentences in which somebody speaks, sentences that
# do not close with . ? ! ..., and paragraph starts, the document's first sentence left out
BYTES, MASS, NUMBERS, NAMES, QUOTES, SPOKEN, OPEN_ENDS, BREAKS = range(8)


@dataclass(frozen=True, slots=True)
class Marks:
    """What is seen at the places between sentences of one document, before and behind it too.

    [n + 1], or any arrangement of some places.
    """

    at: Ints  # the place
    sums: Floats  # [8, ...]; prefix sums of what can be counted
    begin: Ints  # what the place is like as one where something begins, see `places`
    end: Ints  # ... and where something ends

    def taken(self, at: Ints) -> Marks:
        """The same at these places."""
        return Marks(
            self.at.take(at), self.sums.take(at, 1), self.begin.take(at), self.end.take(at)
        )


def _marks(side: Side, blocks: Blocks, weight: Floats) -> Marks:
    """`weight`: of each name, [t]."""
    starts = np.ones(len(side) + 1, np.float32)
    starts[1:-1] = side.paragraphs[1:] != side.paragraphs[:-1]
    sums = np.empty((8, len(side) + 1), np.float32)
    sums[BYTES], sums[MASS] = blocks.bytes, blocks.mass
    sums[NUMBERS] = side.numbers.starts - side.numbers.starts[0]
    sums[NAMES] = prefix(per_sentence(side.names, weight))
    counted = sums[QUOTES:]
    counted[:, 0] = 0
    counted[0, 1:] = side.marks & ODD_QUOTES > 0
    counted[1, 1:] = side.marks & SPEECH > 0
    counted[2, 1:] = (side.ends == 0) | (side.ends >= OPEN)
    counted[3, 1:] = starts[:-1]
    counted[3, 1] = 0
    np.cumsum(counted, axis=1, dtype=np.float64, out=counted)
    sums[QUOTES] %= 2
    return Marks(np.arange(len(side) + 1), sums, begins_of(side, starts), ends_of(side))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is computed once for a pair of documents; A is the longest block."""

    src: Side
    tgt: Side
    src_blocks: Blocks
    tgt_blocks: Blocks
    src_background: Background
    tgt_background: Background
    src_cover: Cover
    tgt_cover: Cover
    src_rarity: Floats  # [t]; weight of each name
    src_marks: Marks
    tgt_marks: Marks
    src_nulls: Floats  # [n, len(NULL_FEATURES)]
    tgt_nulls: Floats
    mean_mass: float  # of a sentence
    level: float  # cosine above the usual of a typical sentence's best match, at least LEAST_LEVEL
    ratio: float  # log of target bytes a source byte
    paragraphs: bool  # both documents have any

    @property
    def repeated(self) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Sentences that come more than once in their document. [n], [m]"""
        at = NULL_FEATURES.index("repeated")
        return self.src_nulls[:, at] > 0, self.tgt_nulls[:, at] > 0

    @property
    def max_side(self) -> int:
        """Longest block."""
        return len(self.src_blocks.norms)


def evidence(
    src: Side, tgt: Side, max_side: int, ahead: Neighbours, back: Neighbours, anchors: Anchors
) -> Evidence:
    """Gathers what does not depend on segments, from the neighbours and the anchors of both."""
    a, b = blocks_of(src, max_side), blocks_of(tgt, max_side)
    mass = float(a.mass[-1] + b.mass[-1]) / max(1, len(src) + len(tgt))
    mass = max(mass, 1e-6)
    src_usual, tgt_usual = background(src, a, b), background(tgt, b, a)
    src_above = np.maximum(ahead.scores[:, 0] - src_usual.of(1, 1, np.arange(1, len(src) + 1)), 0)
    tgt_above = np.maximum(back.scores[:, 0] - tgt_usual.of(1, 1, np.arange(1, len(tgt) + 1)), 0)
    # of the better side: the other may have much that is nowhere here
    level = max(_typical(src_above, anchors.src), _typical(tgt_above, anchors.tgt))
    src_weight, tgt_weight = rarity(src.names, tgt.names)
    return Evidence(
        src,
        tgt,
        a,
        b,
        src_usual,
        tgt_usual,
        *covers(src, tgt, a, b, max_side),
        src_weight,
        _marks(src, a, src_weight),
        _marks(tgt, b, tgt_weight),
        _null_features(src, a, mass, src_above, level),
        _null_features(tgt, b, mass, tgt_above, level),
        mass,
        max(level, LEAST_LEVEL),
        length_ratio(src, tgt, anchors),
        all((side.paragraphs != side.paragraphs[0]).any() for side in (src, tgt)),
    )


def _typical(above: Floats, at: Ints) -> float:
    """The median, of the sentences with anchors around them: of both texts more than half may be
    nowhere in the other. `at`: where anchors are.

    Where nothing stands in order, of all.
    """
    place = np.arange(len(above))
    low, high = np.maximum(place - AROUND, 0), np.minimum(place + AROUND + 1, len(above))
    before = np.zeros(len(above) + 1, np.int64)
    before[at + 1] = 1
    np.cumsum(before, out=before)
    some = (before[high] - before[low]) * SPARSE >= high - low
    ranked = np.sort(above[some] if some.any() else above)
    return float(ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2


def _null_features(side: Side, blocks: Blocks, mass: float, above: Floats, level: float) -> Floats:
    """`above`: the best match anywhere less what is usual; `level`: what that is in a free text."""
    own = (blocks.mass[1:] - blocks.mass[:-1]) / mass
    edge = np.ones(len(side) + 1, bool)
    np.not_equal(side.paragraphs[1:], side.paragraphs[:-1], out=edge[1:-1])
    alone = edge[:-1] & edge[1:] & (len(side) > 1)
    against = above / max(level, LEAST_LEVEL)
    columns = (
        1,
        own,
        above,
        np.maximum(above - 0.3, 0),
        np.minimum(own, 0.5),
        side.ends == 0,
        alone,
        _repeated(side.sums),
        _around(above),
        side.marks & WORDLESS > 0,
        level,
        np.minimum(np.maximum(against - 1, 0), 1),
        np.maximum(1 - against, 0),
    )
    out = np.empty((len(side), len(NULL_FEATURES)), np.float32)
    for place, column in enumerate(columns):
        out[:, place] = column
    return out


def _repeated(sums: Floats) -> npt.NDArray[np.bool_]:
    """Which sentences come more than once. [n]

    Equal ones are found by a hash of some rounded numbers: sorting rows takes far longer.
    """
    rounded = np.round(sums[:, :16] * 1e4).astype(np.int64)
    hashed = rounded @ (HASH ** np.arange(1, rounded.shape[1] + 1, dtype=np.int64))
    ranked = np.sort(hashed)
    twice = ranked[1:][ranked[1:] == ranked[:-1]]
    if not len(twice):
        return np.zeros(len(sums), bool)
    at = np.minimum(np.searchsorted(twice, hashed), len(twice) - 1)
    return twice[at] == hashed


def _around(values: Floats, reach: int = 2) -> Floats:
    """Mean over up to `reach` neighbours on either side: low where a whole passage is missing."""
    total, at = prefix(values), np.arange(len(values))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(values))
    return (total[high] - total[low] - values) / np.maximum(high - low - 1, 1)


@dataclass(frozen=True, slots=True)
class Shared:
    """Numbers and names that the documents have in common, for all segments."""

    numbers: Matches
    names: Matches


def find_shared(ev: Evidence, box: Segments) -> Shared:
    """Joins the fingerprints of both sides inside every segment."""
    src, tgt = ev.src, ev.tgt
    return Shared(
        matches(src.numbers, tgt.numbers, None, box),
        matches(src.names, tgt.names, ev.src_rarity, box),
    )
