"""Learns the bead scorer's weights from documents with known alignment.

A conditional random field over paths (Lafferty 2001; semi-Markov: Sarawagi & Cohen 2004): the
gradient is the features expected under the model minus those of the gold path. With `cost`, wrong
beads are made more attractive while learning (softmax-margin, Gimpel & Smith 2010), and L2 keeps
weights small.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from align.core.anchors import Segments, chain, mutual_best
from align.core.bucket import Bucket, make_bucket
from align.core.evidence import NULL_FEATURES, evidence, find_shared
from align.core.features import BEAD_FEATURES, bead_features
from align.core.lattice import NEVER, Lattice, marginals, shapes_of
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
    piece: int = 24  # sentences between the points where gold paths are cut
    neighbours: int = 4
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Example:
    """One document pair cut into S pieces at points of the gold path, and its candidate beads.

    Candidates are indexed by piece and by the local row and column where they end.
    """

    heights: Ints  # [S]
    widths: Ints  # [S]
    x: Floats  # [c, F]
    kind: Ints  # [c]; (a - 1) * A + b - 1
    s: Ints  # [c]
    i: Ints  # [c]
    j: Ints  # [c]
    y: Floats  # [c]; 1: gold
    src_at: tuple[Ints, Ints]  # piece and local row after each source sentence, [n] each
    tgt_at: tuple[Ints, Ints]
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
    ahead, back = nearest(unit_rows(src.sums), unit_rows(tgt.sums), settings.neighbours)
    ev = evidence(src, tgt, size, ahead, back, chain(mutual_best(ahead, back)))
    zero = np.zeros(1, np.int64)
    box = Segments(zero, zero + n, zero, zero + m)
    bucket = make_bucket(ev, box, zero, find_shared(ev, box))
    x, kind, rows, columns, y = _candidates(
        bucket, path, _near(path, n, m, settings.band), settings
    )
    src_y, tgt_y = np.ones(n, np.float32), np.ones(m, np.float32)
    for first, second in path:
        if max(len(first), len(second)) <= size and len(first) + len(second) <= settings.max_total:
            src_y[first[0] : first[-1] + 1] = 0
            tgt_y[second[0] : second[-1] + 1] = 0
    cuts = _pieces(path, n, m, settings.piece)
    tops, lefts = cuts[:-1, 0], cuts[:-1, 1]
    s = np.searchsorted(cuts[1:, 0], rows - 1, side="right")  # piece of the last sentence
    inside = (
        (rows - kind // size - 1 >= tops[s])
        & (columns - kind % size - 1 >= lefts[s])
        & (columns <= cuts[s + 1, 1])
        & (rows <= cuts[s + 1, 0])
    )
    x, kind, rows, columns, y, s = (part[inside] for part in (x, kind, rows, columns, y, s))
    src_s = np.searchsorted(cuts[1:, 0], np.arange(n), side="right")
    tgt_s = np.searchsorted(cuts[1:, 1], np.arange(m), side="right")
    return Example(
        np.diff(cuts[:, 0]),
        np.diff(cuts[:, 1]),
        x,
        kind,
        s,
        rows - tops[s],
        columns - lefts[s],
        y,
        (src_s, np.arange(n) + 1 - tops[src_s]),
        (tgt_s, np.arange(m) + 1 - lefts[tgt_s]),
        ev.src_nulls,
        ev.tgt_nulls,
        src_y,
        tgt_y,
        weight,
    )


def _near(path: Sequence[Link], n: int, m: int, band: int) -> npt.NDArray[np.bool_]:
    """Which cells lie within `band` of the path. [n + 1, m + 1]"""
    near = np.zeros((n + 1, m + 1), bool)
    i = j = 0
    for a, b in [*path, ((n,), (m,))]:
        for x, y in _steps(min(i, n), min(j, m), a[0], b[0], band // 2):
            near[max(0, x - band) : x + band + 1, max(0, y - band) : y + band + 1] = True
        i, j = a[-1] + 1, b[-1] + 1
    return near


def _candidates(
    bucket: Bucket, path: Sequence[Link], near: npt.NDArray[np.bool_], settings: Settings
) -> tuple[Floats, Ints, Ints, Ints, Floats]:
    """Features, shape, row and column of every bead near the path, and whether it is gold."""
    size = settings.max_side
    gold = {(a[-1] + 1, b[-1] + 1, len(a), len(b)) for a, b in path}
    parts: list[tuple[Floats, Ints, Ints, Ints, Floats]] = []
    every = product(range(1, size + 1), repeat=2)
    shapes = [(a, b) for a, b in every if a + b <= settings.max_total]
    for (a, b), found in bead_features(bucket, shapes):
        i, j = np.nonzero(near[a:, b:])
        x = found[:, i, j, 0].T  # [c, F]
        ends = zip((i + a).tolist(), (j + b).tolist(), strict=True)
        y = np.fromiter(((p, q, a, b) in gold for p, q in ends), np.float32, len(i))
        kind = np.full(len(i), (a - 1) * size + b - 1)
        parts.append((np.ascontiguousarray(x), kind, i + a, j + b, y))
    x, kind, i, j, y = (np.concatenate(part) for part in zip(*parts, strict=True))
    return x, kind, i, j, y


def _pieces(path: Sequence[Link], n: int, m: int, length: int) -> Ints:
    """Points of the gold path, about `length` sentences apart, both corners too. [S + 1, 2]

    A piece must rise on both sides, so that every sentence has one piece.
    """
    points = [(0, 0)]
    for a, b in path:
        i, j = a[-1] + 1, b[-1] + 1
        far = max(i - points[-1][0], j - points[-1][1]) >= length
        if far and n - i >= length // 2 and m - j >= length // 2 and j > points[-1][1]:
            points.append((i, j))
    points.append((n, m))
    return np.array(points, np.int64)


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
    count = len(example.heights)
    h, width = int(example.heights.max()), int(example.widths.max())
    allowed = shapes_of([(k // size + 1, k % size + 1) for k in np.flatnonzero(ties >= 0).tolist()])
    at = example.i, allowed.number[a, b], example.j, example.s
    beads = np.full((h + 1, len(allowed.a), width + 1, count), NEVER, np.float32)
    beads[at] = scores + cost * (a + b) / 2 * (1 - example.y)
    (src_s, src_i), (tgt_s, tgt_j) = example.src_at, example.tgt_at
    src_null = np.zeros((h + 1, count), np.float32)
    src_null[src_i, src_s] = src + cost / 2 * (1 - example.src_y)
    tgt_null = np.zeros((width + 1, count), np.float32)
    tgt_null[tgt_j, tgt_s] = tgt + cost / 2 * (1 - example.tgt_y)
    lattice = Lattice(allowed, beads, src_null, tgt_null, example.heights, example.widths)
    chances = marginals(lattice)
    p = chances.beads[at] - example.y
    gradient = np.zeros(f + shapes + null)
    gradient[:f] = example.x.T @ p
    gradient[f : f + shapes] = np.bincount(tie, p, shapes)
    gradient[f + shapes :] = example.src_nulls.T @ (chances.src_null[src_i, src_s] - example.src_y)
    gradient[f + shapes :] += example.tgt_nulls.T @ (chances.tgt_null[tgt_j, tgt_s] - example.tgt_y)
    return example.weight * (float(chances.total.sum()) - gold), example.weight * gradient


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
