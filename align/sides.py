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
    """STATIC where the encoder can tell clauses apart, else SENTENCE."""
    return STATIC if hasattr(encoder, "clauses") else SENTENCE


def side_of(
    document: Document, encoder: Any, vectors: npt.NDArray[np.float32] | None = None
) -> Side:
    """The arrays of one document.

    A static encoder gives clauses, whose sums are the sentences. Other vectors, [n, d] with unit
    rows, are weighted by the root of the sentence's bytes, so that a block's vector is near what
    the encoder would say of it, and each sentence is its own unit.
    """
    texts = document.texts
    surface = surface_of(texts, [sentence.paragraph for sentence in document.sentences])
    if vectors is None and kind_of(encoder) == STATIC:
        with one_blas_thread():
            clauses = encoder.clauses(texts)
        sums, units = clauses.sums, clauses.vectors
        starts, places = clauses.starts, clauses.places
    else:
        if vectors is None:
            vectors = encoder.encode(texts)
        sums = units = vectors * np.sqrt(surface.lengths)[:, None]
        starts = np.arange(len(texts) + 1)
        places = np.full(len(texts), 0.5, np.float32)
    return Side(
        sums,
        units,
        starts,
        places,
        surface.lengths,
        surface.paragraphs,
        surface.ends,
        surface.marks,
        Ragged(*surface.numbers),
        Ragged(*surface.names),
    )
