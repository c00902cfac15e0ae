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
order       whether the parts of a block are found in sentences that follow one another alike
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from align.core.bucket import Bucket
from align.core.found import Shape
from align.core.measures import Measured, Measures, measured
from align.core.places import END_FEATURES, START_FEATURES, end_table, looked_up, start_table
from align.core.side import Floats, Ints

INNER_FEATURES = (  # of a block and a block
    "coverage", "margin x size", "margin x mass", "margin", "cosine", "length", "length squared",
    "length x size", "mass", "weakest sentence", "numbers shared", "numbers alone",
    "names shared", "names alone", "open end inside", "paragraph inside", "quotes differ",
    "coverage capped", "margin above .3", "margin above .5", "leak",
    "coverage of the worse side", "root of coverage", "length above .5", "speech on one side",
    "margin against the usual", "coverage against the usual", "order inside",
)  # fmt: skip
BEAD_FEATURES = INNER_FEATURES + START_FEATURES + END_FEATURES

# inner features that are sums of measures: what each measure is multiplied with
LINEAR: dict[str, dict[str, float]] = {
    "coverage": {"by_src": 1, "by_tgt": 1},
    "leak": {"reach": 1, "by_src": -2, "by_tgt": -2},
    "weakest sentence": {"weakest": 1},
    "cosine": {"cosine": 1},
    "order inside": {"order": 1},
    "mass": {"mass": 1},
    "numbers shared": {"numbers": 1},
    "names shared": {"names": 1},
    "open end inside": {"open_ends": 1},
    "paragraph inside": {"breaks": 1},
}
# others that are 0 where there is nothing of a measure
SELDOM = {
    "numbers alone": "all_numbers",
    "names alone": "all_names",
    "quotes differ": "quotes",
    "speech on one side": "speech",
}


def bead_features(bucket: Bucket, shapes: Sequence[Shape]) -> Iterator[tuple[Shape, Floats]]:
    """Features of all beads of each shape, by the row and column they end at.

    [len(BEAD_FEATURES), h + 1 - a, w + 1 - b, S]; `shapes` in rising order, without those that
    have no room.
    """
    starts = looked_up(start_table(bucket.evidence.paragraphs), bucket.src.begin, bucket.tgt.begin)
    ends = looked_up(end_table(), bucket.src.end, bucket.tgt.end)
    rows, columns, count = bucket.dots.shape
    for found in measured(bucket, shapes, 0):
        ((a, b),) = found.shapes
        inner = inner_features(found, bucket.evidence.level)
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


def inner_features(found: Measured, level: float) -> Floats:
    """The INNER_FEATURES of N beads; `level` is the documents' usual match. [F, N]"""
    linear, others = _parts(found.names)
    out = linear @ found.values
    out[others] = curved(curved_names(found.names), found.part(slice(None)), level)
    return out


def inner_scores(weights: Floats, found: Measured, level: float, part: int) -> Floats:
    """The weighted sum of the INNER_FEATURES of N beads, of `part` beads at a time. [N]

    What is linear in the measures is not spelled out.
    """
    names = curved_names(found.names)
    linear, others = _parts(found.names)
    of_measures, of_curved = weights @ linear, weights[others]
    out: Floats = of_measures @ found.values
    for low in range(0, len(out), part):
        some = slice(low, low + part)
        out[some] += of_curved @ curved(names, found.part(some), level)
    return out


@functools.cache
def curved_names(measures: tuple[str, ...]) -> tuple[str, ...]:
    """The inner features that are no sums of measures, where these measures are not 0."""
    return tuple(
        name
        for name in INNER_FEATURES
        if name not in LINEAR and SELDOM.get(name, measures[0]) in measures
    )


@functools.cache
def _parts(measures: tuple[str, ...]) -> tuple[Floats, Ints]:
    """What each feature multiplies each measure with, [F, len(measures)], and the curved ones."""
    linear = [[LINEAR.get(f, {}).get(name, 0) for name in measures] for f in INNER_FEATURES]
    at = [INNER_FEATURES.index(name) for name in curved_names(measures)]
    return np.array(linear, np.float32), np.array(at)


def curved(names: tuple[str, ...], m: Measures, level: float) -> Floats:
    """Those of the features that are no sums of measures. [len(names), N]"""
    out = np.empty((len(names), len(m.size)), np.float32)
    of = dict(zip(names, out, strict=True))
    # numpy compares two arrays three times as fast as an array and a number
    zero, two, four = (np.full(len(m.size), limit, np.float32) for limit in (0, 2, 4))
    covered, against = m.by_src + m.by_tgt, of["coverage against the usual"]
    np.minimum(np.multiply(covered, 1 / level, out=against), four, out=against)
    np.sqrt(np.maximum(covered, zero, out=covered), out=of["root of coverage"])
    np.minimum(m.by_src, m.by_tgt, out=of["coverage of the worse side"])
    most = 0.2 * m.mass
    np.add(np.minimum(m.by_src, most), np.minimum(m.by_tgt, most), out=of["coverage capped"])

    margin = np.subtract(m.cosine, m.usual, out=of["margin"])
    np.multiply(margin, m.size, out=of["margin x size"])
    np.multiply(margin, m.mass, out=of["margin x mass"])
    for name, least in (("margin above .3", 0.3), ("margin above .5", 0.5)):
        above = np.subtract(margin, least, out=of[name])
        np.multiply(np.maximum(above, zero, out=above), m.size, out=above)
    against = np.multiply(margin, 1 / level, out=of["margin against the usual"])
    np.multiply(np.minimum(against, two, out=against), m.size, out=against)

    off, long = np.abs(m.off), np.sqrt(np.minimum(m.bytes, four))
    np.minimum(off, two, out=of["length"])
    square = np.multiply(off, off, out=of["length squared"])
    np.minimum(square, four, out=square)
    np.minimum(off * long, 3, out=of["length x size"])
    above = np.subtract(off, 0.5, out=of["length above .5"])
    np.multiply(np.maximum(above, zero, out=above), long, out=above)

    for name, every, shared in (
        ("numbers alone", m.all_numbers, m.numbers),
        ("names alone", m.all_names, m.names),
    ):
        if every is not None:
            alone = every if shared is None else every - 2 * shared
            np.maximum(alone, zero, out=of[name])
    if m.quotes is not None:
        np.abs(m.quotes, out=of["quotes differ"])
    if m.speech is not None:
        np.abs(m.speech, out=of["speech on one side"])
    return out
