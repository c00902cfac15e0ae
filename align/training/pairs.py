"""Learns how likely a pair is a translation: from bitext of which half is shifted.

A shifted pair has the target of another row: of the next row that is shifted too (then its own
target stands nearby, as in a memory that slipped), or of a row far away. What is learned is a
logistic regression, by Newton's method (iteratively reweighted least squares).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.side import Floats

NEAR, FAR, SHUFFLED = "near", "far", "shuffled"  # kinds of shift
_FURTHER = 50  # rows around the middle of the rest from which a far target comes


@dataclass(frozen=True, slots=True)
class Mix:
    """Pairs of which about half are true."""

    src: list[str]
    tgt: list[str]
    true: npt.NDArray[np.bool_]  # [n]


def make_mix(pairs: Sequence[tuple[str, str]], kind: str, rng: np.random.Generator) -> Mix:
    """Shifts every other pair, drawn at random. SHUFFLED: far, and in no order.

    A shifted pair that says the same as the true one counts as true.
    """
    n = len(pairs)
    order = rng.permutation(n) if kind == SHUFFLED else np.arange(n)
    shifted = np.flatnonzero(rng.random(n) < 0.5)
    target = np.arange(n)
    if kind == NEAR:
        target[shifted] = np.roll(shifted, -1)
    else:
        reach = min(_FURTHER, n // 4)
        target[shifted] = (shifted + n // 2 + rng.integers(-reach, reach + 1, len(shifted))) % n
    src = [pairs[i][0] for i in order.tolist()]
    tgt = [pairs[order[i]][1] for i in target.tolist()]
    true = np.array([tgt[i] == pairs[order[i]][1] for i in range(n)])
    return Mix(src, tgt, true)


def learn(
    features: Floats, true: npt.NDArray[np.bool_], counts: Floats | None = None, l2: float = 1.0
) -> Floats:
    """Weights of a logistic regression. [n, F], [n] -> [F]; the first feature is the constant.

    `counts` [n]: how often each row counts, once by default.
    """
    x = features.astype(np.float64)
    spread = np.maximum(x.std(0), 1e-9)
    spread[0] = 1.0
    x /= spread
    often = np.ones(len(x)) if counts is None else counts
    penalty = np.full(x.shape[1], l2)
    penalty[0] = 0.0
    w = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -30, 30)))
        gradient = x.T @ (often * (p - true)) + penalty * w
        curvature = (x * (often * p * (1 - p))[:, None]).T @ x + np.diag(penalty + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        w -= step
        if np.abs(step).max() < 1e-8:
            break
    return (w / spread).astype(np.float32)
