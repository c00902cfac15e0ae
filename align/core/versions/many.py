"""The whole core for N versions: sides in, rows with probabilities out.

With three versions or more all pairs are weighed together; with a pivot, or with two, each is
aligned with the pivot alone and the rest follows.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from align.core.align import DOUBT, Found, align_sides, unaligned
from align.core.blas import one_blas_thread
from align.core.calibrate import Calibration
from align.core.merging import unlikely
from align.core.monotone import Beads
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side
from align.core.versions.agreed import agree, freed_from
from align.core.versions.certainty import Weights, bead_probabilities, row_probabilities
from align.core.versions.rows import CERTAIN, Link, Pair, join_rows
from align.core.versions.table import (
    ADDED,
    ALONE,
    Flags,
    Table,
    beads_of,
    final_beads,
    rows_of,
    tabulate,
)
from align.core.versions.weighing import weigh_all


@dataclass(frozen=True, slots=True)
class FoundRows:
    """R rows in the order of the table, and the beads of every pair of versions."""

    row: tuple[Ints, ...]  # for each version, the row of each of its sentences
    probability: Floats  # [R]; that the row is exactly right
    moved: Flags  # [R]
    pairs: tuple[Pair, ...]  # all pairs of versions
    found: tuple[Found, ...]  # their beads, none of which crosses two rows


@one_blas_thread()
def align_many(
    sides: Sequence[Side],
    scorer: Scorer,
    calibration: Calibration,
    weights: Weights,
    *,
    k: int,
    threads: int = 1,
    monotone: bool = False,
    pivot: int | None = None,
    lengths: Scorer | None = None,
) -> FoundRows:
    """Aligns two or more documents; every sentence of each is in exactly one row.

    `pivot`: the number of the version that all others are aligned with, and only with it.
    `lengths`: weights for pairs whose vectors tell nothing; what they find, and the rows it is in,
    have no probability above DOUBT.
    """
    sizes = [len(side) for side in sides]
    full = [version for version, size in enumerate(sizes) if size]
    if pivot is not None or len(full) < 3:
        star = pivot if pivot is not None else (full or [0])[0]
        return _by_pivot(sides, star, scorer, calibration, k, threads, monotone, lengths)
    every = list(combinations(full, 2))
    found = weigh_all(sides, every, scorer, weights.trust, k, threads, lengths)
    blind = {pair for pair, one in found.items() if one.blind}
    agreed = agree(found, sizes, scorer, weights.ballot, k, threads, monotone)
    table = tabulate(found, sizes, agreed, weights.ballot)
    strict, lax = _chances(table, weights, blind)
    freed = {
        known.pair: weak
        for known, p in zip(table.pairs, lax, strict=True)
        if known.pair not in blind and (weak := unlikely(known.beads, p)) is not None
    }
    if freed:
        table = tabulate(found, sizes, freed_from(agreed, freed, sizes), weights.ballot)
        strict, lax = _chances(table, weights, blind)
    done = {
        known.pair: _found(known.beads, known.crosses, p, q)
        for known, p, q in zip(table.pairs, strict, lax, strict=True)
    }
    pairs = tuple(combinations(range(len(sides)), 2))
    return FoundRows(
        table.row,
        _doubted(row_probabilities(table, strict, weights), table, blind),
        _moved(table.row, table.count, done),
        pairs,
        tuple(
            done[pair] if pair in done else unaligned(*(sizes[v] for v in pair)) for pair in pairs
        ),
    )


def _chances(
    table: Table, weights: Weights, blind: Container[Pair]
) -> tuple[list[Floats], list[Floats]]:
    """Strict and lax probabilities of the beads of each pair."""
    both = []
    for known in table.pairs:
        if known.pair in blind:  # the weights are for what vectors tell
            both.append((DOUBT * known.beads.probability, DOUBT * known.beads.linked))
        else:
            both.append(bead_probabilities(known, weights))
    return [strict for strict, _ in both], [lax for _, lax in both]


def _doubted(p: Floats, table: Table, blind: Container[Pair]) -> Floats:
    """The same with DOUBT as the most for rows that hold a bead found by lengths."""
    out = p.copy()
    for known in table.pairs:
        if known.pair in blind:
            rows = rows_of(known.beads, table.row, known.pair)[known.kind != ALONE]
            out[rows] = np.minimum(out[rows], DOUBT)
    return out


def _found(b: Beads, crosses: Flags, strict: Floats, lax: Floats) -> Found:
    return Found(b.src, b.tgt, b.a, b.b, b.score, strict, lax, crosses)


def _moved(rows: Sequence[Ints], count: int, done: dict[Pair, Found]) -> Flags:
    """Rows with a bead out of order. [R]"""
    out = np.zeros(count, bool)
    for (x, _), found in done.items():
        if found.moved.any():
            out[rows[x][found.src[found.moved]]] = True
    return out


# the classical way


def _by_pivot(
    sides: Sequence[Side],
    pivot: int,
    scorer: Scorer,
    calibration: Calibration,
    k: int,
    threads: int,
    monotone: bool,
    lengths: Scorer | None,
) -> FoundRows:
    """Each version aligned with the pivot; a row holds what goes with the same text of it."""
    sizes = [len(side) for side in sides]
    pairs = tuple(combinations(range(len(sides)), 2))
    done = {
        (x, y): align_sides(
            sides[x],
            sides[y],
            scorer,
            calibration,
            k=k,
            threads=threads,
            monotone=monotone,
            lengths=lengths,
        )
        for x, y in pairs
        if pivot in (x, y)
    }
    links: dict[Pair, list[Link]] = {}
    odds: dict[Pair, list[float]] = {}
    for pair, found in done.items():
        both = (found.a > 0) & (found.b > 0)
        columns = (found.src, found.tgt, found.a, found.b)
        links[pair] = list(zip(*(part[both].tolist() for part in columns), strict=True))
        odds[pair] = [CERTAIN] * len(links[pair])
    joined = join_rows(sizes, links, odds, most=len(scorer.shapes))
    strict, lax = np.ones((2, joined.count))  # the pairs of a row are taken as independent
    for pair, found in done.items():
        rows = rows_of(found, joined.row, pair)
        np.multiply.at(strict, rows, found.probability)
        pairs_only = (found.a > 0) & (found.b > 0)
        np.multiply.at(lax, rows[pairs_only], found.probability_lax[pairs_only])
    for pair in pairs:
        if pair not in done:
            beads, kind, crosses = final_beads(
                beads_of(unaligned(*(sizes[v] for v in pair))), None, joined, pair
            )
            rows = rows_of(beads, joined.row, pair)
            p, q = strict[rows].astype(np.float32), lax[rows].astype(np.float32)
            done[pair] = _found(beads, crosses, p, np.where(kind == ADDED, q, 0))
    return FoundRows(
        joined.row,
        strict.astype(np.float32),
        _moved(joined.row, joined.count, done),
        pairs,
        tuple(done[pair] for pair in pairs),
    )
