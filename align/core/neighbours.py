"""Nearest neighbours across the two documents, by cosine.

Short documents are compared whole; longer ones inside a corridor that blocks of sentences found
first, because the whole comparison is quadratic (2 n m d operations). One product serves both
directions. The blocks are compared whole too; only those of a library are found by a FAISS index,
which for less is slower and overlooks some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from align.core.blas import row_products
from align.core.side import Floats, Ints

EXACT = 2_000_000  # cells up to which everything is compared; so many are held at a time
BLOCKS = 128 * EXACT  # cells up to which all blocks are compared
COARSE = 64  # sentences in a coarse block
CORRIDOR = 1  # coarse blocks to either side of the expected one
SECOND = 0.6  # of the best block's cosine: from here on the second best block is searched too
LIST = 64  # blocks in a list of the inverted index
PROBES = 8  # of its lists that are searched
AHEAD = 256  # blocks whose results may wait
TOGETHER = 4  # blocks that are seen from the other side together
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest sentences of the other document, best first; -1 where there are fewer."""

    scores: Floats  # [n, k]; cosine
    ids: Ints  # [n, k]


def unit_rows(vectors: Floats) -> Floats:
    """Rows of length 1; zero rows stay zero. [n, d]"""
    norms = np.sqrt(row_products(vectors, vectors))
    return vectors / np.maximum(norms, 1e-9)[:, None]


def _top(scores: Floats, k: int) -> Neighbours:
    """The k best of each row; of equal ones the first. Overwrites `scores`, which is contiguous."""
    count, width = scores.shape
    k = min(k, width)
    flat, begins = scores.reshape(-1), np.arange(0, count * width, width)
    ids = np.empty((count, k), np.int64)
    values = np.empty((count, k), np.float32)
    for at in range(k):  # a few passes of argmax are faster than a partition
        best = scores.argmax(1)
        ids[:, at] = best
        best += begins
        values[:, at] = flat[best]
        if at + 1 < k:
            flat[best] = -np.inf
    return Neighbours(values, ids)


def nearest(src: Floats, tgt: Floats, k: int, threads: int = 1) -> tuple[Neighbours, Neighbours]:
    """Neighbours of each src row among tgt rows, and of each tgt row among src rows.

    [n, d], [m, d] of any lengths: cosines are products divided by lengths, no rows are copied.
    """
    a, b = _inverse(src), _inverse(tgt)
    if len(src) * len(tgt) <= EXACT:
        return _whole(src, tgt, a, b, k)
    return _corridor(src, tgt, a, b, k, threads)


def _whole(src: Floats, tgt: Floats, a: Floats, b: Floats, k: int) -> tuple[Neighbours, Neighbours]:
    """Everything compared, some rows at a time. `a` and `b` are one over the lengths of rows."""
    step = max(1, EXACT // max(1, len(tgt)))
    if step >= len(src):
        scores = _cosines(src, tgt, a, b)
        turned = scores.T.copy()
        return _top(scores, k), _top(turned, k)
    forward = _nothing(len(src), min(k, len(tgt)))
    backward = _nothing(len(tgt), min(k, len(src)))
    for start in range(0, len(src), step):
        rows = slice(start, start + step)
        scores = _cosines(src[rows], tgt, a[rows], b)
        turned = _beside(backward, slice(0, len(tgt)), scores.shape[0])
        turned[:, -scores.shape[0] :] = scores.T
        _take(forward, rows, _top(scores, k))
        _improve(backward, slice(0, len(tgt)), turned, start)
    return forward, backward


def _cosines(src: Floats, tgt: Floats, a: Floats, b: Floats) -> Floats:
    """[n, d], [m, d], [n], [m] -> [n, m]"""
    scores: Floats = src @ tgt.T
    scores *= a[:, None]
    scores *= b
    return scores


def _take(best: Neighbours, rows: slice, found: Neighbours) -> None:
    """Writes what was found of some rows; there may be fewer than k."""
    best.scores[rows, : found.scores.shape[1]] = found.scores
    best.ids[rows, : found.ids.shape[1]] = found.ids


def _beside(best: Neighbours, rows: slice, count: int) -> Floats:
    """The best so far of some rows, and room for `count` more. [rows, k + count]"""
    known = best.scores[rows]
    out = np.full((len(known), known.shape[1] + count), -np.inf, np.float32)
    out[:, : known.shape[1]] = known
    return out


def _improve(best: Neighbours, rows: slice, scores: Floats, start: int) -> None:
    """The best of some rows from what `_beside` gave; what is new is numbered from `start`."""
    k = best.ids.shape[1]
    top = _top(scores, k)
    known = np.minimum(top.ids, k - 1)
    known += np.arange(rows.start, rows.stop)[:, None] * k
    best.ids[rows] = np.where(top.ids < k, best.ids.take(known), top.ids + (start - k))
    best.scores[rows] = top.scores


def _inverse(vectors: Floats) -> Floats:
    """One over the length of each row. [n]"""
    lengths = np.sqrt(row_products(vectors, vectors))
    out: Floats = (1 / np.maximum(lengths, 1e-9)).astype(np.float32)
    return out


def _coarse(vectors: Floats, inverse: Floats) -> Floats:
    """Sums of blocks of COARSE unit rows, the document's mean taken out. [n / COARSE, d]"""
    n, d = vectors.shape
    whole = n // COARSE * COARSE
    weights = inverse[:whole].reshape(-1, 1, COARSE)
    sums = (weights @ vectors[:whole].reshape(-1, COARSE, d))[:, 0]
    sums = np.concatenate([sums, (inverse[whole:] @ vectors[whole:])[None]])
    sizes = np.full(len(sums), COARSE)
    sizes[-1] = n - whole
    sums -= sizes[:, None].astype(np.float32) * (sums.sum(0) / n)
    return sums if sizes[-1] else sums[:-1]


def _near(coarse: Neighbours, last: int) -> Ints:
    """Block pairs to search, [p, 2]: what a block or one beside it points to, and around that.

    Text that moved as a whole is found too. `last` is the number of the other side's last block.
    """
    blocks = np.arange(len(coarse.ids))
    second = np.where(coarse.scores >= SECOND * coarse.scores[:, :1], coarse.ids, coarse.ids[:, :1])
    found = [
        np.stack([np.clip(blocks + beside, 0, blocks[-1]), np.clip(at + around, 0, last)], 1)
        for at in second.T
        for beside in range(-CORRIDOR, CORRIDOR + 1)
        for around in range(-CORRIDOR, CORRIDOR + 1)
    ]
    return np.concatenate(found)


def _corridor(
    src: Floats, tgt: Floats, a: Floats, b: Floats, k: int, threads: int
) -> tuple[Neighbours, Neighbours]:
    """Search inside the blocks of sentences that look alike; each pair of blocks is seen once.

    Which blocks look alike is the same question again, for vectors of whole blocks. `a` and `b` are
    one over the lengths of the rows.
    """
    x, y = _coarse(src, a), _coarse(tgt, b)
    if len(x) * len(y) <= BLOCKS:
        ahead, back = _whole(x, y, _inverse(x), _inverse(y), 2)
    else:
        ahead, back = indexed(x, y, 2, threads), indexed(y, x, 2, threads)
    src_last, tgt_last = len(ahead.ids) - 1, len(back.ids) - 1
    pairs = np.concatenate([_near(ahead, tgt_last), _near(back, src_last)[:, ::-1]])
    pairs = np.unique(pairs[:, 0] * (tgt_last + 1) + pairs[:, 1])
    of_src, of_tgt = pairs // (tgt_last + 1), pairs % (tgt_last + 1)
    bounds = np.searchsorted(of_src, np.arange(src_last + 2)).tolist()
    forward, backward = _nothing(len(src), k), _nothing(len(tgt), k)

    def search(block: int) -> tuple[slice, Ints, list[tuple[int, int]], Neighbours, Floats]:
        rows = slice(block * COARSE, min((block + 1) * COARSE, len(src)))
        wanted = of_tgt[bounds[block] : bounds[block + 1]]
        cuts = [0, *(np.flatnonzero(wanted[1:] - wanted[:-1] > 1) + 1).tolist(), len(wanted)]
        runs = [  # blocks side by side: nothing is gathered
            (int(wanted[low]) * COARSE, min((int(wanted[high - 1]) + 1) * COARSE, len(tgt)))
            for low, high in pairwise(cuts)
        ]
        columns = np.concatenate([np.arange(*run) for run in runs])
        here, own = src[rows].T, a[rows]
        turned = np.empty((len(columns), rows.stop - rows.start), np.float32)
        end = 0
        for low, high in runs:
            part = turned[end : end + high - low]
            end += high - low
            np.matmul(tgt[low:high], here, out=part)
            part *= b[low:high, None]
            part *= own
        return rows, columns, runs, _top(turned.T.copy(), k), turned

    waiting: list[_Waiting] = []
    for rows, columns, runs, here, turned in _mapped(search, src_last + 1, threads):
        _take(forward, rows, Neighbours(here.scores, columns[here.ids]))
        waiting.append(_Waiting(rows.start, runs, turned))
        if len(waiting) == TOGETHER or rows.stop == len(src):
            _merge(backward, waiting)
            waiting.clear()
    return forward, backward


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Scores of a block of source sentences, not yet seen from the other side."""

    start: int  # first source sentence
    runs: list[tuple[int, int]]  # target sentences, first and behind the last
    scores: Floats  # [all of them, source sentences]


def _merge(best: Neighbours, waiting: list[_Waiting]) -> None:
    """What some blocks that follow one another found, for the target sentences."""
    first, k = waiting[0].start, best.ids.shape[1]
    count = sum(found.scores.shape[1] for found in waiting)
    united: list[tuple[int, int]] = []
    for low, high in sorted(run for found in waiting for run in found.runs):
        if united and low <= united[-1][1]:
            united[-1] = united[-1][0], max(high, united[-1][1])
        else:
            united.append((low, high))
    for begin, end in united:
        scores = _beside(best, slice(begin, end), count)
        for found in waiting:
            at = slice(k + found.start - first, k + found.start - first + found.scores.shape[1])
            row = 0
            for low, high in found.runs:
                if begin <= low < end:
                    scores[low - begin : high - begin, at] = found.scores[row : row + high - low]
                row += high - low
        _improve(best, slice(begin, end), scores, first)


def indexed(queries: Floats, base: Floats, k: int, threads: int = 1) -> Neighbours:
    """Neighbours among very many rows: an inverted file (FAISS; Jégou, Douze & Schmid 2011,
    https://doi.org/10.1109/TPAMI.2010.57). The same for any number of threads.
    """
    import faiss

    base, queries = unit_rows(base), unit_rows(queries)
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)  # clusters depend on the order of sums
    try:
        lists = max(1, len(base) // LIST)
        index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(base.shape[1]), base.shape[1], lists, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.min_points_per_centroid = 1
        index.train(base)
        index.add(base)
        index.nprobe = PROBES
        faiss.omp_set_num_threads(threads)
        scores, ids = index.search(queries, min(k, len(base)))
    finally:
        faiss.omp_set_num_threads(before)
    found = Neighbours(np.where(ids >= 0, scores, np.float32(-1)), ids.astype(np.int64))
    # who looks in the wrong lists finds nothing: then it is as if everything were far
    return Neighbours(found.scores, np.where(found.ids >= 0, found.ids, found.ids[:, :1].clip(0)))


def _nothing(count: int, k: int) -> Neighbours:
    return Neighbours(np.full((count, k), -1.0, np.float32), np.full((count, k), -1, np.int64))


def _mapped(work: Callable[[int], T], count: int, threads: int) -> Iterator[T]:
    """The results of work(0) .. work(count - 1) in order, whatever the number of threads."""
    if threads == 1:
        yield from map(work, range(count))
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, count, AHEAD):  # bounds the results that wait
            yield from pool.map(work, range(start, min(start + AHEAD, count)))


def margins(forward: Neighbours, backward: Neighbours) -> tuple[Floats, Floats]:
    """Cosine minus the mean cosine of both sides' neighbours, for each link of both. [n, k], [m, k]

    The distance form of Artetxe & Schwenk 2019 (https://arxiv.org/abs/1811.01136).
    """
    src, tgt = (np.where(x.ids >= 0, x.scores, 0).mean(1) for x in (forward, backward))
    return _above(forward, src, tgt), _above(backward, tgt, src)


def _above(found: Neighbours, own: Floats, other: Floats) -> Floats:
    """Cosine minus the mean of both sides' means, -1 where there is no link."""
    out = found.scores - (own[:, None] + other[found.ids]) / 2
    out[found.ids < 0] = -1
    return out
