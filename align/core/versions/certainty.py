"""How sure the rows of several versions are, and the beads of each pair of them.

Logistic regressions (Platt 1999), as in `calibrate`, that also look at the votes of third
versions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from align.core.scorer import FOLDER
from align.core.side import Floats, Ints
from align.core.versions.table import ADDED, ALONE, Known, Table, rows_of
from align.core.versions.votes import Ballot
from align.core.versions.weighing import Trust

ROW_INPUTS = (
    "constant",
    "least logit of a pair",
    "mean logit of the pairs",
    "least logit of a sentence alone",
    "versions it is in",
    "pairs that follow from others",
    "sentences beyond one a version",
)


@dataclass(frozen=True, slots=True)
class Weights:
    """All that was learned about several versions; `align/training/many.py` tells how."""

    trust: Trust
    ballot: Ballot
    strict: Floats  # [4, len(BEAD_INPUTS)]; logistic, by kind of bead
    lax: Floats  # [4, len(BEAD_INPUTS)]
    row: Floats  # [2, len(ROW_INPUTS)]; rows of one version, of several


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The packaged weights."""
    found = json.loads((FOLDER / "multi.json").read_text(encoding="utf-8"))
    tables = (np.array(found[name], np.float32) for name in ("strict", "lax", "row"))
    ballot = Ballot(*(tuple(found["ballot"][name]) for name in Ballot.__slots__))
    return Weights(Trust(**found["trust"]), ballot, *tables)


def bead_probabilities(known: Known, weights: Weights) -> tuple[Floats, Floats]:
    """Strict and lax probability of every bead of a pair. [k] each"""
    strict, lax = (
        _logistic(known.inputs, table[known.kind]) for table in (weights.strict, weights.lax)
    )
    return strict, np.where(known.kind == ALONE, 0, np.maximum(strict, lax)).astype(np.float32)


def _logistic(x: Floats, weights: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.einsum("kf,kf->k", x, weights)))
    return out.astype(np.float32)


def row_inputs(table: Table, strict: Sequence[Floats]) -> tuple[Floats, Ints]:
    """What the probability of a row looks at, [R, len(ROW_INPUTS)], and whether it has pairs."""
    count = table.count
    least, alone = np.full(count, 7.0), np.full(count, 7.0)
    total, number, added = np.zeros((3, count))
    for known, p in zip(table.pairs, strict, strict=True):
        p = np.clip(p.astype(np.float64), 1e-3, 1 - 1e-3)
        logit = np.log(p / (1 - p))
        row = rows_of(known.beads, table.row, known.pair)
        pairs = known.kind != ALONE
        np.minimum.at(least, row[pairs], logit[pairs])
        np.minimum.at(alone, row[~pairs], logit[~pairs])
        total += np.bincount(row[pairs], logit[pairs], count)
        number += np.bincount(row[pairs], minlength=count)
        added += np.bincount(row[known.kind == ADDED], minlength=count)
    sentences = sum(np.bincount(row, minlength=count) for row in table.row)
    versions = sum(np.bincount(np.unique(row), minlength=count) for row in table.row)
    many = number > 0
    columns = (
        np.ones(count),
        least * many,
        total / np.maximum(number, 1),
        alone,
        versions / len(table.row),
        np.minimum(added, 3),
        np.minimum(sentences - versions, 6),
    )
    return np.stack(columns, 1).astype(np.float32), many.astype(np.int64)


def row_probabilities(table: Table, strict: Sequence[Floats], weights: Weights) -> Floats:
    """The chance that a row is exactly right. [R]"""
    x, several = row_inputs(table, strict)
    return _logistic(x, weights.row[several])
