"""Numbers and names in common, within segments."""

from __future__ import annotations

import numpy as np
import pytest

from align.core.anchors import Segments
from align.core.cover import ranges
from align.core.shared import matches
from align.core.side import Ragged


def each(*ids: int) -> Ragged:
    """One number a sentence."""
    return Ragged(np.array(ids, np.int32), np.arange(len(ids) + 1))


@pytest.mark.parametrize(
    ("src", "tgt", "found"),
    [
        ([(0, 2), (2, 5)], [(0, 2), (2, 5)], [(0, 0, 0), (0, 1, 1), (1, 3, 2), (1, 2, 3)]),
        ([(0, 1), (3, 5)], [(0, 1), (2, 3)], [(0, 0, 0), (1, 3, 2)]),  # others lie between
        ([(1, 2), (2, 5)], [(0, 1), (3, 5)], [(1, 2, 3)]),
        ([(0, 0), (2, 5)], [(0, 5), (5, 5)], []),  # with empty ones
    ],
)
def test_what_stands_between_segments_is_in_none(
    src: list[tuple[int, int]], tgt: list[tuple[int, int]], found: list[tuple[int, int, int]]
) -> None:
    box = Segments(*np.array(src).T, *np.array(tgt).T)
    known = matches(each(1, 2, 3, 4, 5), each(1, 2, 4, 3, 6), None, box)
    assert sorted(zip(known.segment, known.src, known.tgt, strict=True)) == sorted(found)
    assert known.weight.tolist() == [1.0] * len(found)


@pytest.mark.parametrize(
    ("starts", "lengths", "numbers"),
    [([3, 0, 7], [2, 0, 1], [3, 4, 7]), ([5], [0], []), ([], [], [])],
)
def test_ranges(starts: list[int], lengths: list[int], numbers: list[int]) -> None:
    assert ranges(np.array(starts, int), np.array(lengths, int)).tolist() == numbers
