"""Beads that hide two changed places are taken apart, others are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import align
from align.core.crossed import uncrossed
from align.core.monotone import Beads, align_monotone
from align.core.scorer import load_scorer
from align.core.side import Ragged, Side

WORDS = 16
A, B, C, D = ((4 * k, 4 * k + 1, 4 * k + 2, 4 * k + 3) for k in range(4))


def side(*sentences: tuple[int, ...]) -> Side:
    """Every word has a direction of its own."""
    n = len(sentences)
    table = np.eye(WORDS, dtype=np.float32)
    none = Ragged(np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    sums = np.stack([table[list(words)].sum(0) for words in sentences])
    units = table[[w for words in sentences for w in words]]
    starts = np.cumsum([0, *map(len, sentences)])
    places = np.full(len(units), 0.5, np.float32)
    lengths = np.full(n, 20.0, np.float32)
    return Side(sums, units, starts, places, lengths, zeros, zeros + 1, zeros, none, none)


@pytest.mark.parametrize(
    ("src", "tgt", "shapes"),
    [
        ((A, B), (B, A), [(0, 1), (1, 0), (1, 1)]),
        ((A, B, C, D), (C, D, A, B), [(0, 1), (0, 1), (1, 0), (1, 0), (1, 1), (1, 1)]),
        ((A, B), (A, B), [(2, 2)]),
        ((A + B, C + D), (A, B + C + D), [(2, 2)]),
        ((A + B, C + D), (A + C, B + D), [(2, 2)]),  # nothing in opposite order
    ],
)
def test_crossed_beads(
    src: tuple[tuple[int, ...], ...],
    tgt: tuple[tuple[int, ...], ...],
    shapes: list[tuple[int, int]],
) -> None:
    scorer = load_scorer("static")
    several = scorer.shapes.copy()
    several[len(src) - 1, len(tgt) - 1] += 1000  # one bead of everything, at any cost
    scorer = replace(scorer, shapes=several)
    result = align_monotone(side(*src), side(*tgt), scorer, 4)
    assert (result.beads.a.tolist(), result.beads.b.tolist()) == ([len(src)], [len(tgt)])
    apart = uncrossed(result, scorer)
    assert sorted(zip(apart.beads.a.tolist(), apart.beads.b.tolist(), strict=True)) == shapes
    assert (apart is result) == (len(shapes) == 1)
    assert apart.beads.a.sum() == len(src) and apart.beads.b.sum() == len(tgt)


def test_what_stands_between_crossed_beads_is_in_none() -> None:
    scorer = load_scorer("static")
    first, size = np.array([0, 2, 3, 4]), np.array([2, 1, 1, 2])
    one = np.ones(4, np.float32)
    path = Beads(first, first, size, size, one, one, one)
    found = []
    for between in (0, 1):  # whether the sentences between have a number, too
        counts = np.array([1, 1, between, between, 1, 1])
        number = Ragged(np.full(counts.sum(), 7, np.int32), np.cumsum([0, *counts]))
        src = replace(side(A, B, A, A, C, D), numbers=number)
        tgt = replace(side(B, A, A, A, D, C), numbers=number)
        apart = uncrossed(replace(align_monotone(src, tgt, scorer, 4), beads=path), scorer).beads
        assert apart.a.sum() == apart.b.sum() == 6 and len(apart.a) == 8
        found.append(apart.score.tolist())
    assert found[0] == pytest.approx(found[1], abs=1e-5)


INTRO = (
    ("The city library closes for two years.", "Die Stadtbibliothek schließt für zwei Jahre."),
    ("The roof leaks, and the heating is from 1961.",
     "Das Dach ist undicht, und die Heizung stammt von 1961."),
)  # fmt: skip
QUESTIONS = (
    ("Where will the books be stored during the works?",
     "Wo werden die Bücher während der Bauarbeiten gelagert?"),
    ("And will all employees keep their jobs?",
     "Und werden alle Angestellten ihre Stelle behalten?"),
)  # fmt: skip
ANSWERS = (
    ("“I understand that the readers are worried.", "„Ich verstehe, dass die Leser besorgt sind."),
    ("But nobody can promise that today.”", "Aber das kann heute niemand versprechen.“"),
)
END = (("The council decides in March.", "Der Stadtrat entscheidet im März."),)


def test_a_question_moved_behind_its_answer() -> None:
    english = [en for en, _ in INTRO + QUESTIONS + ANSWERS + END]
    german = [de for _, de in INTRO + ANSWERS + QUESTIONS + END]
    found = align.pair(english, german, src_lang="en", tgt_lang="de")
    pairs = {(bead.src_ids, bead.tgt_ids) for bead in found if bead.is_pair}
    assert pairs == {
        ((i,), (j,)) for i, j in ((0, 0), (1, 1), (2, 4), (3, 5), (4, 2), (5, 3), (6, 6))
    }
    assert sorted(bead.src_ids for bead in found if bead.moved) in ([(2,), (3,)], [(4,), (5,)])
