"""What third versions say of a pair, with exact values."""

from __future__ import annotations

import numpy as np
import pytest

from align.core.versions import weighing, witnesses
from align.core.versions.posterior import Posterior

Bead = tuple[int, int, int, int]


def sure(n: int, m: int, beads: list[Bead], *doubtful: tuple[Bead, float]) -> Posterior:
    """These beads, those for certain, and what is in none alone."""
    table = np.array([*beads, *(bead for bead, _ in doubtful)], np.int64).reshape(-1, 4)
    p = np.array([1.0] * len(beads) + [chance for _, chance in doubtful], np.float32)
    linked = np.zeros(n, np.float32), np.zeros(m, np.float32)
    for (i, j, a, b), chance in zip(table.tolist(), p, strict=True):
        linked[0][i : i + a] += chance
        linked[1][j : j + b] += chance
    alone = [1 - part for part in linked]
    zero = np.zeros(len(p), np.float32)
    return Posterior(
        *table.T, np.zeros(len(p), np.int64), zero, p, np.zeros(n), np.zeros(m), *alone
    )


# x has 0 1 2, y has 0 1 2, z has 0 1 2 3. x splits where z does after 1, y where z does after 2.
SAID: list[tuple[Bead, float, float]] = [
    ((0, 0, 1, 1), 0.0, 0.0),  # both begin at 0 and end at 1
    ((1, 1, 1, 1), 1.0, 0.0),  # x ends at 2, y at 3
    ((2, 2, 1, 1), 1.0, 0.0),  # x begins at 2, y at 3
    ((1, 1, 2, 2), 0.0, 0.0),
    ((0, 0, 2, 2), 1.0, 2.0),  # goes over the joint that all have, in x and in y
    ((0, 0, 3, 3), 0.0, 2.0),
    ((1, 0, 1, 1), 2.0, 0.0),  # begins after 1 and after 0, ends after 2 and after 1
]


@pytest.mark.parametrize("number", range(len(SAID)))
def test_joints_of_a_witness(number: int) -> None:
    bead, askew, inside = SAID[number]
    found = {
        (0, 1): sure(3, 3, [], (bead, 0.5)),
        (0, 2): sure(3, 4, [(0, 0, 1, 1), (1, 1, 1, 1), (2, 2, 1, 2)]),
        (1, 2): sure(3, 4, [(0, 0, 1, 1), (1, 1, 1, 2), (2, 3, 1, 1)]),
    }
    (one,) = weighing.testimonies(found, 3)[0, 1]
    assert one.askew.tolist() == [askew]
    assert one.inside.tolist() == [inside]


def test_a_witness_with_longer_sentences_says_nothing_about_what_is_within() -> None:
    """z has all in one sentence: neither the bead nor its two halves are spoken against."""
    pairs = [((0, 0, 1, 1), 0.5), ((1, 1, 1, 1), 0.5), ((0, 0, 2, 2), 0.5)]
    whole: list[Bead] = [(0, 0, 2, 1)]
    found = {
        (0, 1): sure(2, 2, [], *pairs),
        (0, 2): sure(2, 1, whole),
        (1, 2): sure(2, 1, whole),
    }
    (one,) = weighing.testimonies(found, 3)[0, 1]
    assert one.askew.tolist() == [0, 0, 0]
    assert one.inside.tolist() == [0, 0, 0]


def test_what_goes_with_a_sentence_that_the_other_lacks() -> None:
    """x 1 goes with z 1, and z 1 with nothing in y; x 2 goes with nothing in z."""
    found = {
        (0, 1): sure(3, 1, [(0, 0, 1, 1)]),
        (0, 2): sure(3, 2, [(0, 0, 1, 1), (1, 1, 1, 1)]),
        (1, 2): sure(1, 2, [(0, 0, 1, 1)]),
    }
    (one,) = weighing.testimonies(found, 3)[0, 1]
    assert one.src_known.tolist() == [1, 1, 0]
    assert one.src_absent.tolist() == [0, 1, 0]
    assert one.tgt_known.tolist() == [1]
    assert one.tgt_absent.tolist() == [0]


def test_more_than_two_witnesses_count_as_two() -> None:
    one = witnesses.Testimony(
        *(np.array([value], np.float32) for value in (1.0, 2.0, 1.0, 0.5, 0.25, 0.5))
    )
    for count, times in ((1, 1), (2, 2), (3, 2), (5, 2)):
        bead, src, tgt = weighing.summed([one] * count)
        assert bead.tolist() == [pytest.approx([0, 0, times * 1.0, times * 2.0])]
        assert src.tolist() == [pytest.approx([times * 0.75, times * 0.25, 0, 0])]
        assert tgt.tolist() == [pytest.approx([0, times * 0.5, 0, 0])]
