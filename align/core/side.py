"""What the core knows of one document: arrays, no text.

`Units` are the smallest things that can match: words where the encoder is additive (the sum of a
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
    words: Ragged  # the units of each sentence, numbers into `table`
    table: Floats  # [u, d]; the units' vectors
    lengths: Floats  # [n]; UTF-8 bytes, at least 1
    paragraphs: Ints  # [n]; number of the paragraph
    ends: Ints  # [n]; class of the closing punctuation, 0: none
    marks: Ints  # [n]; bit set of what else is seen (quotes, list marks, ...)
    numbers: Ragged  # fingerprints of the numbers in each sentence
    names: Ragged  # fingerprints of the words that could be the same in the other language
    closing: npt.NDArray[np.bool_] | None = None  # [u]; units that a clause ends with, if known

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def single(self) -> bool:
        """Each sentence is one unit, its own."""
        return self.table is self.sums and np.array_equal(self.words.ids, np.arange(len(self)))
