"""The table of token vectors, as floats or packed in 8 or 4 bits a value.

4 bits: a value is one of 16 levels times the row's scale. The levels are those that minimise the
squared error over the table (Lloyd 1982, Max 1960); scales are fitted to the chosen levels. 8 bits:
a whole number -127..127 times the row's scale, as model2vec and sentence-transformers read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from align.encoders.tensors import read_tensors
from align.errors import AlignError

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]
LEVELS = 16
_ROUNDS, _SAMPLE = 4, 2_000_000  # of the fit; values looked at


@dataclass(frozen=True, slots=True)
class Packed:
    """4-bit rows. Byte j of a row holds the values 2j (low nibble) and 2j + 1 (high)."""

    codes: npt.NDArray[np.uint8]  # [tokens, dims / 2]
    levels: Floats  # [16]
    scale: Floats  # [tokens]


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One vector per token number, packed or not: `values` times `scale`, or `packed`."""

    count: int
    dims: int
    values: Array | None = None  # [rows, dims] floats or int8
    scale: Array | None = None  # [count]
    rows: Array | None = None  # [count] the row of `values` of each token; None: its own number
    packed: Packed | None = None
    pairs: npt.NDArray[np.uint64] | None = None  # [256] two levels for each byte

    def take(self, tokens: npt.NDArray[Any]) -> Floats:
        """The vectors of these token numbers. [n] -> float32 [n, dims]"""
        if self.packed is not None and self.pairs is not None:
            found: Floats = self.pairs.take(self.packed.codes[tokens]).view(np.float32)
            found *= self.packed.scale[tokens][:, None]
            return found
        if self.values is None:
            raise AssertionError("neither values nor packed")
        rows = tokens if self.rows is None else self.rows[tokens]
        found = self.values[rows].astype(np.float32)
        if self.scale is not None:
            found *= self.scale[tokens].astype(np.float32)[:, None]
        return found


def packed_vectors(packed: Packed) -> TokenVectors:
    """A table from packed rows."""
    byte = np.arange(256)
    pairs = np.stack([packed.levels[byte & 15], packed.levels[byte >> 4]], 1)  # [256, 2]
    count, half = packed.codes.shape
    return TokenVectors(count, 2 * half, packed=packed, pairs=pairs.view(np.uint64).ravel())


def read_vectors(path: Path) -> TokenVectors:
    """The token vectors of a safetensors file: ours, StaticEmbedding's or model2vec's.

    Raises AlignError when there is no such table in it or its parts do not fit.
    """
    tensors = read_tensors(path)
    if "codes" in tensors:
        return packed_vectors(_packed(path, tensors))
    values = tensors.get("embedding.weight", tensors.get("embeddings"))
    if values is None:
        names = ", ".join(sorted(tensors)[:5]) or "nothing"
        raise AlignError(
            f"{path}: no token vectors; expected codes, embedding.weight or embeddings, got {names}"
        )
    if values.ndim != 2 or 0 in values.shape:
        raise AlignError(f"{path}: expected vectors [tokens, dims], got shape {values.shape}")
    rows, scale = tensors.get("mapping"), tensors.get("weights")
    count = len(values) if rows is None else len(rows)
    if rows is not None and (rows.ndim != 1 or not 0 <= rows.min() <= rows.max() < len(values)):
        raise AlignError(f"{path}: mapping names rows beyond the {len(values)} there are")
    if scale is not None and scale.shape != (count,):
        raise AlignError(f"{path}: expected {count} weights, got shape {scale.shape}")
    return TokenVectors(count, values.shape[1], values, scale, rows)


def _packed(path: Path, tensors: dict[str, Array]) -> Packed:
    codes, levels, scale = (tensors.get(name) for name in ("codes", "levels", "scale"))
    if codes is None or levels is None or scale is None:
        raise AlignError(f"{path}: expected codes, levels and scale, got {sorted(tensors)}")
    fits = codes.ndim == 2 and levels.shape == (LEVELS,) and scale.shape == codes.shape[:1]
    if not fits or codes.dtype != np.uint8 or 0 in codes.shape:
        raise AlignError(
            f"{path}: expected codes uint8 [tokens, dims / 2], 16 levels and a scale per token, got"
            f" {codes.dtype} {codes.shape}, {levels.shape}, {scale.shape}"
        )
    if not (np.isfinite(levels).all() and np.isfinite(scale).all()):
        raise AlignError(f"{path}: levels or scale hold NaN or infinity; the file is corrupt")
    return Packed(codes, levels.astype(np.float32), scale.astype(np.float32))


def _lloyd_max(values: Floats) -> Floats:
    """The 16 levels with the least squared error for these values."""
    ordered = np.sort(values).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    levels = np.quantile(ordered, (np.arange(LEVELS) + 0.5) / LEVELS)
    for _ in range(200):
        inner = np.searchsorted(ordered, (levels[1:] + levels[:-1]) / 2)
        cuts = np.concatenate([[0], inner, [len(ordered)]])
        counts = np.diff(cuts)
        means = (sums[cuts[1:]] - sums[cuts[:-1]]) / np.maximum(counts, 1)
        moved = np.where(counts > 0, means, levels)
        if np.abs(moved - levels).max() < 1e-7:
            break
        levels = moved
    return levels.astype(np.float32)


def pack(vectors: Floats, seed: int = 0) -> Packed:
    """Packs rows into 4 bits a value with the least squared error. [tokens, dims], dims even.

    All-zero rows stay exactly zero.
    """
    count, dims = vectors.shape
    if dims % 2:
        raise AlignError(f"4-bit vectors need an even number of dimensions, got {dims}")
    scale = np.sqrt((vectors.astype(np.float64) ** 2).mean(1))  # [tokens]
    sample = np.random.default_rng(seed).permutation(count)[: max(1, _SAMPLE // dims)]
    codes = np.zeros((count, dims), np.uint8)
    levels = np.zeros(LEVELS, np.float32)
    for _ in range(_ROUNDS):
        safe = np.where(scale > 0, scale, 1.0).astype(np.float32)[:, None]
        some = sample[scale[sample] > 0]
        if not len(some):
            break
        levels = _lloyd_max((vectors[some] / safe[some]).ravel())
        bounds = (levels[1:] + levels[:-1]) / 2
        for start in range(0, count, 4096):
            rows = slice(start, start + 4096)
            codes[rows] = np.searchsorted(bounds, vectors[rows] / safe[rows])
            chosen = levels[codes[rows]]
            dots = (chosen * vectors[rows]).sum(1, dtype=np.float64)
            fitted = dots / np.maximum((chosen * chosen).sum(1, dtype=np.float64), 1e-30)
            scale[rows] = np.where(scale[rows] > 0, fitted, 0.0)
    halves = (codes[:, 0::2] | (codes[:, 1::2] << 4)).astype(np.uint8)
    return Packed(halves, levels, scale.astype(np.float32))
