"""The lattice against every path spelled out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from align.core.anchors import Segments
from align.core.lattice import (
    NEVER,
    Lattice,
    links,
    marginals,
    shapes_of,
)
from align.core.monotone import Beads, join, solve, solved
from align.core.path import best_path

A = 3
SIZES = [(0, 0), (0, 3), (2, 0), (1, 1), (2, 2), (3, 2), (4, 4)]
LONG_GAPS = [(9, 1), (2, 1), (7, 0), (0, 1)]  # solved with source and target exchanged


def random_lattice(seed: int, sizes: list[tuple[int, int]]) -> Lattice:
    rng = np.random.default_rng(seed)
    heights = np.array([h for h, _ in sizes])
    widths = np.array([w for _, w in sizes])
    h, w, count = heights.max(), widths.max(), len(sizes)
    shapes = shapes_of([(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 1)])
    beads = np.full((h + 1, len(shapes.a), w + 1, count), NEVER, np.float32)
    for k, (a, b) in enumerate(zip(shapes.a.tolist(), shapes.b.tolist(), strict=True)):
        shape = (max(h + 1 - a, 0), max(w + 1 - b, 0), count)
        beads[a:, k, b:] = rng.normal(0, 2, shape)
    src = rng.normal(-1, 1, (h + 1, count)).astype(np.float32)
    tgt = rng.normal(-1, 1, (w + 1, count)).astype(np.float32)
    return Lattice(shapes, beads, src, tgt, heights, widths)


def every_path(
    lattice: Lattice, s: int
) -> list[tuple[float, tuple[tuple[int, int, int, int], ...]]]:
    """All paths of a segment: score and beads (i, j, a, b)."""
    height, width = int(lattice.heights[s]), int(lattice.widths[s])

    def walk(i: int, j: int) -> list[tuple[float, tuple[tuple[int, int, int, int], ...]]]:
        if (i, j) == (height, width):
            return [(0.0, ())]
        found = []
        steps = []
        if i < height:
            steps.append((1, 0, float(lattice.src_null[i + 1, s])))
        if j < width:
            steps.append((0, 1, float(lattice.tgt_null[j + 1, s])))
        for a in range(1, min(A, height - i) + 1):
            for b in range(1, min(A, width - j) + 1):
                k = lattice.shapes.number[a, b]
                if k >= 0:
                    steps.append((a, b, float(lattice.beads[i + a, k, j + b, s])))
        for a, b, score in steps:
            for rest, beads in walk(i + a, j + b):
                found.append((score + rest, ((i, j, a, b), *beads)))
        return found

    return walk(0, 0)


@pytest.mark.parametrize("sizes", [SIZES, LONG_GAPS])
def test_equals_every_path(sizes: list[tuple[int, int]]) -> None:
    lattice = random_lattice(1, sizes)
    path, chances = best_path(lattice), marginals(lattice)
    for s in range(len(sizes)):
        paths = every_path(lattice, s)
        scores = np.array([score for score, _ in paths])
        total = np.logaddexp.reduce(scores)
        assert chances.total[s] == pytest.approx(total, abs=1e-5)
        at = path.segment == s
        columns = (path.src[at], path.tgt[at], path.a[at], path.b[at])
        mine = tuple(zip(*(c.tolist() for c in columns), strict=True))
        own = [score for score, beads in paths if set(beads) == set(mine)]
        assert max(own) == pytest.approx(scores.max(), abs=1e-5)
        p = np.exp(scores - total)
        expected: dict[tuple[int, int, int, int], float] = {}
        for weight, (_, beads) in zip(p, paths, strict=True):
            for bead in beads:
                expected[bead] = expected.get(bead, 0.0) + weight
        for (i, j, a, b), weight in expected.items():
            if a and b:
                found = chances.beads[i + a, chances.shapes.number[a, b], j + b, s]
                assert found == pytest.approx(weight, abs=1e-5)
        for i in range(sizes[s][0]):
            weight = sum(w for (x, _, _, b), w in expected.items() if x == i and b == 0)
            assert chances.src_null[i + 1, s] == pytest.approx(weight, abs=1e-5)
        for j in range(sizes[s][1]):
            weight = sum(w for (_, y, a, _), w in expected.items() if y == j and a == 0)
            assert chances.tgt_null[j + 1, s] == pytest.approx(weight, abs=1e-5)
        for i in range(sizes[s][0]):
            for j in range(sizes[s][1]):
                over = [
                    q for (x, y, a, b), q in expected.items() if x <= i < x + a and y <= j < y + b
                ]
                (linked,) = links(chances, *(np.array([x]) for x in (i, j, s)))
                assert linked == pytest.approx(sum(over), abs=1e-5)


def test_padding_changes_nothing() -> None:
    together = random_lattice(2, SIZES)
    for s, (h, w) in enumerate(SIZES):
        alone = Lattice(
            together.shapes,
            np.ascontiguousarray(together.beads[: h + 1, :, : w + 1, s : s + 1]),
            together.src_null[: h + 1, s : s + 1],
            together.tgt_null[: w + 1, s : s + 1],
            together.heights[s : s + 1],
            together.widths[s : s + 1],
        )
        many, one = best_path(together), best_path(alone)
        at = many.segment == s
        assert many.src[at].tolist() == one.src.tolist()
        assert many.a[at].tolist() == one.a.tolist()
        assert many.b[at].tolist() == one.b.tolist()


def test_single_sentences_without_a_search() -> None:
    lattice = random_lattice(3, [(1, 1)] * 40)
    assert lattice.beads.shape[1] == 6
    one = replace(lattice, shapes=shapes_of([(1, 1)]), beads=lattice.beads[:, :1])
    first = np.arange(40)
    box = Segments(first, first + 1, 2 * first, 2 * first + 1)
    quick, slow = solve(one, box, first), solved(one, marginals(one), box, first)
    assert 40 < len(quick.src) < 80  # some are pairs, some are not
    for name in Beads.__slots__:
        assert getattr(join([quick]), name) == pytest.approx(getattr(join([slow]), name), abs=1e-6)
