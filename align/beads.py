"""From the core's arrays back to text: beads with spans, and the alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from align.core.align import Found
from align.core.explain import Parts
from align.types import Alignment, Bead, Document, Reason, Sentence
from align.versions import MultiRow

if TYPE_CHECKING:
    from align.core.many import FoundRows

CREDIBLE = 0.5  # lax probability from which a pair counts as parallel text


def _text(sentences: tuple[Sentence, ...], lang: str | None) -> str:
    glue = "" if lang == "zh" or lang == "ja" else " "
    return glue.join(sentence.text for sentence in sentences)


def _span(sentences: tuple[Sentence, ...]) -> tuple[int, int] | None:
    return (sentences[0].start, sentences[-1].end) if sentences else None


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
    shared = total = 0
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
        size = sum(len(sentence.text.encode()) for sentence in (*left, *right))
        total += size
        shared += size if a and b and lax >= CREDIBLE else 0
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
