"""One document's units and what they find anywhere in the other document.

For coverage a unit counts by how much better it fares in a block than in blocks of that size
elsewhere; "elsewhere" is measured here, once for a pair of documents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.blocks import Blocks, unit_sum
from align.core.side import Floats, Ints, Side

WINDOWS = 8  # places of the other document that stand for "anywhere"


@dataclass(frozen=True, slots=True)
class Cover:
    """One document's units, ready for segments."""

    rows: Floats  # [u + 1, e]; units, rows of length 1; then a row of zeros. Empty if `single`
    starts: Ints  # [n + 1]; sentence i has the units starts[i] .. starts[i + 1]
    mass: Floats  # [u]
    placed: Floats  # [u]; times how far behind the middle of its sentence it stands, -.5 to .5
    usual: Floats  # [A, n]; from `usual_gain`
    single: bool  # each sentence is one unit

    def numbers(self, first: Ints, last: Ints) -> Ints:
        """The units first .. last of each of G runs; behind them the row of zeros. [G, T]"""
        units = first[:, None] + np.arange(max(1, int((last - first).max())))
        units[units >= last[:, None]] = len(self.rows) - 1
        return units

    def mass_of(self, units: Ints) -> Floats:
        """Of units as `numbers` gives them; the row of zeros weighs nothing."""
        if not len(self.mass):
            return np.zeros(units.shape, np.float32)
        mass = self.mass.take(units, mode="clip")
        mass[units == len(self.rows) - 1] = 0
        return mass


def covers(
    src: Side, tgt: Side, src_blocks: Blocks, tgt_blocks: Blocks, max_side: int
) -> tuple[Cover, Cover]:
    """Both documents, each with what it usually finds in the other."""
    return (
        _cover(src, src_blocks, usual_gain(src, src_blocks, tgt, tgt_blocks, max_side)),
        _cover(tgt, tgt_blocks, usual_gain(tgt, tgt_blocks, src, src_blocks, max_side)),
    )


def _cover(side: Side, blocks: Blocks, usual: Floats) -> Cover:
    mass = blocks.unit_mass
    rows = np.zeros((0, side.units.shape[1]), np.float32)
    if not side.single:
        rows = np.zeros((len(mass) + 1, side.units.shape[1]), np.float32)
        np.divide(side.units, np.maximum(mass, 1e-6)[:, None], out=rows[:-1])
    return Cover(rows, side.starts, mass, mass * (side.places - 0.5), usual, side.single)


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
    looked = (first[:, None] + np.arange(width)).ravel()  # sentences
    counts = other.starts[looked + 1] - other.starts[looked]
    far = ranges(other.starts[looked], counts)
    every = other.units[far] / np.maximum(other_blocks.unit_mass[far], 1e-6)[:, None]
    length = np.maximum(blocks.unit_mass, 1e-6)
    usual = np.zeros((max_side, len(side.units)), np.float32)
    for low in range(0, len(usual[0]), 1024):  # bounds the memory
        part = slice(low, low + 1024)
        best = best_of(every @ side.units[part].T, np.arange(len(far)), counts)
        best /= length[part]
        run = best = best.reshape(len(first), width, -1)
        for b in range(1, max_side + 1):
            if 1 < b <= width:
                run = np.maximum(run[:, :-1], best[:, b - 1 :])
            usual[b - 1, part] = run.sum((0, 1)) / (run.shape[0] * run.shape[1])
    usual *= blocks.unit_mass
    if side.single:
        return usual
    return np.stack([unit_sum(side.starts, row) for row in usual])


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """The numbers starts[i] .. starts[i] + lengths[i] - 1, for every i, end to end."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - ends + lengths, lengths) + np.arange(int(lengths.sum()))
