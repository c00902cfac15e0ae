"""How well the units of one block are found in another."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import align.core.coverage as module
from align.core.anchors import Segments
from align.core.blocks import blocks_of
from align.core.cover import Cover, usual_gain
from align.core.coverage import coverage
from align.core.side import Ints, Ragged, Side

LETTERS = 12
HALF = 1 / np.sqrt(2)  # cosine of "cd" with "cdef"


def cover(*sentences: str) -> Cover:
    """A letter is a direction; sentences have units, separated by commas, as heavy as long."""
    units = [unit for text in sentences for unit in text.split(",") if unit]
    rows = np.zeros((len(units) + 1, LETTERS), np.float32)
    for row, unit in zip(rows, units, strict=False):
        row[[ord(c) - ord("a") for c in unit]] = len(unit) ** -0.5
    counts = [len([unit for unit in text.split(",") if unit]) for text in sentences]
    mass = np.array([len(unit) for unit in units], np.float32)
    places = [(k + 0.5) / count for count in counts for k in range(count)]
    usual = np.zeros((4, len(sentences)), np.float32)
    starts = np.cumsum([0, *counts])
    return Cover(rows, starts, mass, mass * (np.array(places, np.float32) - 0.5), usual, False)


def found(src: Cover, tgt: Cover, a: int, b: int, i: int, j: int) -> float:
    """Of the a source sentences from i on and the b target sentences from j on."""
    n, m = len(src.starts) - 1, len(tgt.starts) - 1
    box = Segments(*(np.array([k]) for k in (0, n, 0, m)))
    both = coverage(src, tgt, box, np.zeros((n, m, 1), np.float32), 1.0)
    by_src = both.src[b - 1, i + a, j + b, 0] - both.src[b - 1, i, j + b, 0]
    by_tgt = both.tgt[a - 1, i + a, j + b, 0] - both.tgt[a - 1, i + a, j, 0]
    return float(by_src + by_tgt)


@pytest.mark.parametrize(
    ("bead", "wanted"),
    [
        ((1, 1, 0, 0), 2 + 2),  # "ab" and "ab"
        ((1, 1, 1, 0), 0),
        ((1, 1, 0, 1), 2 * HALF + 4 * HALF),
        ((1, 2, 0, 0), 2 + 2 * HALF + 2 + 4 * HALF),
        ((2, 1, 0, 1), (2 + 2 + 4) * HALF),
        ((2, 2, 0, 0), 4 + 8 * HALF),
    ],
)
def test_a_unit_is_found_in_the_sentence_that_has_it(
    bead: tuple[int, int, int, int], wanted: float
) -> None:
    a, b, i, j = bead
    src, tgt = cover("ab,cd", "ef"), cover("ab", "cdef")
    assert found(src, tgt, a, b, i, j) == pytest.approx(wanted, abs=1e-4)
    assert found(tgt, src, b, a, j, i) == pytest.approx(wanted, abs=1e-4)


def test_the_best_of_several_units_counts() -> None:
    src, tgt = cover("abcd"), cover("ab,cd,efgh")
    assert found(src, tgt, 1, 1, 0, 0) == pytest.approx((4 + 2 + 2) * HALF, abs=1e-4)


def test_a_segment_of_pairs_finds_the_same_as_a_larger_one() -> None:
    src, tgt = cover("ab,cd", "", "e,f"), cover("cd,a", "b", "ef")
    one = np.arange(3)
    box = Segments(one, one + 1, one, one + 1)
    pairs = coverage(src, tgt, box, np.zeros((1, 1, 3), np.float32), 1.0)
    for k in range(3):
        alone = float(pairs.src[0, 1, 1, k] + pairs.tgt[0, 1, 1, k])
        assert alone == pytest.approx(found(src, tgt, 1, 1, k, k), abs=1e-4)


@pytest.mark.parametrize(("n", "m"), [(0, 2), (2, 0)])
def test_segments_without_sentences_on_one_side(n: int, m: int) -> None:
    box = Segments(*(np.array([k]) for k in (0, n, 0, m)))
    both = coverage(
        cover("ab,cd", "ef"), cover("ab", "cdef"), box, np.zeros((n, m, 1), np.float32), 1.0
    )
    assert both.src.shape[1:3] == (n + 1, m + 2) and both.tgt.shape[1:3] == (n + 2, m + 1)


# everything, against the same found one by one


def random_cover(rng: np.random.Generator, n: int) -> Cover:
    """Sentences of no to four units, and what is usual."""
    counts = rng.integers(0, 5, n)
    starts = np.concatenate([[0], np.cumsum(counts)])
    units = int(starts[-1])
    rows = rng.normal(size=(units + 1, 6)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[-1] = 0
    mass = rng.random(units).astype(np.float32)
    placed = (mass * (rng.random(units) - 0.5)).astype(np.float32)
    return Cover(rows, starts, mass, placed, rng.random((4, n)).astype(np.float32), False)


def gains(own: Cover, i: int, other: Cover, first: int, last: int) -> tuple[float, float]:
    """Of an own sentence from a block of the other side; and the same by place."""
    x = slice(own.starts[i], own.starts[i + 1])
    y = slice(other.starts[first], other.starts[last])
    cosines = own.rows[:-1][x] @ other.rows[:-1][y].T
    best = np.maximum(cosines.max(1), 0) if cosines.shape[1] else np.zeros(len(cosines))
    usual = own.usual[last - first - 1, i]
    return float(best @ own.mass[x] - usual), float(best @ own.placed[x])


@pytest.mark.parametrize("large", [1 << 22, 40])
def test_gains_of_every_sentence_and_block(monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    """`large`: in one product, and in strips with sums of runs."""
    monkeypatch.setattr(module, "LARGE", large)
    rng = np.random.default_rng(large)
    src, tgt = random_cover(rng, 12), random_cover(rng, 14)
    box = Segments(*(np.array(x) for x in ([0, 1, 4], [1, 4, 12], [0, 1, 8], [1, 8, 14])))
    found = coverage(src, tgt, box, np.zeros((8, 7, 3), np.float32), 1.0)
    assert found.src_placed is not None and found.tgt_placed is not None
    for s, (i0, i1, j0, j1) in enumerate(zip(*(x.tolist() for x in box_of(box)), strict=True)):
        for i, j, b in product(range(i1 - i0), range(1, j1 - j0 + 1), range(1, 5)):
            if b > j or b > len(found.src):
                continue
            wanted = gains(src, i0 + i, tgt, j0 + j - b, j0 + j)
            got = found.src[b - 1, i + 1, j, s] - found.src[b - 1, i, j, s]
            assert got == pytest.approx(wanted[0], abs=1e-4)
            placed = found.src_placed[b - 1, i + 1, j, s] - found.src_placed[b - 1, i, j, s]
            assert s == 0 or placed == pytest.approx(wanted[1], abs=1e-4)
        for j, i, a in product(range(j1 - j0), range(1, i1 - i0 + 1), range(1, 5)):
            if a > i or a > len(found.tgt):
                continue
            wanted = gains(tgt, j0 + j, src, i0 + i - a, i0 + i)
            got = found.tgt[a - 1, i, j + 1, s] - found.tgt[a - 1, i, j, s]
            assert got == pytest.approx(wanted[0], abs=1e-4)
            placed = found.tgt_placed[a - 1, i, j + 1, s] - found.tgt_placed[a - 1, i, j, s]
            assert s == 0 or placed == pytest.approx(wanted[1], abs=1e-4)


def box_of(box: Segments) -> tuple[Ints, Ints, Ints, Ints]:
    return box.src_first, box.src_last, box.tgt_first, box.tgt_last


@pytest.mark.parametrize(("n", "m"), [(5, 3), (7, 60), (40, 20)])
def test_what_a_sentence_usually_finds(n: int, m: int) -> None:
    """In every block of that size, or in those of eight places of a long document."""
    most = 2
    rng = np.random.default_rng(n)
    src, tgt = (plain_side(rng, size) for size in (n, m))
    blocks = [blocks_of(side, most) for side in (src, tgt)]
    found = usual_gain(src, blocks[0], tgt, blocks[1], most)
    first, width = ([0], m) if m <= 8 * most else (np.arange(8) * (m - most) // 7, most)
    x, y = (s.units / np.linalg.norm(s.units, axis=1, keepdims=True) for s in (src, tgt))
    for b in range(1, most + 1):
        ends = [f + k for f in first for k in range(width - b + 1)]
        best = [(x @ y[tgt.starts[k] : tgt.starts[k + b]].T).max(1) for k in ends]
        mean = np.maximum(best, 0).mean(0) * np.linalg.norm(src.units, axis=1)
        wanted = [mean[i:j].sum() for i, j in pairwise(src.starts.tolist())]
        assert found[b - 1] == pytest.approx(wanted, rel=1e-3)


def plain_side(rng: np.random.Generator, n: int) -> Side:
    """Sentences of one to three units."""
    starts = np.concatenate([[0], np.cumsum(rng.integers(1, 4, n))])
    units = rng.normal(size=(int(starts[-1]), 6)).astype(np.float32)
    sums = np.stack([units[i:j].sum(0) for i, j in pairwise(starts.tolist())])
    none = Ragged(np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    zeros, places = np.zeros(n, np.int64), np.full(len(units), 0.5, np.float32)
    lengths = np.full(n, 9.0, np.float32)
    return Side(sums, units, starts, places, lengths, zeros, zeros, zeros, none, none)
