"""Features of beads, from units that are their own directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from align.core.features import BEAD_FEATURES
from align.core.side import Ragged, Side
from align.training.scorer import Settings, make_example

WORDS = 12
WHOLE = Settings(piece=10**9, threads=1)


def side(sentences: Sequence[Sequence[int]]) -> Side:
    """Sentences of units; unit w is direction w, so only equal ones match."""
    n = len(sentences)
    table = np.eye(WORDS, dtype=np.float32)
    none = Ragged(np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    return Side(
        np.stack([table[list(words)].sum(0) for words in sentences]),
        table[[w for words in sentences for w in words]],
        np.cumsum([0, *map(len, sentences)]),
        np.concatenate([(np.arange(len(words)) + 0.5) / len(words) for words in sentences]),
        np.full(n, 20.0, np.float32),
        zeros,
        zeros + 1,
        zeros,
        none,
        none,
    )


def order_inside(src: Side, tgt: Side, a: int, b: int) -> float:
    """Of the bead a-b that begins both documents."""
    links = [((i,), (i,)) for i in range(min(len(src), len(tgt)))]
    found = make_example(src, tgt, links, WHOLE)
    kind = (a - 1) * WHOLE.max_side + b - 1
    (at,) = np.flatnonzero((found.kind == kind) & (found.i == a) & (found.j == b))
    return float(found.x[at, BEAD_FEATURES.index("order inside")])


LONG, HALVES = [[0, 1, 2, 3, 4, 5]], [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("tgt", "wanted"),
    [
        (HALVES, 0.375),  # three words 1/12, 1/4, 5/12 behind the middle, twice, of four a sentence
        (HALVES[::-1], -0.375),
        ([[3, 0, 4], [1, 5, 2]], 1 / 24),  # mixed: nearly nothing
        ([[0, 1, 2], [6, 7, 8]], 0.1875),  # half of it is nowhere here
        ([[6, 7, 8], [9, 10, 11]], 0.0),
    ],
)
def test_order_inside(tgt: list[list[int]], wanted: float) -> None:
    assert order_inside(side(LONG), side(tgt), 1, 2) == pytest.approx(wanted, abs=0.01)
    assert order_inside(side(tgt), side(LONG), 2, 1) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(
    ("tgt", "wanted"), [(HALVES, 11 / 24 + 4 / 9), (HALVES[::-1], -11 / 24 - 2 / 9)]
)
def test_order_inside_of_several_against_several(tgt: list[list[int]], wanted: float) -> None:
    """The mean of what both sides say by half, in sentences of three words on average."""
    assert order_inside(side([[0, 1], [2, 3, 4, 5]]), side(tgt), 2, 2) == pytest.approx(
        wanted, abs=0.01
    )


def test_a_pair_of_sentences_has_no_order() -> None:
    assert order_inside(side(LONG), side(LONG), 1, 1) == 0
