"""Everything about blocks of consecutive sentences that can be had once per document.

A block of size a that ends before sentence i is `i - a .. i`; arrays over blocks are indexed
[a - 1, i] with i = 0 .. n, entries with i < a are meaningless zeros. Sums of sentence vectors make
blocks free: prefix sums, no re-encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from align.core.blas import row_products
from align.core.side import Floats, Ints, Side

ROWS = 2048  # sentences worked on together: they stay in the cache


@dataclass(frozen=True, slots=True)
class Blocks:
    """Norms and masses of the blocks of one document, sizes 1 .. max_side."""

    norms: Floats  # [a, n + 1]; length of the block's summed vector
    mean: Floats  # [a, d]; mean unit vector over the blocks of each size
    bytes: Floats  # [n + 1]; prefix sums of the byte lengths
    mass: Floats  # [n + 1]; prefix sums of the mass (summed norms of the units)
    unit_mass: Floats  # [u]; norm of each unit


def prefix(values: npt.NDArray[np.float32]) -> Floats:
    """Prefix sums with a leading zero, accumulated in float64. [n] -> [n + 1]"""
    out = np.zeros(len(values) + 1, np.float64)
    np.cumsum(values, dtype=np.float64, out=out[1:])
    return out.astype(np.float32)


def running(values: Floats, axis: int) -> Floats:
    """Running sums along the axis, in place.

    A step for all the rest of the array at once: np.cumsum goes along the axis for every element
    of the rest, which is several times as slow where the axis is short.
    """
    along = values.swapaxes(0, axis)
    for before, here in pairwise(along):
        here += before
    return values


def unit_sum(starts: Ints, values: Floats) -> Floats:
    """Sum of `values` (one a unit) over each sentence. [n + 1], [u] -> [n]"""
    total = np.zeros(len(values) + 1, np.float64)
    np.cumsum(values, dtype=np.float64, out=total[1:])
    return (total[starts[1:]] - total[starts[:-1]]).astype(np.float32)


def blocks_of(side: Side, max_side: int) -> Blocks:
    """Computes the blocks of one document.

    No block is summed: its squared length is that of its sentences and their products, and a mean
    of blocks is a weighted sum of sentences.
    """
    n = len(side)
    size = min(max_side, n)
    lag = np.zeros((size, n), np.float64)  # [k, i]; product of the sentences i and i - k
    for start in range(0, n, ROWS):
        for k in range(size):
            low, high = max(start, k), min(start + ROWS, n)
            lag[k, low:high] = row_products(
                side.sums[low:high], side.sums[max(low - k, 0) : max(high - k, 0)]
            )
    lag[1:] *= 2
    first = np.zeros(n)  # what a first sentence adds
    norms = np.zeros((size, n + 1))
    for a in range(1, size + 1):
        first[: n + 1 - a] += lag[a - 1, a - 1 :]
        np.add(norms[a - 2, a:], first[: n + 1 - a], out=norms[a - 1, a:])
        norms[a - 1, :a] = 0
    np.sqrt(np.maximum(norms, 0, out=norms), out=norms)
    # of each sentence in the mean block: the sum over the blocks that it is in, which end behind it
    inverse = 1 / np.maximum(norms, 1e-6)
    for a in range(1, size + 1):
        inverse[a - 1, :a] = 0
    total = np.cumsum(inverse, axis=1, out=inverse)
    sizes = np.arange(1, size + 1)[:, None]
    last = np.minimum(np.arange(n) + sizes, n) + (sizes - 1) * (n + 1)
    weights = np.zeros((max_side, n), np.float32)
    np.divide(total.take(last) - total[:, :-1], n + 1 - sizes, out=weights[:size], casting="unsafe")
    out = np.zeros((max_side, n + 1), np.float32)
    out[:size] = norms
    if side.single:
        mass = unit_mass = out[0, 1:]
    else:
        unit_mass = np.sqrt(row_products(side.units, side.units))
        mass = unit_sum(side.starts, unit_mass)
    return Blocks(out, weights @ side.sums, prefix(side.lengths), prefix(mass), unit_mass)


@dataclass(frozen=True, slots=True)
class Background:
    """Mean cosine of each block of one document with the other's blocks of each size."""

    dots: npt.NDArray[np.float64]  # [b, n + 1]; prefix sums of products with the mean block of b
    norms: Floats  # [a, n + 1]; of `Blocks`

    def of(self, a: Ints | int, b: Ints | int, end: Ints) -> Floats:
        """Of blocks of a sentences that end before `end`, with blocks of b."""
        product = self.dots[b - 1, end] - self.dots[b - 1, np.maximum(end - a, 0)]
        out: Floats = product / np.maximum(self.norms[a - 1, end], 1e-6)
        return out.astype(np.float32)


def background(side: Side, blocks: Blocks, other: Blocks) -> Background:
    """From the mean blocks of the other document."""
    dots = np.zeros((len(blocks.norms), len(side) + 1), np.float64)
    products = side.sums @ other.mean.T  # in this order BLAS is faster
    np.cumsum(products.T, axis=1, out=dots[:, 1:])
    return Background(dots, blocks.norms)
