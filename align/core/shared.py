"""Numbers and names that two sentences have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import running
from align.core.cover import ranges
from align.core.side import Floats, Ints, Ragged

HASH = np.int64(-7046029254386353131)  # an odd number; products wrap around
AT_ONCE = 512  # segments


@dataclass(frozen=True, slots=True)
class Matches:
    """Sentence pairs of one segment that share a fingerprint, segment after segment. [k] each."""

    segment: Ints
    src: Ints  # sentence of the whole document
    tgt: Ints
    weight: Floats

    def grid(self, box: Segments, chosen: Ints, h: int, w: int) -> Floats | None:
        """2-D prefix sums of the weights inside the chosen segments. [h + 1, w + 1, S]

        None if there are none.
        """
        if not len(self.segment):
            return None
        first = np.searchsorted(self.segment, chosen, side="left")
        count = np.searchsorted(self.segment, chosen, side="right") - first
        if not count.any():
            return None
        k, at = ranges(first, count), np.repeat(np.arange(len(chosen)), count)
        out = np.zeros((h + 1, w + 1, len(chosen)), np.float32)
        i = self.src[k] - box.src_first[at] + 1
        j = self.tgt[k] - box.tgt_first[at] + 1
        np.add.at(out, (i, j, at), self.weight[k])
        running(running(out, 0), 1)
        return out


def rarity(src: Ragged, tgt: Ragged) -> tuple[Floats, Floats]:
    """Weight of every entry: 1 / sqrt(mean count), 0 where the other document lacks it.

    Equal entries are found by a table that each is looked up in; only those whose place there is
    another's are sorted.
    """
    cut, ids = len(src.ids), np.concatenate([src.ids, tgt.ids]).astype(np.int64)
    bits = min(20, max(8, 2 + len(ids).bit_length()))
    place = (ids * HASH).view(np.uint64) >> np.uint64(64 - bits)
    holder = np.zeros(1 << bits, np.int64)
    holder[place] = ids
    number = place.view(np.int64)
    others = np.flatnonzero(holder[place] != ids)
    number[others] = (1 << bits) + np.unique(ids[others], return_inverse=True)[1]
    count = (1 << bits) + len(others)
    a, b = np.bincount(number[:cut], minlength=count), np.bincount(number[cut:], minlength=count)
    weight = np.zeros(count, np.float32)
    both = np.flatnonzero((a > 0) & (b > 0))
    weight[both] = 1 / np.sqrt((a[both] + b[both]) / 2)
    return weight[number[:cut]], weight[number[cut:]]


def per_sentence(ragged: Ragged, weight: Floats) -> Floats:
    """Sum of the weights in each sentence. [n]"""
    total = np.concatenate([[0.0], np.cumsum(weight, dtype=np.float64)])
    return (total[ragged.starts[1:]] - total[ragged.starts[:-1]]).astype(np.float32)


def matches(
    src: Ragged,
    tgt: Ragged,
    weight: Floats | None,
    box: Segments,
) -> Matches:
    """All pairs within a segment that share an entry; `weight` is that of the src entries, or 1."""
    if not len(src.ids) or not len(tgt.ids):
        none = np.zeros(0, np.int64)
        return Matches(none, none, none, none.astype(np.float32))
    parts = []
    for low in range(0, len(box.src_first), AT_ONCE):  # what is sorted stays in the cache
        some = slice(low, low + AT_ONCE)
        part = Segments(*(getattr(box, name)[some] for name in Segments.__slots__))
        parts.append(_matches(src, tgt, weight, part, low))
    if len(parts) == 1:
        return parts[0]
    return Matches(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Matches.__slots__)
    )


def _matches(src: Ragged, tgt: Ragged, weight: Floats | None, box: Segments, first: int) -> Matches:
    """Those of some segments, numbered from `first`."""
    src_at, src_row, src_segment = _entries(src, box.src_first, box.src_last)
    tgt_at, tgt_row, tgt_segment = _entries(tgt, box.tgt_first, box.tgt_last)
    value = np.ones(len(src_at), np.float32)
    if weight is not None:
        value = weight[src_at]
        some = np.flatnonzero(value)
        src_at, src_row, src_segment, value = (
            of_each.take(some) for of_each in (src_at, src_row, src_segment, value)
        )
    src_key = (src_segment << 32) | src.ids.take(src_at)
    tgt_key = (tgt_segment << 32) | tgt.ids.take(tgt_at)
    order = np.argsort(tgt_key, kind="stable")
    ranked = tgt_key[order]
    low = np.searchsorted(ranked, src_key, side="left")
    count = np.searchsorted(ranked, src_key, side="right") - low
    entry = np.repeat(np.arange(len(src_key)), count)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    return Matches(
        src_segment[entry] + first,
        src_row[entry],
        tgt_row[order[low[entry] + within]],
        value[entry],
    )


def _entries(ragged: Ragged, first: Ints, last: Ints) -> tuple[Ints, Ints, Ints]:
    """Where the entries of the sentences of each segment stand, their sentence and segment."""
    sentences = ranges(first, last - first)
    begin = ragged.starts[sentences]
    count = ragged.starts[sentences + 1] - begin
    segment = np.repeat(np.arange(len(first)), last - first)
    return ranges(begin, count), np.repeat(sentences, count), np.repeat(segment, count)
