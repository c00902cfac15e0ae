"""What an encoder is, and the check of what comes out of one."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from align.errors import AlignError

Floats = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Turns sentences into vectors. `name` tells it from every other one (part of signatures)."""

    @property
    def name(self) -> str:
        """Which encoder it is, with a fingerprint where its content can change."""
        ...

    def encode(self, texts: list[str]) -> Floats:
        """Rows of unit length, float32 [len(texts), dims]; a row of zeros: nothing known in it."""
        ...


def unit_rows(vectors: Any, count: int, name: str) -> Floats:
    """Vectors as float32 [count, d] with rows of unit length; zero rows stay zero.

    Raises AlignError for another number of rows, another rank, NaN or infinity, or no numbers.
    """
    try:
        found = np.asarray(vectors)
    except (TypeError, ValueError) as error:  # rows of different lengths, a tensor on a GPU
        raise AlignError(f"{name}: expected an array [{count}, d] of numbers ({error})") from error
    if found.dtype.kind not in "fiu":
        raise AlignError(f"{name}: expected numbers, got an array of {found.dtype}")
    if found.ndim != 2 or (not found.shape[1] and count):
        raise AlignError(f"{name}: expected vectors of shape [{count}, d], got {found.shape}")
    if len(found) != count:
        raise AlignError(
            f"{name}: expected {count} vectors for {count} sentences, got {len(found)}"
        )
    wide = found.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(wide).all(1))
    if len(bad):
        raise AlignError(
            f"{name}: {len(bad)} of {count} vectors hold NaN or infinity, first that of sentence"
            f" {bad[0]}"
        )
    lengths = np.sqrt((wide * wide).sum(1, keepdims=True))
    return (wide / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
