"""What the core knows of one document: arrays, no text.

Units are the smallest things that can match: clauses where the encoder is additive (the sum of a
sentence's unit vectors is its vector), else the sentences themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[Any]  # float32 unless said otherwise
Ints = npt.NDArray[Any]  # int64 unless said otherwise


@dataclass(frozen=True, slots=True)
class Ragged:
    """A list of numbers for each sentence: sentence i has `ids[starts[i]:starts[i + 1]]`."""

    ids: npt.NDArray[np.int32]  # [t]
    starts: Ints  # [n + 1]


@dataclass(frozen=True, slots=True)
class Side:
    """One document as the core sees it, n sentences."""

    sums: Floats  # [n, d]; un-normalised sentence vectors, blocks are their sums
    units: Floats  # [u, e]; vectors of the units; `sums` where each sentence is one
    starts: Ints  # [n + 1]; sentence i has the units starts[i] .. starts[i + 1]
    places: Floats  # [u]; where in its sentence the middle of each stands: 0 begins, 1 ends it
    lengths: Floats  # [n]; UTF-8 bytes, at least 1
    paragraphs: Ints  # [n]; number of the paragraph
    ends: Ints  # [n]; class of the closing punctuation, 0: none
    marks: Ints  # [n]; bit set of what else is seen (quotes, list marks, ...)
    numbers: Ragged  # fingerprints of the numbers in each sentence
    names: Ragged  # fingerprints of the words that could be the same in the other language

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def single(self) -> bool:
        """Each sentence is one unit, its own."""
        return self.units is self.sums
