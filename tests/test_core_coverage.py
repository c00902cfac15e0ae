"""How well the units of one block are found in another, nothing taken off for what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from align.core.anchors import Segments
from align.core.cover import Cover
from align.core.coverage import coverage

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
