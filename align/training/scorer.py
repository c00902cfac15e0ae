"""Learns the bead scorer's weights from documents with known alignment.

A conditional random field over paths (Lafferty 2001; semi-Markov: Sarawagi & Cohen 2004): the gradient is the
features expected under the model minus those of the gold path. With `cost`, wrong beads are made
more attractive while learning (softmax-margin, Gimpel & Smith 2010), and L2 keeps weights small.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.core.anchors import Segments
from align.core.features import (
    BEAD_FEATURES,
    NULL_FEATURES,
    bead_features,
    evidence,
    find_shared,
    make_bucket,
)
from align.core.lattice import NEVER, Lattice, all_paths, bead_marginals, null_marginals
from align.core.neighbours import nearest, unit_rows
from align.core.scorer import Scorer
from align.core.side import Floats, Ints, Side

Link = tuple[tuple[int, ...], tuple[int, ...]]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the weights are learned."""

    max_side: int = 6
    max_total: int = 8
    band: int = 14  # sentences around the gold path that are looked at
    l2: float = 1.0
    cost: float = 0.1  # added to a wrong bead, per (a + b) / 2
    rounds: int = 60  # of L-BFGS
    neighbours: int = 4
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Example:
    """One document pair, its candidate beads near the gold path, and which of them are gold."""

    n: int
    m: int
    x: Floats  # [c, F]
    kind: Ints  # [c]; (a - 1) * A + b - 1
    i: Ints  # [c]; row and column where the bead ends
    j: Ints
    y: Floats  # [c]; 1: gold
    src_nulls: Floats  # [n, N]
    tgt_nulls: Floats  # [m, N]
    src_y: Floats  # [n]; 1: gold leaves it out
    tgt_y: Floats  # [m]
    weight: float


def rising(links: Sequence[Link]) -> list[Link]:
    """The heaviest rising chain of the pairs: moved pairs are dropped. Nulls are not returned."""
    pairs = sorted(link for link in links if link[0] and link[1])
    weight = [float(len(a) + len(b)) for a, b in pairs]
    best, parent = weight.copy(), [-1] * len(pairs)
    for k, (a, b) in enumerate(pairs):
        for q in range(max(0, k - 200), k):
            before = pairs[q][0][-1] < a[0] and pairs[q][1][-1] < b[0]
            if before and best[q] + weight[k] > best[k]:
                best[k], parent[k] = best[q] + weight[k], q
    k = int(np.argmax(best)) if pairs else -1
    out = []
    while k >= 0:
        out.append(pairs[k])
        k = parent[k]
    return out[::-1]


def make_example(
    src: Side, tgt: Side, links: Sequence[Link], settings: Settings, weight: float = 1.0
) -> Example:
    """Features of all candidates in the band. Sentences of moved pairs count as left out."""
    n, m, size = len(src), len(tgt), settings.max_side
    path = rising(links)
    near = np.zeros((n + 1, m + 1), bool)
    band = settings.band
    i = j = 0
    for a, b in [*path, ((n,), (m,))]:
        i, j = min(i, n), min(j, m)
        for x, y in _steps(i, j, a[0], b[0], band // 2):
            near[max(0, x - band) : x + band + 1, max(0, y - band) : y + band + 1] = True
        i, j = a[-1] + 1, b[-1] + 1
    ahead, back = nearest(unit_rows(src.sums), unit_rows(tgt.sums), settings.neighbours)
    ev = evidence(src, tgt, size, ahead.scores[:, 0], back.scores[:, 0])
    zero = np.zeros(1, np.int64)
    box = Segments(zero, zero + n, zero, zero + m)
    bucket = make_bucket(ev, box, zero, find_shared(ev, box))
    gold = {(a[-1] + 1, b[-1] + 1, len(a), len(b)) for a, b in path}
    parts: list[tuple[Floats, Ints, Ints, Ints, Floats]] = []
    for a in range(1, min(size, n) + 1):
        for b in range(1, min(size, m, settings.max_total - a) + 1):
            rows, columns = np.nonzero(near[a:, b:])
            x = bead_features(bucket, a, b)[:, 0, rows, columns].T  # [c, F]
            ends = zip((rows + a).tolist(), (columns + b).tolist(), strict=True)
            y = np.fromiter(((p, q, a, b) in gold for p, q in ends), np.float32, len(rows))
            kind = np.full(len(rows), (a - 1) * size + b - 1)
            parts.append((np.ascontiguousarray(x), kind, rows + a, columns + b, y))
    x, kind, rows, columns, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    src_y, tgt_y = np.ones(n, np.float32), np.ones(m, np.float32)
    for a, b in path:
        if len(a) <= size and len(b) <= size and len(a) + len(b) <= settings.max_total:
            src_y[a[0] : a[-1] + 1] = 0
            tgt_y[b[0] : b[-1] + 1] = 0
    return Example(
        n, m, x, kind, rows, columns, y, ev.src_nulls, ev.tgt_nulls, src_y, tgt_y, weight
    )


def _steps(i: int, j: int, to_i: int, to_j: int, stride: int) -> list[tuple[int, int]]:
    """Points from (i, j) to (to_i, to_j), no further apart than the stride, both corners too."""
    count = max(abs(to_i - i), abs(to_j - j)) // max(stride, 1) + 1
    t = np.linspace(0, 1, count + 1)
    straight = zip(np.rint(i + t * (to_i - i)), np.rint(j + t * (to_j - j)), strict=True)
    across = zip(np.rint(i + t * (to_i - i)), np.full(len(t), j), strict=True)
    down = zip(np.full(len(t), to_i), np.rint(j + t * (to_j - j)), strict=True)
    return [(int(x), int(y)) for part in (straight, across, down) for x, y in part]


def _ties(size: int, max_total: int) -> tuple[Ints, int]:
    """Which weight the shape a x b uses: a-b and b-a share one. [A * A]; -1: not allowed"""
    table = np.full((size, size), -1, np.int64)
    count = 0
    for a in range(size):
        for b in range(a, size):
            if a + b + 2 <= max_total:
                table[a, b] = table[b, a] = count
                count += 1
    return table.ravel(), count


def _objective(
    w: Doubles, example: Example, settings: Settings, ties: Ints, shapes: int
) -> tuple[float, Doubles]:
    """Negative log-likelihood of one document and its gradient."""
    f, null = len(BEAD_FEATURES), len(NULL_FEATURES)
    shape = w[f : f + shapes]
    tie = ties[example.kind]
    scores = example.x @ w[:f].astype(np.float32) + shape[tie]
    src, tgt = example.src_nulls @ w[f + shapes :], example.tgt_nulls @ w[f + shapes :]
    size, cost = settings.max_side, settings.cost
    a, b = example.kind // size + 1, example.kind % size + 1
    gold = float(scores @ example.y + src @ example.src_y + tgt @ example.tgt_y)
    beads = np.full((example.n + 1, size, size, 1, example.m + 1), NEVER, np.float32)
    beads[example.i, a - 1, b - 1, 0, example.j] = scores + cost * (a + b) / 2 * (1 - example.y)
    src_null = np.zeros((example.n + 1, 1), np.float32)
    src_null[1:, 0] = src + cost / 2 * (1 - example.src_y)
    tgt_null = np.zeros((1, example.m + 1), np.float32)
    tgt_null[0, 1:] = tgt + cost / 2 * (1 - example.tgt_y)
    lattice = Lattice(beads, src_null, tgt_null, np.array([example.n]), np.array([example.m]))
    sums = all_paths(lattice)
    p = bead_marginals(lattice, sums)[example.i, a - 1, b - 1, 0, example.j] - example.y
    p_src, p_tgt = null_marginals(lattice, sums)
    gradient = np.zeros(f + shapes + null)
    gradient[:f] = example.x.T @ p
    gradient[f : f + shapes] = np.bincount(tie, p, shapes)
    gradient[f + shapes :] = example.src_nulls.T @ (p_src[1:, 0] - example.src_y)
    gradient[f + shapes :] += example.tgt_nulls.T @ (p_tgt[0, 1:] - example.tgt_y)
    return example.weight * (float(sums.total[0]) - gold), example.weight * gradient


def learn(examples: Sequence[Example], settings: Settings, start: Scorer | None = None) -> Scorer:
    """The weights that make the gold paths likely."""
    from scipy.optimize import minimize

    size = settings.max_side
    ties, shapes = _ties(size, settings.max_total)
    f = len(BEAD_FEATURES)
    first = np.array([int(np.flatnonzero(ties == k)[0]) for k in range(shapes)])
    w = np.zeros(f + shapes + len(NULL_FEATURES))
    if start is None:
        w[[BEAD_FEATURES.index("coverage"), BEAD_FEATURES.index("margin x mass")]] = 2.0
        w[BEAD_FEATURES.index("length")] = -1.0
        w[f + shapes] = -2.0
    else:
        w[:f], w[f + shapes :] = start.beads, start.nulls
        w[f : f + shapes] = np.maximum(start.shapes.ravel()[first], -20.0)

    with ThreadPoolExecutor(settings.threads) as pool:

        def objective(at: Doubles) -> tuple[float, Doubles]:
            parts = pool.map(lambda e: _objective(at, e, settings, ties, shapes), examples)
            loss, gradient = settings.l2 / 2 * float(at @ at), settings.l2 * at
            for part, slope in parts:
                loss, gradient = loss + part, gradient + slope
            return loss, gradient

        found = minimize(
            objective, w, jac=True, method="L-BFGS-B", options={"maxiter": settings.rounds}
        ).x
    table = np.full(size * size, NEVER, np.float32)
    table[ties >= 0] = found[f : f + shapes][ties[ties >= 0]]
    return Scorer(
        found[:f].astype(np.float32),
        found[f + shapes :].astype(np.float32),
        table.reshape(size, size),
    )
