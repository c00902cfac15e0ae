"""Numbers and names that two sentences have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.anchors import Segments
from align.core.blocks import running
from align.core.cover import ranges
from align.core.side import Floats, Ints, Ragged


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
    """Weight of every entry: 1 / sqrt(mean count), 0 where the other document lacks it."""
    keys, inverse = np.unique(np.concatenate([src.ids, tgt.ids]), return_inverse=True)
    cut = len(src.ids)
    a = np.bincount(inverse[:cut], minlength=len(keys))
    b = np.bincount(inverse[cut:], minlength=len(keys))
    weight = np.where((a > 0) & (b > 0), 1 / np.sqrt(np.maximum((a + b) / 2, 1)), 0)
    weight = weight.astype(np.float32)
    return weight[inverse[:cut]], weight[inverse[cut:]]


def per_sentence(ragged: Ragged, weight: Floats) -> Floats:
    """Sum of the weights in each sentence. [n]"""
    total = np.concatenate([[0.0], np.cumsum(weight, dtype=np.float64)])
    return (total[ragged.starts[1:]] - total[ragged.starts[:-1]]).astype(np.float32)


def matches(
    src: Ragged,
    tgt: Ragged,
    weight: Floats | None,
    box: Segments,
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> Matches:
    """All pairs within a segment that share an entry; `weight` is that of the src entries, or 1.

    `rows` and `columns` span the segments: nothing else is looked at.
    """
    src_ids, src_row, src_at = _entries(src, rows)
    tgt_ids, tgt_row, _ = _entries(tgt, columns)
    value = np.ones(len(src_ids), np.float32) if weight is None else weight[src_at]
    src_segment = np.searchsorted(box.src_last, src_row, side="right")
    tgt_segment = np.searchsorted(box.tgt_last, tgt_row, side="right")
    src_key = (src_segment.astype(np.int64) << 32) | src_ids
    tgt_key = (tgt_segment.astype(np.int64) << 32) | tgt_ids
    order = np.argsort(tgt_key, kind="stable")
    ranked = tgt_key[order]
    low = np.searchsorted(ranked, src_key, side="left")
    high = np.searchsorted(ranked, src_key, side="right")
    count = np.where(value > 0, high - low, 0)
    entry = np.repeat(np.arange(len(src_key)), count)
    within = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    return Matches(
        src_segment[entry],
        src_row[entry],
        tgt_row[order[low[entry] + within]],
        value[entry],
    )


def _entries(ragged: Ragged, rows: tuple[int, int]) -> tuple[Ints, Ints, slice]:
    """The entries of some sentences, whose they are, and where they stand."""
    starts = ragged.starts[rows[0] : rows[1] + 1]
    at = slice(int(starts[0]), int(starts[-1]))
    return ragged.ids[at], np.repeat(np.arange(*rows), np.diff(starts)), at
