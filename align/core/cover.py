"""One document's units and what they find anywhere in the other document.

For coverage a unit counts by how much better it fares in a block than in blocks of that size
elsewhere; "elsewhere" is measured here, once for a pair of documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from align.core.blocks import Blocks, ragged_sum
from align.core.side import Floats, Ints, Ragged, Side

MOST_UNITS = 1024  # of a sentence that are compared
ROWS = 256  # sentences whose units are sorted together
PLACES = 64  # parts of a sentence that are told apart
TOGETHER = 256  # sums made together: they stay in the cache
WINDOWS = 8  # places of the other document that stand for "anywhere"


@dataclass(frozen=True, slots=True)
class Cover:
    """One document's units, ready for segments."""

    rows: Floats  # [u + 1, d]; units, rows of length 1; then a row of zeros. Empty if `single`
    words: Ragged  # the different units of each sentence, MOST_UNITS at most
    mass: Floats  # [t]; of each entry of `words`, times how often the sentence has it
    # [t]; where in the sentence it stands, on average: 0 begins, 1 ends it. None: every entry is a
    # unit of its own, and places do not matter
    place: Floats | None
    usual: Floats  # [A, n]; from `usual_gain`
    single: bool  # each sentence is one unit, its own

    def padded(self, sentences: Ints) -> tuple[Ints, Floats]:
        """The rows of the units of each sentence, and their mass. [G, T] each"""
        first = self.words.starts[sentences]
        count = self.words.starts[sentences + 1] - first
        place = np.arange(max(1, int(count.max())))
        at = np.minimum(first[:, None] + place, max(0, len(self.words.ids) - 1))
        there = place < count[:, None]
        ids = np.full(at.shape, len(self.rows) - 1)
        ids[there] = self.words.ids[at[there]]
        mass = np.zeros(at.shape, np.float32)
        mass[there] = self.mass[at[there]]
        return ids, mass


def covers(
    src: Side, tgt: Side, src_blocks: Blocks, tgt_blocks: Blocks, max_side: int
) -> tuple[Cover, Cover]:
    """Both documents, each with what it usually finds in the other."""
    return (
        _cover(src, src_blocks, usual_gain(src, src_blocks, tgt, tgt_blocks, max_side)),
        _cover(tgt, tgt_blocks, usual_gain(tgt, tgt_blocks, src, src_blocks, max_side)),
    )


def _cover(side: Side, blocks: Blocks, usual: Floats) -> Cover:
    if side.single:
        rows = np.zeros((0, side.sums.shape[1]), np.float32)
        middle = np.full(len(side), 0.5, np.float32)
        return Cover(rows, side.words, blocks.unit_mass, middle, usual, True)
    return Cover(_rows(side, blocks), *_distinct(side, blocks), usual, False)


def _distinct(side: Side, blocks: Blocks) -> tuple[Ragged, Floats, Floats]:
    """The different units of each sentence, their mass and place; of endless ones the heaviest."""
    n, u, starts = len(side), max(1, len(side.table)), side.words.starts
    kind: Any = np.int32 if ROWS * u * PLACES < 2**31 else np.int64
    parts = []
    for low in range(0, n, ROWS):  # a sort in the cache is several times as fast
        high = min(low + ROWS, n)
        counts = np.diff(starts[low : high + 1])
        keys = np.repeat(np.arange(high - low, dtype=kind), counts)
        keys *= u
        keys += side.words.ids[starts[low] : starts[high]]
        at = np.arange(len(keys)) - np.repeat(starts[low:high] - starts[low], counts)
        keys *= PLACES
        keys += ((2 * at + 1) * PLACES // (2 * np.repeat(counts, counts))).astype(kind)
        keys.sort()
        places = keys & (PLACES - 1)
        keys >>= PLACES.bit_length() - 1
        new = np.ones(len(keys), bool)
        np.not_equal(keys[1:], keys[:-1], out=new[1:])
        first = np.flatnonzero(new)
        found, times = keys[first], np.diff(first, append=len(keys))
        place = np.add.reduceat(places, first) if len(first) else places
        parts.append((found % u, times, found // u + low, place / times))
    ids, times, sentence, place = (np.concatenate(part) for part in zip(*parts, strict=True))
    mass = (blocks.unit_mass[ids] * times).astype(np.float32)
    place = ((place + 0.5) / PLACES).astype(np.float32)
    count = np.bincount(sentence, minlength=n)
    if count.max(initial=0) > MOST_UNITS:
        order = np.lexsort((-mass, sentence))
        rank = np.arange(len(ids)) - np.repeat(np.cumsum(count) - count, count)
        kept = np.sort(order[rank < MOST_UNITS])
        ids, mass, place = ids[kept], mass[kept], place[kept]
        count = np.minimum(count, MOST_UNITS)
    starts = np.concatenate([[0], np.cumsum(count)])
    return Ragged(ids.astype(np.int32, copy=False), starts), mass, place


def _rows(side: Side, blocks: Blocks) -> Floats:
    """The units as rows of length 1, and one row of zeros that stands for no unit. [u + 1, d]"""
    out = np.zeros((len(side.table) + 1, side.table.shape[1]), np.float32)
    np.divide(side.table, np.maximum(blocks.unit_mass, 1e-6)[:, None], out=out[:-1])
    return out


def best_of(cosines: Floats, entries: Ints, lengths: Ints) -> Floats:
    """The largest of the rows of each sentence, at least 0, column by column.

    Sentence s has the next lengths[s] of `entries`, which are rows of `cosines`. The first units of
    all sentences are looked at together, then the second ones, ...: several times as fast as
    np.maximum.reduceat. [r, u], [t], [n] -> [n, u]
    """
    if len(entries) == len(lengths) and (lengths == 1).all():
        alone = cosines.take(entries, 0)
        return np.clip(alone, 0, np.inf, out=alone)  # twice as fast as np.maximum with a number
    order = np.argsort(-lengths, kind="stable")
    begin = (np.cumsum(lengths) - lengths)[order]
    going = np.searchsorted(-lengths[order], -np.arange(int(lengths.max(initial=0))), side="left")
    out = np.zeros((len(lengths), cosines.shape[1]), np.float32)
    for place, count in enumerate(going.tolist()):
        np.maximum(out[:count], cosines.take(entries[begin[:count] + place], 0), out=out[:count])
    best = np.empty_like(out)
    best[order] = out
    return best


def sums_of(table: Floats, ids: Ints, begins: Ints, lengths: Ints, sums: Floats) -> None:
    """Sums of table rows: result i is that of ids[begins[i] : begins[i] + lengths[i]], in order.

    All first rows of a block at once, then all second ones, ...: many times as fast as
    np.add.reduceat. [u, d], [t], [m], [m], to be written [m, d]
    """
    order = np.argsort(-lengths, kind="stable")
    out, taken = np.empty((2, min(TOGETHER, len(order)), table.shape[1]), table.dtype)
    for start in range(0, len(order), TOGETHER):
        some = order[start : start + TOGETHER]
        begin, length = begins[some], lengths[some]
        going = np.searchsorted(-length, -np.arange(int(length[0])), side="left").tolist()
        first = going[0] if going else 0
        out[first : len(some)] = 0
        # "clip" because "raise" would copy once more; the rows are in range
        table.take(ids[begin[:first]], 0, out[:first], "clip")
        for place, count in enumerate(going[1:], 1):
            table.take(ids[begin[:count] + place], 0, taken[:count], "clip")
            out[:count] += taken[:count]
        sums[some] = out[: len(some)]


def usual_gain(
    side: Side, blocks: Blocks, other: Side, other_blocks: Blocks, max_side: int
) -> Floats:
    """What each sentence finds in blocks of each size anywhere in `other`. [A, n]

    That is the sum over its units of the mean best cosine times the mass; "anywhere" is WINDOWS
    runs of `max_side` sentences, evenly spread (all of a short document).
    """
    m = len(other)
    if m <= WINDOWS * max_side:
        first, width = np.zeros(1, np.int64), m
    else:
        first, width = np.arange(WINDOWS) * (m - max_side) // (WINDOWS - 1), max_side
    starts = other.words.starts
    looked = (first[:, None] + np.arange(width)).ravel()  # sentences
    counts = starts[looked + 1] - starts[looked]
    local = np.cumsum(counts) - counts
    at = np.repeat(starts[looked] - local, counts) + np.arange(int(counts.sum()))
    ids, again = other.words.ids[at], np.arange(len(at))
    if not other.single:  # a word that comes again is compared once
        ids, again = np.unique(ids, return_inverse=True)
    far = other.table[ids] / np.maximum(other_blocks.unit_mass[ids], 1e-6)[:, None]
    length = np.maximum(blocks.unit_mass, 1e-6)
    usual = np.zeros((max_side, len(side.table)), np.float32)
    for low in range(0, len(usual[0]), 1024):  # bounds the memory
        part = slice(low, low + 1024)
        best = best_of(far @ side.table[part].T, again.ravel(), counts)
        best /= length[part]
        run = best = best.reshape(len(first), width, -1)
        for b in range(1, max_side + 1):
            if 1 < b <= width:
                run = np.maximum(run[:, :-1], best[:, b - 1 :])
            usual[b - 1, part] = run.sum((0, 1)) / (run.shape[0] * run.shape[1])
    usual *= blocks.unit_mass
    if side.single:
        return usual
    return np.stack([ragged_sum(side.words, row) for row in usual])


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The numbers starts[i] .. starts[i] + lengths[i] - 1, for every i, end to end."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(int(lengths.sum()))
