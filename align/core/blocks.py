"""Everything about blocks of consecutive sentences that can be had once per document.

A block of size a that ends before sentence i is `i - a .. i`; arrays over blocks are indexed
[a - 1, i] with i = 0 .. n, entries with i < a are meaningless zeros. Sums of sentence vectors make
blocks free: prefix sums, no re-encoding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.side import Floats, Ragged, Side


@dataclass(frozen=True, slots=True)
class Blocks:
    """Norms and masses of the blocks of one document, sizes 1 .. max_side."""

    norms: Floats  # [a, n + 1]; length of the block's summed vector
    mean: Floats  # [a, d]; mean unit vector over the blocks of each size
    bytes: Floats  # [n + 1]; prefix sums of the byte lengths
    mass: Floats  # [n + 1]; prefix sums of the mass (summed norms of the units)
    unit_mass: Floats  # [u]; norm of each unit of the table


def prefix(values: npt.NDArray[np.float32]) -> Floats:
    """Prefix sums with a leading zero, accumulated in float64. [n] -> [n + 1]"""
    out = np.zeros(len(values) + 1, np.float64)
    np.cumsum(values, dtype=np.float64, out=out[1:])
    return out.astype(np.float32)


def ragged_sum(ragged: Ragged, values: Floats) -> Floats:
    """Sum of `values` (one a unit of the table) over each sentence. -> [n]"""
    total = np.zeros(len(ragged.ids) + 1, np.float64)
    np.cumsum(values[ragged.ids], dtype=np.float64, out=total[1:])
    return (total[ragged.starts[1:]] - total[ragged.starts[:-1]]).astype(np.float32)


def blocks_of(side: Side, max_side: int) -> Blocks:
    """Computes the blocks of one document."""
    n, d = side.sums.shape
    norms = np.zeros((max_side, n + 1), np.float32)
    mean = np.zeros((max_side, d), np.float32)
    block = side.sums
    for a in range(1, min(max_side, n) + 1):
        if a > 1:
            block = block[:-1] + side.sums[a - 1 :]  # [n - a + 1, d]
        norm = np.sqrt(np.einsum("nd,nd->n", block, block))
        norms[a - 1, a:] = norm
        mean[a - 1] = (1.0 / np.maximum(norm, 1e-6)) @ block / len(norm)
    unit_mass = np.sqrt(np.einsum("ud,ud->u", side.table, side.table))
    mass = ragged_sum(side.words, unit_mass)
    return Blocks(norms, mean, prefix(side.lengths), prefix(mass), unit_mass)


def background(side: Side, blocks: Blocks, other: Blocks) -> Floats:
    """Mean cosine of each block with the other document's blocks of each size. [a, b, n + 1]"""
    max_side, n = blocks.norms.shape[0], len(side)
    out = np.zeros((max_side, max_side, n + 1), np.float32)
    dots = np.zeros((max_side, n + 1), np.float64)
    np.cumsum(other.mean @ side.sums.T, axis=1, out=dots[:, 1:])  # [b, n + 1]
    for a in range(1, min(max_side, n) + 1):
        block = dots[:, a:] - dots[:, :-a]
        out[a - 1, :, a:] = block / np.maximum(blocks.norms[a - 1, a:], 1e-6)
    return out
