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
clauses     each clause's best cosine among the other block's clauses, pairs of clauses, sentences
order       whether the parts of a block are found in sentences that follow one another alike
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from align.core.bucket import Bucket
from align.core.evidence import LIST_MARK, SPEECH_FIRST, SPEECH_LAST, SPEECH_OPEN
from align.core.found import Shape
from align.core.measures import Measures, measured
from align.core.side import Floats, Ints

QUESTION, EXCLAMATION = 2, 3  # classes of closing marks

INNER_FEATURES = (  # of a block and a block
    "coverage", "margin x size", "margin x mass", "margin", "cosine", "length", "length squared",
    "length x size", "mass", "weakest sentence", "numbers shared", "numbers alone",
    "names shared", "names alone", "open end inside", "paragraph inside", "quotes differ",
    "coverage capped", "margin above .3", "margin above .5", "leak",
    "coverage of the worse side", "root of coverage", "length above .5", "speech on one side",
    "margin against the usual", "coverage against the usual", "order inside", "clauses found",
    "clauses of the weakest",
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


def bead_features(bucket: Bucket, shapes: Sequence[Shape]) -> Iterator[tuple[Shape, Floats]]:
    """Features of all beads of each shape, by the row and column they end at.

    [len(BEAD_FEATURES), h + 1 - a, w + 1 - b, S]; `shapes` in rising order, without those that
    have no room.
    """
    starts, ends = start_features(bucket), end_features(bucket)
    rows, columns, count = bucket.dots.shape
    for batch, measures in measured(bucket, shapes, 0):
        ((a, b),) = batch
        inner = inner_features(Measures(*measures), bucket.evidence.level)
        yield (
            (a, b),
            np.concatenate(
                (
                    inner.reshape(-1, rows - a, columns - b, count),
                    starts[:, :-a, :-b],
                    ends[:, a:, b:],
                )
            ),
        )


def inner_features(m: Measures, level: float) -> Floats:
    """The INNER_FEATURES of N beads; `level` is the documents' usual match. [F, N]"""
    out = np.empty((len(INNER_FEATURES), len(m.size)), np.float32)
    of = dict(zip(INNER_FEATURES, out, strict=True))
    # numpy compares two arrays three times as fast as an array and a number
    zero, two, four = (np.full(len(m.size), limit, np.float32) for limit in (0, 2, 4))
    covered = np.add(m.by_src, m.by_tgt, out=of["coverage"])
    np.divide(covered, level, out=of["coverage against the usual"])
    np.minimum(of["coverage against the usual"], four, out=of["coverage against the usual"])
    np.sqrt(np.maximum(covered, zero), out=of["root of coverage"])
    np.minimum(m.by_src, m.by_tgt, out=of["coverage of the worse side"])
    most = 0.2 * m.mass
    np.add(np.minimum(m.by_src, most), np.minimum(m.by_tgt, most), out=of["coverage capped"])
    np.subtract(m.reach, 2 * covered, out=of["leak"])
    of["weakest sentence"][:] = m.weakest
    of["order inside"][:] = m.order
    of["clauses found"][:] = m.clauses
    of["clauses of the weakest"][:] = m.clauses_weakest

    cosine = np.divide(m.dot, np.maximum(m.norm, 1e-6), out=of["cosine"])
    margin = np.subtract(cosine, 0.5 * m.usual, out=of["margin"])
    np.multiply(margin, m.size, out=of["margin x size"])
    np.multiply(margin, m.mass, out=of["margin x mass"])
    np.multiply(np.maximum(margin - 0.3, zero), m.size, out=of["margin above .3"])
    np.multiply(np.maximum(margin - 0.5, zero), m.size, out=of["margin above .5"])
    np.multiply(np.minimum(margin / level, two), m.size, out=of["margin against the usual"])
    of["mass"][:] = m.mass

    off, long = np.abs(m.off), np.sqrt(np.minimum(m.bytes / 200, four))
    np.minimum(off, two, out=of["length"])
    np.minimum(off * off, four, out=of["length squared"])
    np.minimum(off * long, 3, out=of["length x size"])
    np.multiply(np.maximum(off - 0.5, zero), long, out=of["length above .5"])

    of["numbers shared"][:] = m.numbers
    np.maximum(m.all_numbers - 2 * m.numbers, zero, out=of["numbers alone"])
    of["names shared"][:] = m.names
    np.maximum(m.all_names - 2 * m.names, zero, out=of["names alone"])
    of["open end inside"][:] = m.open_ends
    of["paragraph inside"][:] = m.breaks
    np.abs(m.quotes, out=of["quotes differ"])
    np.abs(m.speech, out=of["speech on one side"])
    return out


def start_features(bucket: Bucket) -> Floats:
    """The START_FEATURES of all pairs of places. [F, h + 1, w + 1, S]"""
    x, y, both = bucket.src, bucket.tgt, float(bucket.evidence.paragraphs)
    src, tgt = x.starts[:, None], y.starts
    return _stacked(
        src * tgt * both,
        np.abs(src - tgt) * both,
        *_agreeing(x.after, y.after, SPEECH_FIRST),
        *_agreeing(x.after, y.after, LIST_MARK),
    )


def end_features(bucket: Bucket) -> Floats:
    """The END_FEATURES of all pairs of places. [F, h + 1, w + 1, S]"""
    x, y = bucket.src, bucket.tgt
    src, tgt = x.end[:, None], y.end
    return _stacked(
        (src == QUESTION) != (tgt == QUESTION),
        (src == EXCLAMATION) != (tgt == EXCLAMATION),
        src == tgt,
        *_agreeing(x.before, y.before, SPEECH_LAST),
        *_agreeing(x.before, y.before, SPEECH_OPEN),
    )


def _agreeing(src: Ints, tgt: Ints, bit: int) -> tuple[Floats, Floats]:
    """Where both places have the bit, and where one of them has. [k + 1, S] -> [h + 1, w + 1, S]"""
    x, y = (src & bit > 0)[:, None], tgt & bit > 0
    return x & y, x != y


def _stacked(*features: Floats) -> Floats:
    """As one float32 array, the features first. [...] each"""
    out = np.empty((len(features), *features[0].shape), np.float32)
    for k, feature in enumerate(features):
        out[k] = feature
    return out
