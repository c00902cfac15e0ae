"""Learns what a witness's word is worth where there are several versions.

By likelihood: the gold paths of every pair under the scores with the testimonies added, as the
scorer itself is learned (`scorer.py`), its weights fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from align.core.lattice import marginals
from align.core.scorer import Scorer
from align.core.side import Floats
from align.core.versions.posterior import Posterior, laid, places
from align.core.versions.weighing import Trust, Weighed, summed, testimonies
from align.training.many import L2, Flags, Link, Text, weighed

COST = 0.1  # added to a wrong bead, per (a + b) / 2, while learning
NOTHING = Trust(*[0.0] * len(Trust.__slots__))


@dataclass(frozen=True, slots=True)
class _Lesson:
    """One pair: its beads, what is said of them, and which are gold."""

    posterior: Posterior
    one: Weighed
    said: tuple[Floats, Floats, Floats]
    right: tuple[Flags, Flags, Flags]  # of the beads, of the sentences alone
    taught: tuple[Flags, Flags, Flags]  # those in segments that hold whole gold beads
    whole: Flags  # [S]; such segments


def _lesson(one: Weighed, said: tuple[Floats, Floats, Floats], gold: Sequence[Link]) -> _Lesson:
    p, box = one.first, one.ready.box
    beads = zip(p.src.tolist(), p.tgt.tolist(), p.a.tolist(), p.b.tolist(), strict=True)
    at = {bead: k for k, bead in enumerate(beads)}
    src_at = np.repeat(np.arange(len(box.src_first)), box.src_last - box.src_first)
    tgt_at = np.repeat(np.arange(len(box.tgt_first)), box.tgt_last - box.tgt_first)
    right = [np.zeros(n, bool) for n in (len(p.src), len(src_at), len(tgt_at))]
    whole = np.ones(len(box.src_first), bool)
    for src, tgt in gold:
        if src and tgt:
            k = at.get((src[0], tgt[0], len(src), len(tgt)))
            if k is not None and src[-1] - src[0] < len(src) and tgt[-1] - tgt[0] < len(tgt):
                right[0][k] = True
            else:
                whole[src_at[list(src)]] = False
                whole[tgt_at[list(tgt)]] = False
        elif src:
            right[1][src[0]] = True
        else:
            right[2][tgt[0]] = True
    taught = whole[p.segment], whole[src_at], whole[tgt_at]
    return _Lesson(p, one, said, (right[0], right[1], right[2]), taught, whole)


def _objective(
    weights: npt.NDArray[np.float64], lessons: Sequence[_Lesson], size: int
) -> tuple[float, npt.NDArray[np.float64]]:
    """Loss and gradient."""
    loss, slope = L2 / 2 * float(weights @ weights), L2 * weights
    for one in lessons:
        p = one.posterior
        old = (p.score, p.src_score, p.tgt_score)
        scores = [s + x @ weights for s, x in zip(old, one.said, strict=True)]
        gold = [
            s[right & taught].sum()
            for s, right, taught in zip(scores, one.right, one.taught, strict=True)
        ]
        wrong: tuple[Any, ...] = (COST * (p.a + p.b) / 2, COST / 2, COST / 2)
        scores = [s + np.where(r, 0.0, c) for s, c, r in zip(scores, wrong, one.right, strict=True)]
        p = replace(p, score=scores[0], src_score=scores[1], tgt_score=scores[2])
        chances, total = _chances(p, one.one, size)
        loss += float(total[one.whole].sum()) - float(sum(gold))
        for x, chance, right, taught in zip(one.said, chances, one.right, one.taught, strict=True):
            slope = slope + x[taught].T @ (chance - right)[taught]
    return loss, slope


def _chances(p: Posterior, one: Weighed, size: int) -> tuple[list[Floats], Floats]:
    """Marginals of the beads and of the sentences alone, and the log-sum of each segment."""
    box = one.ready.box
    out = [np.zeros(n) for n in (len(p.src), len(p.src_score), len(p.tgt_score))]
    total = np.zeros(len(box.src_first))
    at = np.full(len(box.src_first), -1)
    for lattice, chosen in laid(p, box, size, np.arange(len(box.src_first))):
        chances = marginals(lattice)
        total[chosen] = chances.total
        at[:] = -1
        at[chosen] = np.arange(len(chosen))
        here = np.flatnonzero(at[p.segment] >= 0)
        s = at[p.segment[here]]
        i = (p.src + p.a)[here] - box.src_first[chosen][s]
        j = (p.tgt + p.b)[here] - box.tgt_first[chosen][s]
        out[0][here] = chances.beads[i, lattice.shapes.number[p.a[here], p.b[here]], j, s]
        rows, columns = places(box, chosen, lattice)
        out[1][rows[2]] = chances.src_null[1:][rows[0], rows[1]]
        out[2][columns[2]] = chances.tgt_null[1:][columns[0], columns[1]]
    return out, total


def learn_trust(texts: Sequence[Text], scorer: Scorer, rounds: int = 15) -> Trust:
    """What a witness's word is worth."""
    from scipy.optimize import minimize

    size = len(scorer.shapes)
    lessons = []
    for text in texts:
        found = weighed(text, scorer, NOTHING)
        said = testimonies({pair: one.first for pair, one in found.items()}, len(text.sides))
        for pair, one in found.items():
            lessons.append(_lesson(one, summed(said[pair]), text.gold(pair)))
    found_weights = minimize(
        _objective,
        np.zeros(len(Trust.__slots__)),
        args=(lessons, size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": rounds},
    ).x
    return Trust(*(round(float(weight), 3) for weight in found_weights))
