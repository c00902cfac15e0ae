"""Text that moved: leftovers of the monotone pass that match across the order.

Leftovers are compared among themselves; mutual best neighbours that stand together on both sides
make a box (a pull quote, a section that changed places), and each box is solved like any other
segment. A moved pair is rarer than one in order, so it must beat leaving both sides alone by
`PRIOR`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from align.core.anchors import Segments
from align.core.bucket import make_bucket
from align.core.evidence import Evidence, find_shared
from align.core.lattice import Lattice, marginals
from align.core.monotone import Beads, Monotone, buckets, strongest_links
from align.core.neighbours import nearest, unit_rows
from align.core.path import Path, best_path
from align.core.scorer import Scorer, score_bucket
from align.core.side import Floats, Ints

MIN_COSINE = 0.25  # above the mean cosine of both sentences, of a candidate
LOOSE = 0.3  # beads of the monotone pass linked less surely than this may be taken apart
PRIOR = 2.0  # log-odds against a pair out of order
REACH = 3  # sentences between two candidates of one box
LONG = 8  # candidates of a run that is cut where it is sure
LONGEST = 72  # candidates of a run that is cut anywhere
EDGE = 1  # leftover sentences taken into a box around its candidates


def find_moved(result: Monotone, scorer: Scorer, k: int, threads: int = 1) -> Beads | None:
    """The moved beads, in source order; None if there are none."""
    ev, beads = result.evidence, result.beads
    n, m = len(ev.src), len(ev.tgt)
    src_free, tgt_free = _free(beads, n, m)
    src, tgt = np.flatnonzero(src_free), np.flatnonzero(tgt_free)
    if not len(src) or not len(tgt):
        return None
    ahead, back = nearest(unit_rows(ev.src.sums[src]), unit_rows(ev.tgt.sums[tgt]), k, threads)
    best = ahead.ids[:, 0]
    mutual = (best >= 0) & (back.ids[best, 0] == np.arange(len(src)))
    i, j = src[mutual], tgt[best[mutual]]
    usual = (ev.src_background.of(1, 1, i + 1) + ev.tgt_background.of(1, 1, j + 1)) / 2
    good = ahead.scores[mutual, 0] - usual >= MIN_COSINE
    box = _boxes(i[good], j[good], src_free, tgt_free)
    return _solve(ev, scorer, box) if len(box.src_first) else None


def _free(beads: Beads, n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Which sentences the monotone pass left alone or linked only loosely."""
    src, tgt = np.ones(n, bool), np.ones(m, bool)
    fixed = np.flatnonzero((beads.a > 0) & (beads.b > 0) & (beads.linked >= LOOSE))
    for x in range(int(beads.a.max(initial=0))):
        src[beads.src[fixed][beads.a[fixed] > x] + x] = False
    for y in range(int(beads.b.max(initial=0))):
        tgt[beads.tgt[fixed][beads.b[fixed] > y] + y] = False
    return src, tgt


def _boxes(i: Ints, j: Ints, src_free: np.ndarray, tgt_free: np.ndarray) -> Segments:
    """Runs of candidates that rise together through leftovers only, a little widened."""
    runs: list[list[tuple[int, int]]] = []
    open_runs: list[list[tuple[int, int]]] = []
    for p, q in zip(i.tolist(), j.tolist(), strict=True):
        open_runs = [r for r in open_runs if p - r[-1][0] <= REACH]
        for run in open_runs:
            x, y = run[-1]
            if 0 < q - y <= REACH and src_free[x : p + 1].all() and tgt_free[y : q + 1].all():
                run.append((p, q))
                break
        else:
            runs.append([(p, q)])
            open_runs.append(runs[-1])
    ends = [part for run in runs for part in _pieces(run)]
    found = np.array([end[:4] for end in ends], np.int64).reshape(-1, 4)
    inner = np.array([end[4:] for end in ends], bool).reshape(-1, 2)  # cut there: not to be widened
    for free, low, high in ((src_free, 0, 1), (tgt_free, 2, 3)):
        for _ in range(EDGE):
            down = (found[:, low] > 0) & ~inner[:, 0]
            found[:, low] -= down & free[np.maximum(found[:, low] - 1, 0)]
            up = (found[:, high] < len(free)) & ~inner[:, 1]
            found[:, high] += up & free[np.minimum(found[:, high], len(free) - 1)]
    return Segments(*found.T)


def _pieces(run: list[tuple[int, int]]) -> Iterator[tuple[int, int, int, int, bool, bool]]:
    """The box of a run, or several of a long one: where four stand on a diagonal it may be cut."""
    start = 0
    for k in range(2, len(run) - 1):
        (i, j), (i_last, j_last) = run[k - 2], run[k + 1]
        if (k - start >= LONG and i_last - i == j_last - j == 3) or k - start >= LONGEST:
            yield run[start][0], run[k][0], run[start][1], run[k][1], start > 0, True
            start = k
    yield run[start][0], run[-1][0] + 1, run[start][1], run[-1][1] + 1, start > 0, False


def _solve(ev: Evidence, scorer: Scorer, box: Segments) -> Beads | None:
    """Best beads of every box; where boxes overlap the better bead stays."""
    parts: list[tuple[Floats, ...]] = []
    shared = find_shared(ev, box)
    for chosen in buckets(box):
        lattice = score_bucket(make_bucket(ev, box, chosen, shared), scorer)
        lattice = Lattice(
            lattice.shapes,
            np.maximum(lattice.beads - np.float32(PRIOR), np.float32(-1e9)),
            lattice.src_null * 0,  # being alone is the rule among leftovers: it costs nothing
            lattice.tgt_null * 0,
            lattice.heights,
            lattice.widths,
        )
        path = best_path(lattice)
        chances = marginals(lattice)
        both = np.flatnonzero((path.a > 0) & (path.b > 0))
        s, i, j, a, b = (getattr(path, name)[both] for name in Path.__slots__)
        ends = i + a, lattice.shapes.number[a, b], j + b, s
        parts.append(
            (
                i + box.src_first[chosen][s],
                j + box.tgt_first[chosen][s],
                a,
                b,
                lattice.beads[ends] + PRIOR,
                chances.beads[ends].astype(np.float32),
                strongest_links(chances, path)[both],
            )
        )
    src, tgt, a, b, score, probability, linked = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    taken_src: set[int] = set()
    taken_tgt: set[int] = set()
    keep = []
    for k in np.argsort(-score, kind="stable").tolist():
        own = range(src[k], src[k] + a[k])
        other = range(tgt[k], tgt[k] + b[k])
        if linked[k] < 0.5 or taken_src.intersection(own) or taken_tgt.intersection(other):
            continue
        taken_src.update(own)
        taken_tgt.update(other)
        keep.append(k)
    if not keep:
        return None
    at = np.array(sorted(keep, key=lambda k: int(src[k])))
    return Beads(src[at], tgt[at], a[at], b[at], score[at], probability[at], linked[at])
