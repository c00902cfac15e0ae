"""Documents made for training: what corresponds in them, and the probabilities fitted to them."""

from __future__ import annotations

import numpy as np
import pytest

from align.core.calibrate import INPUTS, Calibration
from align.training.calibration import Judged, fit_calibration
from align.training.synthetic import Bead, Habits, beads_of, make_document

PLAIN = Habits(0, 0, 0, 0, 0, 0, 0)
ROWS: list[Bead] = [((f"a{k}.",), (f"b{k}.",)) for k in range(60)]


@pytest.mark.parametrize(
    ("src", "tgt", "beads"),
    [
        (["One."], ["Eins."], [(("One.",), ("Eins.",))]),
        (["One. "], ["Eins.", "Zwei."], [(("One. ",), ("Eins.", "Zwei."))]),
        (["Aa.", "Bb."], ["Cc.", "Dd."], [(("Aa.",), ("Cc.",)), (("Bb.",), ("Dd.",))]),
        (["Aa.", "Bbbbbbbb."], ["Cccccccc.", "Dd."], []),  # which is which is not plain
        (["A.", "B."], ["C.", "D.", "E."], []),
        (["A."] * 5, ["B."], []),
        ([], ["B."], []),
    ],
)
def test_what_a_row_of_several_sentences_shows(
    src: list[str], tgt: list[str], beads: list[Bead]
) -> None:
    assert beads_of(src, tgt) == beads
    assert beads_of(tgt, src) == [(b, a) for a, b in beads]


def test_beads_of_several_sentences_stay_as_translators_made_them() -> None:
    rows: list[Bead] = [(("A.",), ("B.", "C.")), (("D.", "E."), ("F.",)), (("G.",), ("H.",))]
    made = make_document(rows, (), PLAIN, np.random.default_rng(0))
    assert made.src == ("A.", "D.", "E.", "G.")
    assert made.tgt == ("B.", "C.", "F.", "H.")
    assert made.beads == (((0,), (0, 1)), ((1, 2), (2,)), ((3,), (3,)))


@pytest.mark.parametrize("seed", range(5))
def test_every_sentence_is_in_one_bead(seed: int) -> None:
    mixed = [(("x.", "y."), ("z.",)) if k % 7 == 3 else row for k, row in enumerate(ROWS)]
    habits = Habits(move=0.1, noise=0.05, vary=1.0)
    made = make_document(mixed, ROWS, habits, np.random.default_rng(seed))
    assert sorted(i for src, _ in made.beads for i in src) == list(range(len(made.src)))
    assert sorted(j for _, tgt in made.beads for j in tgt) == list(range(len(made.tgt)))
    assert len(made.moved) == len(made.beads)


def judged(chance: float, link: float, right: float, related: bool, seed: int) -> Judged:
    """200 pairs: logits of the marginal, what is linked around, how many are right."""
    rng = np.random.default_rng(seed)
    x = np.zeros((200, len(INPUTS)), np.float32)
    x[:, 0] = 1
    x[:, INPUTS.index("logit of the marginal")] = np.log(chance / (1 - chance))
    x[:, INPUTS.index("links around")] = link
    strict = rng.random(200) < right
    return Judged(x, np.zeros(200, np.int64), strict, strict, related)


def test_free_translations_are_not_half_unrelated() -> None:
    """Weak links and marginals that are right; the same of strangers, where nothing is."""
    free, close = judged(0.7, 0.6, 0.7, True, 1), judged(0.95, 1.0, 0.95, True, 2)
    stranger = judged(0.7, 0.1, 0.0, False, 3)
    fitted = fit_calibration([free, close, stranger])
    means = [fitted.probabilities(j.x, j.group)[0].mean().round(2) for j in (free, close, stranger)]
    assert means == pytest.approx([0.7, 0.95, 0.0], abs=0.03)


def test_a_sentence_alone_does_not_ask_whether_texts_are_related() -> None:
    none = np.zeros((3, len(INPUTS)), np.float32)
    x = np.zeros((3, len(INPUTS)), np.float32)
    x[:, 0] = 1
    never = none[:2].copy()
    never[:, 0] = -20
    strict, lax = Calibration(never, none, none).probabilities(x, np.array([0, 1, 2]))
    assert strict.round(4).tolist() == [0, 0, 0.5]
    assert lax.round(4).tolist() == [0, 0, 0]
