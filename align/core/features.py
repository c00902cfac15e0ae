"""What speaks for a bead: the numbers that the learned scorer weighs.

A bead joins a source block (a sentences ending before row i) and a target block (b ending before
j). All features are symmetric: swapping the documents gives the same numbers. They are computed
for many small segments at once, padded to a common size, from prefix sums - nothing is encoded
again.

coverage    each unit's best cosine among the other block's units, above what it finds in blocks of
            that size anywhere, weighted by the unit's norm: merged blocks pay for being long
margin      cosine of the blocks above the mean of their rows and columns
length      log ratio of UTF-8 bytes, the document's own ratio taken out
weakest     the least covered sentence of the block: must each belong?
leak        what the block would gain from the sentences just outside it
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Anchors, Segments, length_ratio
from align.core.blocks import Blocks, background, blocks_of, prefix
from align.core.cover import Cover, covers
from align.core.coverage import Coverage, coverage
from align.core.neighbours import Neighbours
from align.core.shared import Matches, matches, per_sentence, rarity
from align.core.side import Floats, Ints, Side

QUESTION, EXCLAMATION, OPEN = 2, 3, 5  # classes of closing marks; from OPEN on the sentence goes on

BEAD_FEATURES = (
    "coverage", "margin x size", "margin x mass", "margin", "cosine", "length", "length squared",
    "length x size", "mass", "weakest sentence", "numbers shared", "numbers alone",
    "names shared", "names alone", "question differs", "exclamation differs", "same ending",
    "open end inside", "paragraph inside", "paragraph starts agree", "paragraph starts differ",
    "quotes differ", "coverage capped", "margin above .3", "margin above .5", "leak",
    "coverage of the worse side", "root of coverage", "length above .5",
)  # fmt: skip
NULL_FEATURES = (
    "alone", "mass", "best match", "best match above .3", "mass up to .5", "no closing mark",
    "paragraph of its own", "repeated", "best match around",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counts:
    """What can be counted in one document. Prefix sums, [n + 1], unless said otherwise."""

    rarity: Floats  # [t]; weight of each name
    numbers: Floats
    names: Floats  # summed weights
    quotes: Floats  # sentences with an odd number of quotation marks
    open_ends: Floats  # sentences that do not close with . ? ! ...
    breaks: Floats  # paragraph starts, the document's first sentence left out
    starts: Floats  # not a sum: 1 where the position begins a paragraph
    end: Ints  # not a sum: closing mark of the sentence before the position


def _counts(side: Side, weight: Floats) -> Counts:
    starts = np.concatenate([[1], np.diff(side.paragraphs) != 0, [1]]).astype(np.float32)
    breaks = starts[:-1].copy()
    breaks[0] = 0
    open_ends = (side.ends == 0) | (side.ends >= OPEN)
    return Counts(
        weight,
        prefix(np.diff(side.numbers.starts).astype(np.float32)),
        prefix(per_sentence(side.names, weight)),
        prefix((side.marks & 1).astype(np.float32)),
        prefix(open_ends.astype(np.float32)),
        prefix(breaks),
        starts,
        np.concatenate([[0], side.ends]),
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is computed once for a pair of documents; A is the longest block."""

    src: Side
    tgt: Side
    src_blocks: Blocks
    tgt_blocks: Blocks
    src_background: Floats  # [a, b, n + 1]
    tgt_background: Floats  # [b, a, m + 1]
    src_cover: Cover
    tgt_cover: Cover
    src_counts: Counts
    tgt_counts: Counts
    src_nulls: Floats  # [n, len(NULL_FEATURES)]
    tgt_nulls: Floats
    mean_mass: float  # of a sentence
    ratio: float  # log of target bytes a source byte

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
    src_weight, tgt_weight = rarity(src.names, tgt.names)
    return Evidence(
        src,
        tgt,
        a,
        b,
        src_usual,
        tgt_usual,
        *covers(src, tgt, a, b, max_side),
        _counts(src, src_weight),
        _counts(tgt, tgt_weight),
        _null_features(src, a, mass, ahead.scores[:, 0], src_usual[0, 0, 1:]),
        _null_features(tgt, b, mass, back.scores[:, 0], tgt_usual[0, 0, 1:]),
        mass,
        length_ratio(src, tgt, anchors),
    )


def _null_features(side: Side, blocks: Blocks, mass: float, best: Floats, mean: Floats) -> Floats:
    own = np.diff(blocks.mass) / mass
    _, paragraph, size = np.unique(side.paragraphs, return_inverse=True, return_counts=True)
    alone = (size[paragraph] == 1) & (len(size) > 1)
    _, same, times = np.unique(
        np.round(side.sums[:, :16], 4), axis=0, return_inverse=True, return_counts=True
    )
    above = np.maximum(best - mean, 0)
    columns = (
        np.ones(len(side)),
        own,
        above,
        np.maximum(above - 0.3, 0),
        np.minimum(own, 0.5),
        side.ends == 0,
        alone,
        times[same.ravel()] > 1,
        _around(above),
    )
    return np.stack(columns, 1).astype(np.float32)


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
    """Joins the fingerprints of both sides inside every segment (rising, or a single one)."""
    src, tgt = ev.src, ev.tgt
    rows = int(box.src_first[0]), int(box.src_last[-1])
    columns = int(box.tgt_first[0]), int(box.tgt_last[-1])
    return Shared(
        matches(src.numbers, tgt.numbers, None, box, rows, columns),
        matches(src.names, tgt.names, ev.src_counts.rarity, box, rows, columns),
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """One side of a bucket at prefix positions, [S, k + 1]: prefix sums unless said otherwise."""

    bytes: Floats
    mass: Floats
    numbers: Floats
    names: Floats
    quotes: Floats  # sentences with an odd number of quotation marks
    open_ends: Floats  # sentences that do not close with . ? ! ...
    breaks: Floats  # paragraph starts, the document's first sentence left out
    starts: Floats  # not a sum: 1 where the position begins a paragraph
    end: Ints  # not a sum: closing mark of the sentence before the position
    at: Ints  # not a sum: the position in the document


@dataclass(frozen=True, slots=True)
class Bucket:
    """Segments of about one size, padded to height h and width w."""

    evidence: Evidence
    heights: Ints  # [S]
    widths: Ints  # [S]
    dots: Floats  # [S, h + 1, w + 1]; 2-D prefix sums of the sentences' dot products
    cover: Coverage
    numbers: Floats  # [S, h + 1, w + 1]; 2-D prefix sums of shared numbers
    names: Floats  # likewise
    src: Marks
    tgt: Marks
    paragraphs: float  # 1 where both documents have any, else 0


def make_bucket(ev: Evidence, box: Segments, chosen: Ints, shared: Shared) -> Bucket:
    """Pads the chosen segments and computes what all bead shapes need."""
    box = Segments(
        box.src_first[chosen], box.src_last[chosen], box.tgt_first[chosen], box.tgt_last[chosen]
    )
    heights, widths = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    h, w = int(heights.max()), int(widths.max())
    rows = np.minimum(box.src_first[:, None] + np.arange(h + 1), box.src_last[:, None])
    columns = np.minimum(box.tgt_first[:, None] + np.arange(w + 1), box.tgt_last[:, None])
    src = ev.src.sums[np.minimum(rows[:, :-1], len(ev.src) - 1)]  # [S, h, d]
    tgt = ev.tgt.sums[np.minimum(columns[:, :-1], len(ev.tgt) - 1)]  # [S, w, d]
    dots = np.zeros((len(chosen), h + 1, w + 1), np.float32)
    products = src @ tgt.transpose(0, 2, 1)
    dots[:, 1:, 1:] = np.cumsum(np.cumsum(products, 1), 2)
    both = bool(np.diff(ev.src.paragraphs).any() and np.diff(ev.tgt.paragraphs).any())
    return Bucket(
        ev,
        heights,
        widths,
        dots,
        coverage(ev.src_cover, ev.tgt_cover, box, products),
        shared.numbers.grid(box, chosen, h, w),
        shared.names.grid(box, chosen, h, w),
        _marks(ev.src, ev.src_blocks, ev.src_counts, rows),
        _marks(ev.tgt, ev.tgt_blocks, ev.tgt_counts, columns),
        float(both),
    )


def _marks(side: Side, blocks: Blocks, counts: Counts, at: Ints) -> Marks:
    return Marks(
        blocks.bytes[at],
        blocks.mass[at],
        counts.numbers[at],
        counts.names[at],
        counts.quotes[at],
        counts.open_ends[at],
        counts.breaks[at],
        counts.starts[at],
        counts.end[at],
        at,
    )


def _box(sums: Floats, a: int, b: int) -> Floats:
    """Sum over each a x b block from 2-D prefix sums. [S, h + 1 - a, w + 1 - b]"""
    return sums[:, a:, b:] - sums[:, :-a, b:] - sums[:, a:, :-b] + sums[:, :-a, :-b]


def _over(sums: Floats, a: int) -> Floats:
    """Sum over each run of a positions. [S, k + 1] -> [S, k + 1 - a]"""
    return sums[:, a:] - sums[:, :-a]


def bead_features(bucket: Bucket, a: int, b: int) -> Floats:
    """Features of all beads a-b, by the row and column they end at.

    [F, S, h + 1 - a, w + 1 - b]
    """
    ev, x, y = bucket.evidence, bucket.src, bucket.tgt
    i, j = x.at[:, a:], y.at[:, b:]
    norm = ev.src_blocks.norms[a - 1, i][:, :, None] * ev.tgt_blocks.norms[b - 1, j][:, None, :]
    cosine = _box(bucket.dots, a, b) / np.maximum(norm, 1e-6)
    usual = (
        ev.src_background[a - 1, b - 1, i][:, :, None]
        + ev.tgt_background[b - 1, a - 1, j][:, None, :]
    )
    margin = cosine - 0.5 * usual
    size = (a + b) / 2
    mass = (_over(x.mass, a)[:, :, None] + _over(y.mass, b)[:, None, :]) / (2 * ev.mean_mass)
    by_src, by_tgt, weakest, leak = _covered(bucket, a, b)
    src_bytes, tgt_bytes = _over(x.bytes, a)[:, :, None], _over(y.bytes, b)[:, None, :]
    off = np.abs(np.log(np.maximum(tgt_bytes, 1) / np.maximum(src_bytes, 1)) - ev.ratio)
    long = np.sqrt(np.minimum((src_bytes + tgt_bytes) / 200.0, 4.0))
    numbers, names = _box(bucket.numbers, a, b), _box(bucket.names, a, b)
    src_end, tgt_end = x.end[:, a:, None], y.end[:, None, b:]
    begin_src, begin_tgt = x.starts[:, :-a, None], y.starts[:, None, :-b]
    both = bucket.paragraphs
    features = (
        by_src + by_tgt,
        margin * size,
        margin * mass,
        margin,
        cosine,
        np.minimum(off, 2),
        np.minimum(off * off, 4),
        np.minimum(off * long, 3),
        mass,
        weakest,
        numbers,
        _apart(x.numbers, y.numbers, numbers, a, b),
        names,
        _apart(x.names, y.names, names, a, b),
        (src_end == QUESTION) != (tgt_end == QUESTION),
        (src_end == EXCLAMATION) != (tgt_end == EXCLAMATION),
        src_end == tgt_end,
        _inside(x.open_ends, a, 0)[:, :, None] + _inside(y.open_ends, b, 0)[:, None, :],
        _inside(x.breaks, a, 1)[:, :, None] + _inside(y.breaks, b, 1)[:, None, :],
        begin_src * begin_tgt * both,
        np.abs(begin_src - begin_tgt) * both,
        np.abs(_over(x.quotes, a)[:, :, None] % 2 - _over(y.quotes, b)[:, None, :] % 2),
        np.minimum(by_src, 0.2 * mass) + np.minimum(by_tgt, 0.2 * mass),
        np.maximum(margin - 0.3, 0) * size,
        np.maximum(margin - 0.5, 0) * size,
        leak,
        np.minimum(by_src, by_tgt),
        np.sqrt(np.maximum(by_src + by_tgt, 0)),
        np.maximum(off - 0.5, 0) * long,
    )
    out = np.empty((len(features), *cosine.shape), np.float32)
    for k, feature in enumerate(features):
        out[k] = feature
    return out


def _apart(x: Floats, y: Floats, shared: Floats, a: int, b: int) -> Floats:
    """What stands on one side only."""
    every = _over(x, a)[:, :, None] + _over(y, b)[:, None, :]
    return np.maximum(every - 2 * shared, 0)


def _inside(sums: Floats, a: int, first: int) -> Floats:
    """Sum over the a sentences of a run but its last (first=0) or its first (first=1)."""
    end = sums.shape[1] - a
    return sums[:, a - 1 + first : a - 1 + first + end] - sums[:, first : first + end]


def _covered(bucket: Bucket, a: int, b: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Coverage of both sides, of the weakest sentences, and the leak, in mean sentence masses."""
    cover, mean = bucket.cover, bucket.evidence.mean_mass
    by_src = (cover.src[b - 1][:, a:, b:] - cover.src[b - 1][:, :-a, b:]) / mean
    by_tgt = (cover.tgt[a - 1][:, a:, b:] - cover.tgt[a - 1][:, a:, :-b]) / mean
    weakest = np.zeros(by_src.shape, np.float32)
    for own, size, sums, masses in (
        (1, a, cover.src[b - 1][:, :, b:], bucket.src.mass),
        (2, b, cover.tgt[a - 1][:, a:, :], bucket.tgt.mass),
    ):
        if size > 1:
            each = np.maximum(np.diff(masses, axis=1), 1e-3)
            part = np.diff(sums, axis=own) / (each[:, :, None] if own == 1 else each[:, None, :])
            count = part.shape[own] + 1 - size
            runs = [
                part[:, k : k + count] if own == 1 else part[:, :, k : k + count]
                for k in range(size)
            ]
            weakest += np.minimum(np.minimum.reduce(runs), 0.3)
    leak = np.zeros(by_src.shape, np.float32)
    if b < min(bucket.evidence.max_side, bucket.dots.shape[2] - 1):
        wide = (cover.src[b][:, a:, b + 1 :] - cover.src[b][:, :-a, b + 1 :]) / mean
        leak[:, :, :-1] += np.maximum(wide - by_src[:, :, :-1], 0)
        leak[:, :, 1:] += np.maximum(wide - by_src[:, :, 1:], 0)
    if a < min(bucket.evidence.max_side, bucket.dots.shape[1] - 1):
        wide = (cover.tgt[a][:, a + 1 :, b:] - cover.tgt[a][:, a + 1 :, :-b]) / mean
        leak[:, :-1] += np.maximum(wide - by_tgt[:, :-1], 0)
        leak[:, 1:] += np.maximum(wide - by_tgt[:, 1:], 0)
    return by_src, by_tgt, weakest, leak
