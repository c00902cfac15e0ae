"""From the core's arrays back to text: beads with spans, and the alignment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from align.alignment import Alignment
from align.core.align import Found
from align.core.explain import Parts
from align.types import Bead, Document, Reason, Sentence
from align.versions import MultiRow

if TYPE_CHECKING:
    from align.core.versions.many import FoundRows

CREDIBLE = 0.5  # lax probability from which a pair counts as parallel text


def _text(sentences: tuple[Sentence, ...], lang: str | None) -> str:
    if len(sentences) == 1:
        return sentences[0].text
    glue = "" if lang == "zh" or lang == "ja" else " "
    return glue.join(sentence.text for sentence in sentences)


def _span(sentences: tuple[Sentence, ...]) -> tuple[int, int] | None:
    return (sentences[0].start, sentences[-1].end) if sentences else None


def _bytes_before(document: Document) -> list[int]:
    """UTF-8 bytes in the sentences before each, [n + 1]."""
    texts = (sentence.text for sentence in document.sentences)
    sizes = (len(text) if text.isascii() else len(text.encode()) for text in texts)
    return [0, *accumulate(sizes)]


def _reasons(parts: Parts, bead: int) -> tuple[Reason, ...]:
    """The parts of a bead that are not 0, those that weigh most first."""
    values = np.round(parts.values[bead].astype(np.float64), 6)
    weights = np.round(parts.weights.astype(np.float64), 6)
    points = values * weights
    order = np.argsort(-np.abs(points), kind="stable")
    return tuple(
        Reason(parts.names[p], values[p].item(), weights[p].item())
        for p in order[points[order] != 0].tolist()
    )


def alignment_of(src: Document, tgt: Document, found: Found, signature: str) -> Alignment:
    """The alignment of two documents from the arrays that the core found."""
    columns = zip(
        found.src.tolist(),
        found.tgt.tolist(),
        found.a.tolist(),
        found.b.tolist(),
        np.round(found.score.astype(np.float64), 4).tolist(),
        np.round(found.probability.astype(np.float64), 4).tolist(),
        np.round(found.probability_lax.astype(np.float64), 4).tolist(),
        found.moved.tolist(),
        strict=True,
    )
    beads = []
    shared = 0
    src_bytes, tgt_bytes = _bytes_before(src), _bytes_before(tgt)
    for number, (i, j, a, b, score, probability, lax, moved) in enumerate(columns):
        left, right = src.sentences[i : i + a], tgt.sentences[j : j + b]
        beads.append(
            Bead(
                tuple(range(i, i + a)),
                tuple(range(j, j + b)),
                score,
                _text(left, src.lang),
                _text(right, tgt.lang),
                _span(left),
                _span(right),
                probability,
                lax,
                moved,
                () if found.parts is None else _reasons(found.parts, number),
            )
        )
        if a and b and lax >= CREDIBLE:
            shared += src_bytes[i + a] - src_bytes[i] + tgt_bytes[j + b] - tgt_bytes[j]
    total = src_bytes[-1] + tgt_bytes[-1]  # every sentence is in one bead
    return Alignment(src, tgt, tuple(beads), signature, shared / total if total else 0.0)


def rows_of_versions(documents: Sequence[Document], found: FoundRows) -> tuple[MultiRow, ...]:
    """The rows of several documents from the arrays that the core found."""
    cells: list[list[list[int]]] = [[[] for _ in documents] for _ in found.probability]
    for version, rows in enumerate(found.row):
        for number, row in enumerate(rows.tolist()):
            cells[row][version].append(number)
    out = []
    for row, probability, moved in zip(
        cells,
        np.round(found.probability.astype(np.float64), 4).tolist(),
        found.moved.tolist(),
        strict=True,
    ):
        parts = [
            tuple(document.sentences[number] for number in cell)
            for document, cell in zip(documents, row, strict=True)
        ]
        texts = (
            _text(part, document.lang) for part, document in zip(parts, documents, strict=True)
        )
        out.append(
            MultiRow(
                tuple(map(tuple, row)), tuple(texts), tuple(map(_span, parts)), probability, moved
            )
        )
    return tuple(out)
