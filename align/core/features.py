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

from align.core.anchors import Segments
from align.core.blocks import Blocks
from align.core.coverage import Coverage, coverage
from align.core.evidence import (
    LIST_MARK,
    SPEECH_FIRST,
    SPEECH_LAST,
    SPEECH_OPEN,
    Counts,
    Evidence,
    Shared,
)
from align.core.side import Floats, Ints, Side

QUESTION, EXCLAMATION = 2, 3  # classes of closing marks

INNER_FEATURES = (  # of a block and a block
    "coverage", "margin x size", "margin x mass", "margin", "cosine", "length", "length squared",
    "length x size", "mass", "weakest sentence", "numbers shared", "numbers alone",
    "names shared", "names alone", "open end inside", "paragraph inside", "quotes differ",
    "coverage capped", "margin above .3", "margin above .5", "leak",
    "coverage of the worse side", "root of coverage", "length above .5", "speech on one side",
    "margin against the usual", "coverage against the usual",
)  # fmt: skip
START_FEATURES = (  # of the two places where a bead begins
    "paragraph starts agree", "paragraph starts differ", "speech begins on both",
    "speech begins on one", "list marks agree", "list marks differ",
)  # fmt: skip
END_FEATURES = (  # of the two places where it ends
    "question differs", "exclamation differs", "same ending", "speech ends on both",
    "speech ends on one", "speech goes on on both", "speech goes on on one",
)  # fmt: skip
BEAD_FEATURES = INNER_FEATURES + START_FEATURES + END_FEATURES


@dataclass(frozen=True, slots=True)
class Marks:
    """One side of a bucket at prefix positions, [S, k + 1]: prefix sums unless said otherwise."""

    bytes: Floats
    mass: Floats
    numbers: Floats
    names: Floats
    quotes: Floats  # sentences with an odd number of quotation marks
    speech: Floats  # sentences in which somebody speaks
    open_ends: Floats  # sentences that do not close with . ? ! ...
    breaks: Floats  # paragraph starts, the document's first sentence left out
    starts: Floats  # not a sum: 1 where the position begins a paragraph
    end: Ints  # not a sum: closing mark of the sentence before the position
    before: Ints  # not a sum: bits of the sentence before the position
    after: Ints  # not a sum: bits of the sentence after it
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
        counts.speech[at],
        counts.open_ends[at],
        counts.breaks[at],
        counts.starts[at],
        counts.end[at],
        counts.before[at],
        counts.after[at],
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

    [len(BEAD_FEATURES), S, h + 1 - a, w + 1 - b]
    """
    parts = (
        inner_features(bucket, a, b),
        start_features(bucket)[:, :, :-a, :-b],
        end_features(bucket)[:, :, a:, b:],
    )
    return np.concatenate(parts)


def inner_features(bucket: Bucket, a: int, b: int) -> Floats:
    """The INNER_FEATURES of all beads a-b, by the row and column they end at.

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
    return _stacked(
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
        _inside(x.open_ends, a, 0)[:, :, None] + _inside(y.open_ends, b, 0)[:, None, :],
        _inside(x.breaks, a, 1)[:, :, None] + _inside(y.breaks, b, 1)[:, None, :],
        np.abs(_over(x.quotes, a)[:, :, None] % 2 - _over(y.quotes, b)[:, None, :] % 2),
        np.minimum(by_src, 0.2 * mass) + np.minimum(by_tgt, 0.2 * mass),
        np.maximum(margin - 0.3, 0) * size,
        np.maximum(margin - 0.5, 0) * size,
        leak,
        np.minimum(by_src, by_tgt),
        np.sqrt(np.maximum(by_src + by_tgt, 0)),
        np.maximum(off - 0.5, 0) * long,
        (_over(x.speech, a) > 0)[:, :, None] != (_over(y.speech, b) > 0)[:, None, :],
        np.minimum(margin / ev.level, 2) * size,
        np.minimum((by_src + by_tgt) / ev.level, 4),
    )


def start_features(bucket: Bucket) -> Floats:
    """The START_FEATURES of all pairs of places. [F, S, h + 1, w + 1]"""
    x, y, both = bucket.src, bucket.tgt, bucket.paragraphs
    src, tgt = x.starts[:, :, None], y.starts[:, None, :]
    return _stacked(
        src * tgt * both,
        np.abs(src - tgt) * both,
        *_agreeing(x.after, y.after, SPEECH_FIRST),
        *_agreeing(x.after, y.after, LIST_MARK),
    )


def end_features(bucket: Bucket) -> Floats:
    """The END_FEATURES of all pairs of places. [F, S, h + 1, w + 1]"""
    x, y = bucket.src, bucket.tgt
    src, tgt = x.end[:, :, None], y.end[:, None, :]
    return _stacked(
        (src == QUESTION) != (tgt == QUESTION),
        (src == EXCLAMATION) != (tgt == EXCLAMATION),
        src == tgt,
        *_agreeing(x.before, y.before, SPEECH_LAST),
        *_agreeing(x.before, y.before, SPEECH_OPEN),
    )


def _agreeing(src: Ints, tgt: Ints, bit: int) -> tuple[Floats, Floats]:
    """Where both places have the bit, and where one of them has. [S, k + 1] -> [S, h + 1, w + 1]"""
    x, y = (src & bit > 0)[:, :, None], (tgt & bit > 0)[:, None, :]
    return x & y, x != y


def _stacked(*features: Floats) -> Floats:
    """As one float32 array, the features first."""
    out = np.empty((len(features), *np.broadcast_shapes(*(f.shape for f in features))), np.float32)
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
