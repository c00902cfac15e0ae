"""What is measured of every bead before features are made of it.

The beads of many shapes are laid end to end, each shape's in the order of its row, column and
segment: what is done alike for all of them is one numpy operation. What both sides have of
something is added up for all such things at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from align.core.blocks import Background, Blocks
from align.core.bucket import Bucket
from align.core.evidence import (
    BREAKS,
    BYTES,
    MASS,
    NAMES,
    NUMBERS,
    OPEN_ENDS,
    QUOTES,
    SPOKEN,
    Marks,
)
from align.core.found import Found, Shape
from align.core.side import Floats


@dataclass(frozen=True, slots=True)
class Measures:
    """Of N beads, [N] each. None: of what is nowhere in the bucket."""

    # added up from both sides
    off: Floats  # log of target bytes a source byte, the documents' own ratio taken out
    bytes: Floats  # in units of LONG
    mass: Floats  # mean of both sides, in mean sentences
    # others
    usual: Floats  # mean cosine of such blocks
    cosine: Floats
    by_src: Floats  # coverage, in mean sentences
    by_tgt: Floats
    reach: Floats  # coverage in the block one sentence larger where better, once for each of 4 ends
    weakest: Floats  # least covered sentence of both sides
    size: Floats  # mean of both sides, in sentences
    # added up from both sides
    all_numbers: Floats | None = None
    all_names: Floats | None = None
    open_ends: Floats | None = None  # inside
    breaks: Floats | None = None  # paragraph starts inside
    quotes: Floats | None = None  # 0: odd on both sides or even on both
    speech: Floats | None = None  # 0: on both sides or on none
    # others
    order: Floats | None = None  # what comes later here, by how much later there; of both sides
    numbers: Floats | None = None  # shared
    names: Floats | None = None


LONG = 200  # bytes
LEAST = 1e-3  # length of a vector that is not nothing
ADDED = {  # measures that are added up from both sides, and the rows of Marks.sums they come from
    "off": BYTES, "bytes": BYTES, "mass": MASS, "all_numbers": NUMBERS, "all_names": NAMES,
    "open_ends": OPEN_ENDS, "breaks": BREAKS, "quotes": QUOTES, "speech": SPOKEN,
}  # fmt: skip
COMPARED = ("off", "quotes", "speech")  # the source's is taken off


@dataclass(frozen=True, slots=True)
class Measured:
    """Measures of the beads of some shapes, one after the other."""

    shapes: list[Shape]
    names: tuple[str, ...]  # of the fields of Measures that are not None
    values: Floats  # [len(names), N]

    def part(self, some: slice) -> Measures:
        """Of some of the beads."""
        return Measures(**dict(zip(self.names, self.values[:, some], strict=True)))


def measured(bucket: Bucket, shapes: Sequence[Shape], most: int) -> Iterator[Measured]:
    """Of some shapes at a time: of so many that no more than `most` beads are held, of one at
    least.

    `shapes` in rising order; those that have no room in the bucket are left out. The memory of the
    measures is used again for the next shapes.
    """
    rows, columns, count = bucket.dots.shape
    fitting = [(a, b) for a, b in shapes if a < rows and b < columns]
    if not fitting:
        return
    lengths = [(rows - a) * (columns - b) * count for a, b in fitting]
    beads = _Measuring(bucket, max(b for _, b in fitting))
    kinds = len(beads.names)
    room = np.empty(kinds * max([*lengths, min(most, sum(lengths))]), np.float32)
    start = 0
    while start < len(fitting):
        end, total = start + 1, lengths[start]
        while end < len(fitting) and total + lengths[end] <= most:
            total += lengths[end]
            end += 1
        out, done = room[: kinds * total].reshape(kinds, total), 0
        for (a, b), length in zip(fitting[start:end], lengths[start:end], strict=True):
            place = out[:, done : done + length]
            beads.write(a, b, place.reshape(kinds, rows - a, columns - b, count))
            done += length
        yield Measured(fitting[start:end], beads.names, out)
        start = end


def _over(sums: Floats, a: int) -> Floats:
    """Sum over each run of a positions. [k + 1, ...] -> [k + 1 - a, ...]"""
    return sums[a:] - sums[:-a]


@dataclass(frozen=True, slots=True)
class _Runs:
    """What runs of 1 .. A sentences of one side bring with them, by the place they end at.

    Those that would begin before the segment hold anything.
    """

    added: Floats  # [kinds, A, k + 1, S]
    inverse: Floats  # [A, k + 1, S]; one over the length of the summed vector
    usual: Floats  # [A, B, k + 1, S]; half the mean cosine with blocks of b of the other side


def _runs(
    side: Marks, blocks: Blocks, usual: Background, kinds: Sequence[str], most: int, others: int
) -> _Runs:
    """`most` sentences of this side at most and `others` of the other one."""
    here = np.arange(len(side.at))
    before = np.maximum(here - np.arange(1, most + 1)[:, None], 0)  # [A, k + 1]
    added = np.empty((len(kinds), most, *side.at.shape), np.float32)
    for kind, out in zip(kinds, added, strict=True):
        sums = side.sums[ADDED[kind]]
        if kind == "breaks":  # but for one where the run begins
            np.subtract(sums, sums.take(np.minimum(before + 1, here[-1]), 0), out=out)
            continue
        gone = sums.take(before, 0)
        if kind in ("quotes", "speech"):
            np.not_equal(sums, gone, out=out)
        elif kind == "open_ends":  # but for the last
            np.subtract(sums[np.maximum(here - 1, 0)], gone, out=out)
        else:
            np.subtract(sums, gone, out=out)
        if kind == "off":
            np.log(np.maximum(out, 1, out=out), out=out)
        elif kind == "bytes":
            out /= LONG
    inverse = 1 / np.maximum(blocks.norms[:most].take(side.at, 1), LEAST)
    dots = usual.dots[:others].take(side.at, 1).swapaxes(0, 1)  # [k + 1, B, S]
    expected = dots - dots[before]  # [A, k + 1, B, S]
    expected *= inverse[:, :, None] / 2
    return _Runs(added, inverse, expected.transpose(0, 2, 1, 3).astype(np.float32, order="C"))


def _kinds(src: Marks, tgt: Marks) -> list[str]:
    """Which of ADDED are anywhere in a bucket."""
    there = [(side.sums != side.sums[:, :1]).any((1, 2)) for side in (src, tgt)]
    anywhere = (there[0] | there[1]).tolist()
    return [kind for kind, row in ADDED.items() if row in (BYTES, MASS) or anywhere[row]]


def _each(mass: Floats, mean: float) -> Floats:
    """The mass of each sentence, in mean sentences, from running sums. [k + 1, S] -> [k, S]"""
    return np.maximum(mass[1:] - mass[:-1], 1e-3) / mean


class _Measuring:
    """Writes the measures of one shape after the other; keeps what several shapes share."""

    def __init__(self, bucket: Bucket, most: int) -> None:
        """`most` target sentences of a bead."""
        self.bucket = bucket
        self.rows, self.columns, self.count = bucket.dots.shape
        self.a = 0
        ev = bucket.evidence
        tall, wide = min(self.rows - 1, ev.max_side), most
        kinds = _kinds(bucket.src, bucket.tgt)
        src = _runs(bucket.src, ev.src_blocks, ev.src_background, kinds, tall, wide)
        tgt = _runs(bucket.tgt, ev.tgt_blocks, ev.tgt_background, kinds, wide, tall)
        for kind, of_src, of_tgt in zip(kinds, src.added, tgt.added, strict=True):
            if kind == "mass":
                of_src /= 2 * ev.mean_mass
                of_tgt /= 2 * ev.mean_mass
            elif kind == "off":
                of_src += ev.ratio
            if kind in COMPARED:
                np.negative(of_src, out=of_src)
        self.added, self.tgt = len(kinds), tgt
        self.of_src = np.concatenate([src.added, src.inverse[None], src.usual.swapaxes(0, 1)])
        self.found = Found(
            bucket.cover,
            _each(bucket.src.sums[MASS], ev.mean_mass),
            _each(bucket.tgt.sums[MASS], ev.mean_mass),
        )
        seldom = {
            "order": bucket.cover.src_placed,
            "numbers": bucket.numbers,
            "names": bucket.names,
        }
        self.names = (
            *kinds,
            *("usual", "cosine", "by_src", "by_tgt", "reach", "weakest", "size"),
            *(name for name, made_of in seldom.items() if made_of is not None),
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
        self.names_shared = _over(bucket.names, a) if bucket.names is not None else None

    def write(self, a: int, b: int, out: Floats) -> None:
        """Measures all beads a-b. [len(names), h + 1 - a, w + 1 - b, S]"""
        if a != self.a:
            self._begin(a)
        columns, tgt = slice(b, self.columns), self.tgt
        src, of = self.src[:, :, columns], dict(zip(self.names, out, strict=True))
        np.add(src[: self.added], tgt.added[:, None, b - 1, b:], out=out[: self.added])
        of["size"][...] = (a + b) / 2
        np.add(src[self.added + b], tgt.usual[b - 1, a - 1, b:], out=of["usual"])
        cosine = np.subtract(self.dots[:, columns], self.dots[:, :-b], out=of["cosine"])
        cosine *= src[self.added]
        cosine *= tgt.inverse[b - 1, b:]
        by_src, by_tgt = of["by_src"], of["by_tgt"]
        by_src[...], by_tgt[...] = self.found.both(a, b)
        self.found.reach(a, b, by_src, by_tgt, of["reach"])
        self.found.weakest(a, b, of["weakest"])
        if "order" in of:
            self._order(a, b, of["order"])
        if self.numbers is not None:
            np.subtract(self.numbers[:, columns], self.numbers[:, :-b], out=of["numbers"])
        if self.names_shared is not None:
            np.subtract(self.names_shared[:, columns], self.names_shared[:, :-b], out=of["names"])

    def _order(self, a: int, b: int, out: Floats) -> None:
        """Where in this side's block the other's sentences without the first are found, less where
        those without the last are: in its halves, rising, if the texts run in the same order."""
        cover = self.bucket.cover
        out[...] = 0
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
