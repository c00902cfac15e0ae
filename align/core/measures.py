"""What is measured of every bead before features are made of it.

The beads of many shapes are laid end to end, each shape's in the order of its row, column and
segment: what is done alike for all of them is one numpy operation. What both sides have of
something is added up for all such things at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np

from align.core.bucket import Bucket
from align.core.evidence import Marks
from align.core.side import Floats

Shape = tuple[int, int]  # sentences: source, target

MOST_WEAK = 0.3  # of the least covered sentence


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
    numbers: Floats  # shared
    names: Floats
    size: Floats  # mean of both sides, in sentences


ADDED = 9
COUNT = len(fields(Measures))


def measured(
    bucket: Bucket, shapes: Sequence[Shape], most: int
) -> Iterator[tuple[list[Shape], Measures]]:
    """Some shapes at a time, so many that no more than `most` beads are held, one at least.

    `shapes` in rising order; those that have no room in the bucket are left out.
    """
    rows, columns, count = bucket.dots.shape
    fitting = [(a, b) for a, b in shapes if a < rows and b < columns]
    beads = _Measuring(bucket)
    start = 0
    while start < len(fitting):
        lengths = np.array([(rows - a) * (columns - b) * count for a, b in fitting[start:]])
        ends = np.cumsum(lengths)
        some = max(1, int(np.searchsorted(ends, most, side="right")))
        batch = fitting[start : start + some]
        out = np.empty((COUNT, int(ends[some - 1])), np.float32)
        for (a, b), end, length in zip(batch, ends.tolist(), lengths.tolist(), strict=False):
            place = out[:, end - length : end]
            beads.write(a, b, place.reshape(COUNT, rows - a, columns - b, count))
        out[-1] = np.repeat(np.array([(a + b) / 2 for a, b in batch], np.float32), lengths[:some])
        yield batch, Measures(*out)
        start += some


def part_of(measures: Measures, start: int, end: int) -> Measures:
    """Some of the beads."""
    return Measures(*(getattr(measures, name)[start:end] for name in Measures.__slots__))


def _over(sums: Floats, a: int) -> Floats:
    """Sum over each run of a positions. [k + 1, ...] -> [k + 1 - a, ...]"""
    return sums[a:] - sums[:-a]


def _inside(sums: Floats, a: int, first: int) -> Floats:
    """Sum over the a sentences of a run but its last (first=0) or its first (first=1)."""
    end = len(sums) - a
    return sums[a - 1 + first : a - 1 + first + end] - sums[first : first + end]


def _runs(side: Marks, a: int, mean_mass: float, sign: int) -> Floats:
    """What a run of a sentences adds to the first ADDED measures. [ADDED, k + 1 - a, S]

    `sign`: of what is compared, not added.
    """
    size = _over(side.bytes, a)
    parts = (
        np.log(np.maximum(size, 1)) * sign,
        size,
        _over(side.mass, a) / (2 * mean_mass),
        _over(side.numbers, a),
        _over(side.names, a),
        _inside(side.open_ends, a, 0),
        _inside(side.breaks, a, 1),
        _over(side.quotes, a) % 2 * sign,
        (_over(side.speech, a) > 0) * np.float32(sign),
    )
    out = np.empty((ADDED, *size.shape), np.float32)
    for k, part in enumerate(parts):
        out[k] = part
    return out


class _Measuring:
    """Writes the measures of one shape after the other; keeps what several shapes share."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.rows, self.columns, self.count = bucket.dots.shape
        self.a = 0
        # products with the other side's mean blocks, [h + 1, B, S] and [w + 1, A, S]
        ev = bucket.evidence
        self.src_dots = ev.src_background.dots[: self.columns - 1, bucket.src.at].transpose(1, 0, 2)
        self.tgt_dots = ev.tgt_background.dots[: self.rows - 1, bucket.tgt.at].transpose(1, 0, 2)
        self.runs: dict[int, tuple[Floats, Floats, Floats]] = {}  # of the target, by b
        self.gained: dict[Shape, Floats] = {}  # by target sentences from source blocks
        self.weak_src: dict[int, _Weakest] = {}  # by b

    def _begin(self, a: int) -> None:
        """What all shapes with a source sentences share."""
        bucket, ev = self.bucket, self.bucket.evidence
        self.a = a
        i = bucket.src.at[a:]
        wide = (len(i), self.columns, self.count)
        runs = _runs(bucket.src, a, ev.mean_mass, -1)
        runs[0] -= ev.ratio
        # repeated for every column once: inner loops over a whole row are faster
        self.src = np.empty((ADDED, *wide), np.float32)
        self.src[...] = runs[:, :, None]
        self.src_norm = np.empty(wide, np.float32)
        self.src_norm[...] = ev.src_blocks.norms[a - 1, i][:, None]
        usual = _over(self.src_dots, a) / np.maximum(ev.src_blocks.norms[a - 1, i], 1e-6)[:, None]
        self.src_usual = np.empty((usual.shape[1], *wide), np.float32)
        self.src_usual[...] = usual.transpose(1, 0, 2)[:, :, None]
        self.dots = _over(bucket.dots, a)
        self.numbers = _over(bucket.numbers, a) if bucket.numbers is not None else None
        self.names = _over(bucket.names, a) if bucket.names is not None else None
        gained = bucket.cover.src
        self.by_src = gained[:, a:] - gained[:, :-a]  # [B, h + 1 - a, w + 2, S]
        self.weak_tgt: _Weakest | None = None
        self.gained = {shape: found for shape, found in self.gained.items() if shape[0] >= a - 1}

    def _target(self, b: int) -> tuple[Floats, Floats, Floats]:
        """What target runs add, their lengths as vectors, and their usual cosines.

        [ADDED, w + 1 - b, S], [w + 1 - b, S], [w + 1 - b, A, S]
        """
        if b not in self.runs:
            side, ev = self.bucket.tgt, self.bucket.evidence
            norm = ev.tgt_blocks.norms[b - 1, side.at[b:]]
            usual = _over(self.tgt_dots, b) / np.maximum(norm, 1e-6)[:, None]
            self.runs[b] = _runs(side, b, ev.mean_mass, 1), norm, usual.astype(np.float32)
        return self.runs[b]

    def _by_tgt(self, a: int, b: int) -> Floats:
        """[h + 2, w + 1 - b, S]"""
        if (a, b) not in self.gained:
            sums = self.bucket.cover.tgt[a - 1]
            self.gained[a, b] = sums[:, b:] - sums[:, :-b]
        return self.gained[a, b]

    def write(self, a: int, b: int, out: Floats) -> None:
        """Measures all beads a-b, but for their size. [COUNT, h + 1 - a, w + 1 - b, S]"""
        if a != self.a:
            self._begin(a)
        columns = slice(b, self.columns)
        added, norm, expected = self._target(b)
        np.add(self.src[:, :, columns], added[:, None], out=out[:ADDED])
        usual, dot, norms, by_src, by_tgt, reach, weakest, order, numbers, names = out[ADDED:-1]
        np.add(self.src_usual[b - 1, :, columns], expected[:, a - 1], out=usual)
        np.subtract(self.dots[:, columns], self.dots[:, :-b], out=dot)
        np.multiply(self.src_norm[:, columns], norm, out=norms)
        by_src[...] = self.by_src[b - 1, :, columns]
        by_tgt[...] = self._by_tgt(a, b)[a : self.rows]
        self._reach(a, b, by_src, by_tgt, reach)
        self._weakest(a, b, weakest)
        self._order(a, b, order)
        for shared, to in ((self.numbers, numbers), (self.names, names)):
            if shared is None:
                to[...] = 0
            else:
                np.subtract(shared[:, columns], shared[:, :-b], out=to)

    def _reach(self, a: int, b: int, by_src: Floats, by_tgt: Floats, out: Floats) -> None:
        """Where a block has no larger one, or it lies outside, the block itself counts."""
        if b < len(self.by_src):
            wider = self.by_src[b]
            np.maximum(wider[:, b : self.columns], by_src, out=out)
            out += np.maximum(wider[:, b + 1 : self.columns + 1], by_src)
        else:
            np.multiply(by_src, 2, out=out)
        if a < len(self.bucket.cover.tgt):
            taller = self._by_tgt(a + 1, b)
            out += np.maximum(taller[a : self.rows], by_tgt)
            out += np.maximum(taller[a + 1 : self.rows + 1], by_tgt)
        else:
            out += by_tgt
            out += by_tgt

    def _weakest(self, a: int, b: int, out: Floats) -> None:
        """Of a sentence alone on its side nothing is asked."""
        cover, mean = self.bucket.cover, self.bucket.evidence.mean_mass
        out[...] = 0
        if a > 1:
            if b not in self.weak_src:
                sums = cover.src[b - 1, :, : self.columns]
                self.weak_src[b] = _Weakest(sums, self.bucket.src.mass[:, None], mean, 0)
            out += self.weak_src[b].of_runs(a)[:, b:]
        if b > 1:
            if self.weak_tgt is None:
                sums = cover.tgt[a - 1, : self.rows]
                self.weak_tgt = _Weakest(sums, self.bucket.tgt.mass, mean, 1)
            out += self.weak_tgt.of_runs(b)[a:]

    def _order(self, a: int, b: int, out: Floats) -> None:
        """Where in this side's block the other's sentences without the first are found, less where
        those without the last are: in its halves, rising, if the texts run in the same order."""
        out[...] = 0
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


class _Weakest:
    """The least covered sentence of runs that grow, by its share of its own mass."""

    def __init__(self, sums: Floats, mass: Floats, mean_mass: float, axis: int) -> None:
        """`sums` of coverage and of `mass`, in mean sentences and as it is, along the axis."""
        each = np.maximum(np.diff(mass, axis=0), 1e-3) / mean_mass
        self.each = np.minimum(np.diff(sums, axis=axis) / each, MOST_WEAK)
        self.least, self.length, self.axis = self.each, 1, axis

    def of_runs(self, length: int) -> Floats:
        """At least as long as those asked for before."""
        while self.length < length:
            if self.axis == 0:
                self.least = np.minimum(self.least[:-1], self.each[self.length :])
            else:
                self.least = np.minimum(self.least[:, :-1], self.each[:, self.length :])
            self.length += 1
        return self.least
