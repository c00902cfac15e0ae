"""Pairs that are probably none stand alone, if the others can be trusted."""

from __future__ import annotations

import numpy as np
import pytest

import align
from align.core.merging import merge, unlikely
from align.core.monotone import Beads


def beads(*found: tuple[int, int, int, int]) -> Beads:
    """By first sentences and numbers of sentences."""
    src, tgt, a, b = (np.array(column, np.int64) for column in zip(*found, strict=True))
    one = np.ones(len(src), np.float32)
    return Beads(src, tgt, a, b, one, one, one)


def told(found: Beads) -> list[tuple[int, int, int, int]]:
    columns = found.src, found.tgt, found.a, found.b
    return list(zip(*(c.tolist() for c in columns), strict=True))


@pytest.mark.parametrize(
    ("lax", "weak"),
    [
        ((0.9, 0.9, 0.9), []),
        ((0.9, 0.19, 0.9), [(1, 1, 2, 1)]),
        ((0.9, 0.21, 0.9), []),
        ((0.9, 0.1, 0.1), []),  # most are not to be trusted: nothing is
        ((0.5, 0.5, 0.1), [(3, 3, 1, 1)]),
    ],
)
def test_which_are_unlikely(lax: tuple[float, ...], weak: list[tuple[int, int, int, int]]) -> None:
    some = beads((0, 0, 1, 1), (1, 1, 2, 1), (3, 2, 0, 1), (3, 3, 1, 1))
    chances = np.insert(np.array(lax, np.float32), 2, 0.0)  # a sentence alone has none
    found = unlikely(some, chances)
    assert (told(found) if found is not None else []) == weak


def test_freed_sentences_stand_alone_at_their_place() -> None:
    path = beads((0, 0, 1, 1), (1, 1, 2, 1), (3, 2, 1, 2), (4, 4, 1, 1))
    found, moved = merge(path, None, 5, 5, beads((1, 1, 2, 1)))
    assert told(found) == [
        (0, 0, 1, 1), (1, 1, 1, 0), (2, 1, 1, 0), (3, 1, 0, 1), (3, 2, 1, 2), (4, 4, 1, 1),
    ]  # fmt: skip
    assert not moved.any()


def test_freed_beside_moved() -> None:
    """The moved bead 3-0 took from the path; the moved bead 4-1 is given up again."""
    path = beads((0, 0, 0, 1), (0, 1, 0, 1), (0, 2, 1, 1), (1, 3, 1, 1), (2, 4, 1, 1), (3, 5, 2, 0))
    found, moved = merge(path, beads((3, 0, 1, 1)), 5, 5, beads((4, 1, 1, 1)))
    assert [bead for bead, out in zip(told(found), moved.tolist(), strict=True) if out] == [
        (3, 0, 1, 1)
    ]
    alone = [bead[:2] for bead in told(found) if 0 in bead[2:]]
    assert alone == [(0, 1), (4, 5)]
    assert found.a.sum() == 5 and found.b.sum() == 5


TEXT = (
    ("The ferry left the island at six in the morning.",
     "Le ferry a quitté l'île à six heures du matin."),
    ("On board were twelve passengers and a dog.",
     "À bord se trouvaient douze passagers et un chien."),
    ("The sea was calm, and nobody was sick.", "La mer était calme, et personne n'a été malade."),
    ("In the harbour the mayor was already waiting.", "Au port, le maire attendait déjà."),
    ("He thanked the crew for fifty years of service.",
     "Il a remercié l'équipage pour cinquante ans de service."),
    ("Next week a new ship will take over.",
     "La semaine prochaine, un nouveau navire prendra le relais."),
)  # fmt: skip


ENGLISH = [en for en, _ in TEXT] + ["Leave a Reply"]
FRENCH = [fr for _, fr in TEXT] + ["Abonnez-vous à notre lettre"]


def test_what_stands_below_an_article_is_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the least probable pair, and none where more is asked for."""
    monkeypatch.setattr("align.core.merging.UNLIKELY", 0.0)
    whole = align.pair(ENGLISH, FRENCH, src_lang="en", tgt_lang="fr")
    pairs = [(bead.src_ids, bead.tgt_ids) for bead in whole]
    assert pairs == [((i,), (i,)) for i in range(len(TEXT) + 1)]
    least, *others = sorted(bead.probability_lax for bead in whole)
    assert least == whole[len(TEXT)].probability_lax < 0.8 < others[0]
    monkeypatch.setattr("align.core.merging.UNLIKELY", least + 0.01)
    found = align.pair(ENGLISH, FRENCH, src_lang="en", tgt_lang="fr")
    assert [(bead.src_ids, bead.tgt_ids) for bead in found if bead.is_pair] == pairs[:-1]
    assert [bead.kind for bead in found.beads[len(TEXT) :]] == ["1-0", "0-1"]


def test_pairs_that_stay_keep_their_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for all pairs at once: what becomes of others does not count."""
    monkeypatch.setattr("align.core.merging.UNLIKELY", 0.0)
    whole = align.pair(ENGLISH, FRENCH, src_lang="en", tgt_lang="fr")
    monkeypatch.setattr("align.core.merging.UNLIKELY", 0.75)
    found = align.pair(ENGLISH, FRENCH, src_lang="en", tgt_lang="fr")
    chances = {bead.src_ids: bead.probability_lax for bead in whole if bead.is_pair}
    for bead in found:
        assert bead.probability_lax == chances[bead.src_ids] >= 0.75
