"""Nearest neighbours across the two documents, by cosine.

Short documents are compared whole with numpy (one matrix serves both directions); longer ones by
FAISS's exact search; very long ones inside a corridor that blocks of sentences found first,
because exact search is quadratic (2 n m d operations).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.side import Floats, Ints

SMALL = 5_000_000  # cells up to which one numpy matrix beats two searches and FAISS's import
EXACT = 8_000_000  # cells up to which exact search is used
COARSE = 64  # sentences in a coarse block
CORRIDOR = 1  # coarse blocks to either side of the expected one


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest sentences of the other document, best first; -1 where there are fewer."""

    scores: Floats  # [n, k]; cosine
    ids: Ints  # [n, k]


def unit_rows(vectors: Floats) -> Floats:
    """Rows of length 1; zero rows stay zero. [n, d]"""
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return vectors / np.maximum(norms, 1e-9)[:, None]


def _top(scores: Floats, k: int) -> Neighbours:
    """The k best of each row; of equal ones the first. Overwrites `scores`."""
    k = min(k, scores.shape[1])
    rows = np.arange(len(scores))
    ids = np.empty((len(scores), k), np.int64)
    values = np.empty((len(scores), k), np.float32)
    for at in range(k):  # a few passes of argmax are faster than a partition
        ids[:, at] = scores.argmax(1)
        values[:, at] = scores[rows, ids[:, at]]
        scores[rows, ids[:, at]] = -np.inf
    return Neighbours(values, ids)


def nearest(src: Floats, tgt: Floats, k: int, threads: int = 1) -> tuple[Neighbours, Neighbours]:
    """Neighbours of each src row among tgt rows, and of each tgt row among src rows (unit rows)."""
    if len(src) * len(tgt) <= SMALL:
        scores = src @ tgt.T
        return _top(scores.copy(), k), _top(np.ascontiguousarray(scores.T), k)
    if len(src) * len(tgt) <= EXACT:
        return _faiss(src, tgt, k, threads), _faiss(tgt, src, k, threads)
    return _corridor(src, tgt, k, threads), _corridor(tgt, src, k, threads)


def _faiss(queries: Floats, base: Floats, k: int, threads: int) -> Neighbours:
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        scores, ids = faiss.knn(
            np.ascontiguousarray(queries),
            np.ascontiguousarray(base),
            min(k, len(base)),
            metric=faiss.METRIC_INNER_PRODUCT,
        )
    finally:
        faiss.omp_set_num_threads(before)
    return Neighbours(scores, ids.astype(np.int64))


def _coarse(vectors: Floats) -> Floats:
    """Unit vectors of blocks of COARSE sentences, the document's mean taken out. [n / COARSE, d]"""
    centred = vectors - vectors.mean(0)
    return unit_rows(np.add.reduceat(centred, np.arange(0, len(vectors), COARSE), axis=0))


def _corridor(queries: Floats, base: Floats, k: int, threads: int) -> Neighbours:
    """Exact search inside the blocks of `base` that look like the query's block.

    Each block of queries searches the neighbourhoods of its 2 nearest blocks and of the places
    that the blocks before and after it point to: text that moved as a whole is found too.
    """
    coarse = _faiss(_coarse(queries), _coarse(base), 2, threads)
    blocks, last = len(coarse.ids), (len(base) - 1) // COARSE
    scores = np.full((len(queries), k), -1.0, np.float32)
    ids = np.full((len(queries), k), -1, np.int64)
    for block in range(blocks):
        near = coarse.ids[max(0, block - 1) : block + 2].ravel()
        wanted = {b for c in near for b in range(max(0, c - CORRIDOR), min(last, c + CORRIDOR) + 1)}
        rows = slice(block * COARSE, (block + 1) * COARSE)
        columns = np.concatenate(
            [np.arange(b * COARSE, min((b + 1) * COARSE, len(base))) for b in sorted(wanted)]
        )
        found = _top(queries[rows] @ base[columns].T, k)
        scores[rows, : found.scores.shape[1]] = found.scores
        ids[rows, : found.ids.shape[1]] = columns[found.ids]
    return Neighbours(scores, ids)


def margins(forward: Neighbours, backward: Neighbours) -> Floats:
    """Cosine minus the mean cosine of both sides' neighbours, for each forward link. [n, k]

    The distance form of Artetxe & Schwenk 2019 (https://arxiv.org/abs/1811.01136).
    """
    src = np.where(forward.ids >= 0, forward.scores, 0).mean(1)
    tgt = np.where(backward.ids >= 0, backward.scores, 0).mean(1)
    out: Floats = forward.scores - (src[:, None] + tgt[forward.ids]) / 2
    return np.where(forward.ids >= 0, out, np.float32(-1))
