"""What is measured of every bead before features are made of it.

The beads of many shapes are laid end to end, each shape's in the order of its row, column and
segment: what is done alike for all of them is one numpy operation. What both sides have of
something is added up for all such things at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from align.core.blocks import Background, Blocks
from align.core.bucket import Bucket
from align.core.evidence import BREAKS, BYTES, MASS, NAMES, OPEN_ENDS, QUOTES, SPOKEN, Marks
from align.core.found import Found, Shape
from align.core.side import Floats


@dataclass(frozen=True, slots=True)
class Measures:
    """Of N beads, [N] each."""

    # added up from both sides
    off: Floats  # log of target bytes a source byte, the documents' own ratio taken out
    bytes: Floats
    mass: Floats  # mean of both sides, in mean sentences
    all_numbers: Floats
    all_names: Floats
    open_ends: Floats  # inside
    breaks: Floats  # paragraph starts inside
    quotes: Floats  # 0: odd on both sides or even on both
    speech: Floats  # 0: on both sides or on none
    # others
    usual: Floats  # twice the mean cosine of such blocks
    dot: Floats
    norm: Floats  # product of both lengths
    by_src: Floats  # coverage, in mean sentences
    by_tgt: Floats
    reach: Floats  # coverage in the block one sentence larger where better, once for each of 4 ends
    weakest: Floats  # least covered sentence of both sides
    order: Floats  # what comes later here, by how much later it comes there; of both sides
    clauses: Floats  # found, of both sides, in mean sentences
    clauses_weakest: Floats  # as `weakest`
    numbers: Floats  # shared
    names: Floats
    size: Floats  # mean of both sides, in sentences


ADDED = 9
COUNT = len(fields(Measures))
FROM, TO = COUNT - 6, COUNT - 1  # the places of those that may be nowhere


def measured(
    bucket: Bucket, shapes: Sequence[Shape], most: int
) -> Iterator[tuple[list[Shape], Floats]]:
    """The fields of Measures, [COUNT, N], of some shapes at a time: of so many that no more than
    `most` beads are held, of one at least.

    `shapes` in rising order; those that have no room in the bucket are left out. The memory of the
    measures is used again for the next shapes.
    """
    rows, columns, count = bucket.dots.shape
    fitting = [(a, b) for a, b in shapes if a < rows and b < columns]
    lengths = [(rows - a) * (columns - b) * count for a, b in fitting]
    beads = _Measuring(bucket, max(b for _, b in fitting)) if fitting else None
    room = np.empty(COUNT * max([*lengths, min(most, sum(lengths))], default=0), np.float32)
    start = 0
    while start < len(fitting) and beads is not None:
        end, total = start + 1, lengths[start]
        while end < len(fitting) and total + lengths[end] <= most:
            total += lengths[end]
            end += 1
        out, done = room[: COUNT * total].reshape(COUNT, total), 0
        out[FROM:TO] = 0  # what is nowhere is not written
        for (a, b), length in zip(fitting[start:end], lengths[start:end], strict=True):
            place = out[:, done : done + length]
            place[-1] = (a + b) / 2
            beads.write(a, b, place.reshape(COUNT, rows - a, columns - b, count))
            done += length
        yield fitting[start:end], out
        start = end


def _over(sums: Floats, a: int) -> Floats:
    """Sum over each run of a positions. [k + 1, ...] -> [k + 1 - a, ...]"""
    return sums[a:] - sums[:-a]


@dataclass(frozen=True, slots=True)
class _Runs:
    """What runs of 1 .. A sentences of one side bring with them, by the place they end at.

    Those that would begin before the segment hold anything.
    """

    added: Floats  # [ADDED, A, k + 1, S]; to the first ADDED measures
    norm: Floats  # [A, k + 1, S]; length of the summed vector
    usual: Floats  # [A, B, k + 1, S]; mean cosine with blocks of b of the other side


def _runs(
    side: Marks, blocks: Blocks, usual: Background, most: int, others: int, sign: int
) -> _Runs:
    """`most` sentences of this side at most and `others` of the other one.

    `sign`: of what is compared, not added.
    """
    here = np.arange(len(side.at))
    before = np.maximum(here - np.arange(1, most + 1)[:, None], 0)  # [A, k + 1]
    sums, gone = side.sums, side.sums.take(before, 1)  # [8, A, k + 1, S]
    ends, breaks = sums[OPEN_ENDS], sums[BREAKS]
    added = np.empty((ADDED, *gone.shape[1:]), np.float32)
    np.subtract(sums[: NAMES + 1, None], gone[: NAMES + 1], out=added[1:5])
    np.log(np.maximum(added[1], 1), out=added[0])
    np.subtract(ends[np.maximum(here - 1, 0)], gone[OPEN_ENDS], out=added[5])  # but of the last
    np.subtract(breaks, breaks[np.minimum(before + 1, here[-1])], out=added[6])  # of the first
    np.not_equal(sums[QUOTES], gone[QUOTES], out=added[7])
    np.not_equal(sums[SPOKEN], gone[SPOKEN], out=added[8])
    if sign < 0:
        for compared in (0, 7, 8):
            np.negative(added[compared], out=added[compared])
    norm = blocks.norms[:most].take(side.at, 1)
    dots = usual.dots[:others].take(side.at, 1).swapaxes(0, 1)  # [k + 1, B, S]
    expected = dots - dots[before]  # [A, k + 1, B, S]
    expected /= np.maximum(norm, 1e-6)[:, :, None]
    return _Runs(added, norm, expected.transpose(0, 2, 1, 3).astype(np.float32, order="C"))


class _Measuring:
    """Writes the measures of one shape after the other; keeps what several shapes share."""

    def __init__(self, bucket: Bucket, most: int) -> None:
        """`most` target sentences of a bead."""
        self.bucket = bucket
        self.rows, self.columns, self.count = bucket.dots.shape
        self.a = 0
        ev = bucket.evidence
        tall, wide = min(self.rows - 1, ev.max_side), most
        src = _runs(bucket.src, ev.src_blocks, ev.src_background, tall, wide, -1)
        src.added[0] -= ev.ratio
        tgt = _runs(bucket.tgt, ev.tgt_blocks, ev.tgt_background, wide, tall, 1)
        for runs in (src, tgt):
            runs.added[2] /= 2 * ev.mean_mass
        self.tgt = tgt
        self.of_src = np.concatenate([src.added, src.norm[None], src.usual.swapaxes(0, 1)])
        self.words = Found(bucket.cover, *self._each(MASS, 1e-3, ev.mean_mass))
        self.clauses = (
            Found(bucket.clauses, *self._each(BYTES, 1, ev.mean_bytes)) if bucket.clauses else None
        )

    def _each(self, what: int, least: float, mean: float) -> tuple[Floats, Floats]:
        """What each sentence of either side has of something, in means. [h, S], [w, S]"""
        src, tgt = self.bucket.src.sums[what], self.bucket.tgt.sums[what]
        return (
            np.maximum(src[1:] - src[:-1], least) / mean,
            np.maximum(tgt[1:] - tgt[:-1], least) / mean,
        )

    def _begin(self, a: int) -> None:
        """What all shapes with a source sentences share."""
        bucket = self.bucket
        self.a = a
        # repeated for every column once: inner loops over a whole row are faster
        runs = self.of_src[:, a - 1, a:, None]
        self.src = np.empty((len(runs), runs.shape[1], self.columns, self.count), np.float32)
        self.src[...] = runs
        self.dots = _over(bucket.dots, a)
        self.numbers = _over(bucket.numbers, a) if bucket.numbers is not None else None
        self.names = _over(bucket.names, a) if bucket.names is not None else None

    def write(self, a: int, b: int, out: Floats) -> None:
        """Measures all beads a-b, but for their size. [COUNT, h + 1 - a, w + 1 - b, S]"""
        if a != self.a:
            self._begin(a)
        columns, tgt = slice(b, self.columns), self.tgt
        src = self.src[:, :, columns]
        np.add(src[:ADDED], tgt.added[:, None, b - 1, b:], out=out[:ADDED])
        usual, dot, norms, by_src, by_tgt, reach, weakest, order = out[ADDED:-5]
        found, least, numbers, names = out[-5:-1]
        np.add(src[ADDED + b], tgt.usual[b - 1, a - 1, b:], out=usual)
        np.subtract(self.dots[:, columns], self.dots[:, :-b], out=dot)
        np.multiply(src[ADDED], tgt.norm[b - 1, b:], out=norms)
        by_src[...], by_tgt[...] = self.words.both(a, b)
        self.words.reach(a, b, by_src, by_tgt, reach)
        self.words.weakest(a, b, weakest)
        self._order(a, b, order)
        if self.clauses is not None:
            np.add(*self.clauses.both(a, b), out=found)
            self.clauses.weakest(a, b, least)
        for shared, to in ((self.numbers, numbers), (self.names, names)):
            if shared is not None:
                np.subtract(shared[:, columns], shared[:, :-b], out=to)

    def _order(self, a: int, b: int, out: Floats) -> None:
        """Where in this side's block the other's sentences without the first are found, less where
        those without the last are: in its halves, rising, if the texts run in the same order."""
        cover = self.bucket.cover
        if b > 1 and cover.src_placed is not None:
            later = _rise(_over(cover.src_placed[b - 2], a), b, 1)
            if a > 1:
                later += _rise(_from_middle(cover.src[b - 2, :, : self.columns], a, 0), b, 1)
            out += later / a
        if a > 1 and cover.tgt_placed is not None:
            sums = cover.tgt_placed[a - 2]
            later = _rise(sums[:, b:] - sums[:, :-b], a, 0)
            if b > 1:
                later += _rise(_from_middle(cover.tgt[a - 2, : self.rows], b, 1), a, 0)
            out += later / b


def _from_middle(sums: Floats, size: int, axis: int) -> Floats:
    """Runs of sentences: each one's own times its distance from the middle, from running sums.

    By parts, so that no large numbers cancel.
    """
    if axis == 1:
        return _from_middle(sums.swapaxes(0, 1), size, 0).swapaxes(0, 1)
    end = len(sums) - size
    out = (sums[size:] + sums[:end]) * np.float32((size - 1) / 2)
    for k in range(1, size):
        out -= sums[k : k + end]
    return out


def _rise(sums: Floats, size: int, axis: int) -> Floats:
    """What a place has above the one before it, from the place `size` on."""
    if axis == 0:
        return sums[size:] - sums[size - 1 : -1]
    return sums[:, size:] - sums[:, size - 1 : -1]
