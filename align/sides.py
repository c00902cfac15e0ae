"""From a document to what the core reads: sentences -> vectors and surface -> arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.blas import one_blas_thread
from align.core.side import Ragged, Side
from align.text.surface import surface_of
from align.types import Document

STATIC, SENTENCE = (
    "static",
    "sentence",
)  # kinds of vectors: sums of word vectors, or whole sentences


def kind_of(encoder: Any) -> str:
    """STATIC where the encoder can tell its words apart, else SENTENCE."""
    return STATIC if hasattr(encoder, "units") else SENTENCE


def side_of(
    document: Document, encoder: Any, vectors: npt.NDArray[np.float32] | None = None
) -> Side:
    """The arrays of one document.

    A static encoder gives words and their sums. Other vectors, [n, d] with unit rows, are weighted
    by the root of the sentence's bytes, so that a block's vector is near what the encoder would
    say of it, and each sentence is its own unit.
    """
    texts = document.texts
    surface = surface_of(texts, [sentence.paragraph for sentence in document.sentences])
    if vectors is None and kind_of(encoder) == STATIC:
        units = encoder.units(texts)
        sums, words = units.sums(), Ragged(units.ids, units.starts)
        closing = units.closing
        directions = getattr(encoder, "directions", None)
        if directions is None:
            table = units.table
        else:
            with one_blas_thread():
                table = units.along(directions)  # the leading ones are enough to compare words
    else:
        if vectors is None:
            vectors = encoder.encode(texts)
        sums = vectors * np.sqrt(surface.lengths)[:, None]
        n = len(texts)
        words, table = Ragged(np.arange(n, dtype=np.int32), np.arange(n + 1)), sums
        closing = None
    return Side(
        sums,
        words,
        table,
        surface.lengths,
        surface.paragraphs,
        surface.ends,
        surface.marks,
        Ragged(*surface.numbers),
        Ragged(*surface.names),
        closing,
    )
