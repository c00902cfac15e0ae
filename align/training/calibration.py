"""Fits the probabilities: logistic regression on documents that the weights were not learned from.

Strict: the bead is exactly a gold bead. Lax: both its sides overlap with one gold bead. Pairs of
unrelated documents teach what surroundings look like where nothing is a translation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from align.core.calibrate import CONTEXT, INPUTS, PAIR, Calibration, group_of, inputs
from align.core.crossed import uncrossed
from align.core.merging import merge
from align.core.monotone import align_monotone
from align.core.moved import find_moved
from align.core.scorer import Scorer
from align.core.side import Floats, Side
from align.training.scorer import Link

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """The beads of one document with what calibration sees and whether they were right."""

    x: Floats  # [k, len(INPUTS)]
    group: npt.NDArray[np.int64]  # [k]
    strict: Flags  # [k]
    lax: Flags  # [k]
    related: bool  # the documents are translations
    weight: float = 1.0


def judge(
    src: Side, tgt: Side, links: Sequence[Link], scorer: Scorer, k: int = 4, weight: float = 1.0
) -> Judged:
    """Aligns one document pair and compares every bead with the gold (empty: unrelated)."""
    result = uncrossed(align_monotone(src, tgt, scorer, k), scorer)
    beads, moved = merge(result.beads, find_moved(result, scorer, k), len(src), len(tgt))
    gold = {(tuple(a), tuple(b)) for a, b in links}
    partner: dict[int, set[int]] = {}
    for a, b in links:
        for i in a:
            partner.setdefault(i, set()).update(b)
    left_src = {i for a, b in links if not b for i in a}
    left_tgt = {j for a, b in links if not a for j in b}
    strict, lax = np.zeros(len(beads.a), bool), np.zeros(len(beads.a), bool)
    columns = (beads.src, beads.tgt, beads.a, beads.b)
    for n, (i, j, a, b) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        own, other = tuple(range(i, i + a)), tuple(range(j, j + b))
        if a and b:
            strict[n] = (own, other) in gold
            lax[n] = any(not partner.get(p, set()).isdisjoint(other) for p in own)
        else:
            strict[n] = not links or (i in left_src if a else j in left_tgt)
    return Judged(
        inputs(beads, moved, result.evidence),
        group_of(beads, moved),
        strict,
        lax,
        bool(links),
        weight,
    )


def logistic(x: Floats, y: Flags, weight: Floats, l2: float) -> Floats:
    """Weights of a logistic regression by Newton's method. [len(INPUTS)]"""
    w = np.zeros(x.shape[1])
    data = x.astype(np.float64)
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(data @ w, -30, 30)))
        gradient = data.T @ (weight * (p - y)) + l2 * w
        curve = (data * (weight * p * (1 - p))[:, None]).T @ data + l2 * np.eye(len(w))
        step = np.linalg.solve(curve, gradient)
        w -= step
        if np.abs(step).max() < 1e-6:
            break
    return w.astype(np.float32)


LEAST = 20  # beads of a kind from which weights are fitted
SURE = 20.0  # the constant that says yes where there were fewer


def fit_calibration(
    judged: Sequence[Judged], l2: float = 1.0, context_l2: float = 0.1
) -> Calibration:
    """Logistic weights for pairs in order, moved pairs and sentences left alone."""
    x = np.concatenate([j.x for j in judged])
    group = np.concatenate([j.group for j in judged])
    weight = np.concatenate([np.full(len(j.group), j.weight) for j in judged])
    related = np.concatenate([np.full(len(j.group), j.related) for j in judged])
    context = np.zeros((2, len(INPUTS)), np.float32)
    context[:, 0] = SURE
    for g in range(2):
        at = group == g
        if min((at & related).sum(), (at & ~related).sum()) >= LEAST:
            context[g, 0] = 0
            context[g, CONTEXT] = logistic(x[at][:, CONTEXT], related[at], weight[at], context_l2)
    tables = []
    for name in ("strict", "lax"):
        y = np.concatenate([getattr(j, name) for j in judged])
        table = np.zeros((3, len(INPUTS)), np.float32)
        for g, seen in enumerate((PAIR, PAIR, slice(None))):
            at = (group == g) & (related | (g == 2))
            if at.sum() >= LEAST:
                table[g, seen] = logistic(x[at][:, seen], y[at], weight[at], l2)
        tables.append(table)
    return Calibration(context, *tables)


def write_calibration(calibration: Calibration, path: Path) -> None:
    """As `load_calibration` reads it."""
    found = {
        name: [[round(float(v), 4) for v in row] for row in getattr(calibration, name)]
        for name in Calibration.__slots__
    }
    path.write_text(json.dumps({"inputs": INPUTS, **found}, indent=1) + "\n", encoding="utf-8")


def calibration_error(probability: Floats, right: Flags, bins: int = 15) -> float:
    """Expected calibration error: mean distance of probability and frequency over equal bins.

    Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    at = np.minimum((probability * bins).astype(np.int64), bins - 1)
    p = np.bincount(at, probability, bins)
    y = np.bincount(at, right, bins)
    return float(np.abs(p - y).sum() / max(len(right), 1))
