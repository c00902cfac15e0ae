"""Vectors that tell nothing: lengths and marks take over, and probabilities stay low."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import align
from align.core.evidence import NULL_FEATURES
from align.core.features import BEAD_FEATURES
from align.core.scorer import LENGTH, load_scorer
from align.core.versions.weighing import Weighed, known_through
from align.evaluate import evaluate, read_links

STORY = Path(__file__).resolve().parents[1] / "data" / "story"


LANGS = ("en", "de", "fr", "zh")


class Random:
    """An encoder that knows nothing: another direction for every sentence."""

    name = "random"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [
            np.random.default_rng(list(text.encode())).normal(size=64).astype(np.float32)
            for text in texts
        ]
        found = np.stack(rows) if rows else np.zeros((0, 64), np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)


def _links(found: align.Alignment) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [(tuple(bead.src_ids), tuple(bead.tgt_ids)) for bead in found]


def _sentences(lang: str) -> list[str]:
    return (STORY / "sentences" / f"{lang}.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("langs", ["en-de", "en-fr"])
def test_lengths_take_over(langs: str) -> None:
    src, tgt = langs.split("-")
    found = align.pair(
        _sentences(src),
        _sentences(tgt),
        encoder=Random(),
        presplit=True,
        src_lang=src,
        tgt_lang=tgt,
    )
    gold = read_links(str(STORY / "gold" / f"{langs}.gold"))
    assert evaluate(gold, _links(found)).strict.f1 > 0.7
    assert max(bead.probability for bead in found if bead.src and bead.tgt) <= 0.5
    assert found.parallel == 0.0


def _multi(encoder: object, **changes: object) -> dict[str, align.Alignment]:
    found = align.multi(
        {lang: _sentences(lang) for lang in LANGS}, encoder=encoder, presplit=True, **changes
    )
    return {f"{x}-{y}": found.pairwise(x, y) for x, y in combinations(LANGS, 2)}


def _mean_f1(found: dict[str, align.Alignment]) -> float:
    golds = {name: read_links(str(STORY / "gold" / f"{name}.gold")) for name in found}
    return float(np.mean([evaluate(golds[n], _links(one)).strict.f1 for n, one in found.items()]))


def test_lengths_take_over_for_several_versions() -> None:
    found = _multi(Random())
    alone = {
        name: align.pair(
            *(_sentences(lang) for lang in name.split("-")),
            encoder=Random(),
            presplit=True,
            src_lang=name[:2],
            tgt_lang=name[3:],
        )
        for name in found
    }
    assert _mean_f1(found) > max(0.6, _mean_f1(alone) - 0.02)
    for one in found.values():
        assert max(b.probability for b in one if b.src and b.tgt) <= 0.5
    rows = align.multi(
        {lang: _sentences(lang) for lang in LANGS}, encoder=Random(), presplit=True
    ).rows
    assert max(row.probability or 0.0 for row in rows if row.versions > 1) <= 0.5
    by_pivot = _multi(Random(), pivot="en")
    assert _links(by_pivot["en-de"]) == _links(alone["en-de"])


def test_a_version_whose_vectors_tell_nothing_leaves_the_others_as_good() -> None:
    encoder = align.load_encoder()
    vectors = {lang: encoder.encode(_sentences(lang)) for lang in LANGS}
    rng = np.random.default_rng(0)
    vectors["de"] = rng.normal(size=vectors["de"].shape).astype(np.float32)
    found = _multi(None, vectors=vectors)
    with_it = {name: one for name, one in found.items() if "de" in name}
    without = {name: one for name, one in found.items() if "de" not in name}
    assert _mean_f1(without) > 0.9
    assert _mean_f1(with_it) > 0.5
    for one in with_it.values():
        assert max(b.probability for b in one if b.src and b.tgt) <= 0.5
    assert max(b.probability for b in without["en-fr"] if b.src and b.tgt) > 0.9


def test_the_other_way_round_is_the_same() -> None:
    there, back = (
        align.pair(
            _sentences(a), _sentences(b), encoder=Random(), presplit=True, src_lang=a, tgt_lang=b
        )
        for a, b in (("en", "de"), ("de", "en"))
    )
    assert sorted(_links(there)) == sorted((a, b) for b, a in _links(back))


def test_texts_that_are_no_translations_stay_apart() -> None:
    rng = np.random.default_rng(1)
    lines = _sentences("de")
    shuffled = [lines[k] for k in rng.permutation(len(lines))]
    found = align.pair(
        _sentences("en"), shuffled, encoder=Random(), presplit=True, src_lang="en", tgt_lang="de"
    )
    assert max(b.probability for b in found if b.src != b.tgt and b.src and b.tgt) <= 0.5


def test_its_weights_look_at_no_vector() -> None:
    scorer = load_scorer(LENGTH)
    used = {n for n, w in zip(BEAD_FEATURES, scorer.beads, strict=True) if w}
    used |= {n for n, w in zip(NULL_FEATURES, scorer.nulls, strict=True) if w}
    vectors = ("coverage", "margin", "cosine", "mass", "match", "leak", "weakest", "best", "usual")
    assert used
    assert not {name for name in used if any(word in name for word in vectors)}


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ({"xz": "blind", "yz": "seen"}, True),
        ({"xz": "seen", "yz": "blind"}, True),
        ({"xz": "blind", "yz": "blind"}, False),  # z tells nothing of either
        ({"xz": "seen", "yz": "seen"}, False),
        ({"xz": "blind", "yz": "lost"}, False),
        ({"xz": "blind"}, False),
        ({"xz": "lost", "yz": "lost", "xw": "blind", "yw": "seen"}, True),
        ({"xz": "blind", "yw": "seen"}, False),  # by two different versions
    ],
)
def test_a_lost_pair_is_known_through_a_third_version(states: dict[str, str], wanted: bool) -> None:
    def weighed(state: str) -> Weighed:
        nothing: Any = None
        return Weighed(nothing, nothing, nothing, nothing, state == "blind", state == "lost")

    found = {(ord(a), ord(b)): weighed(state) for (a, b), state in states.items()}
    found[ord("x"), ord("y")] = weighed("lost")
    assert known_through((ord("x"), ord("y")), found) is wanted
    found[ord("x"), ord("y")] = weighed("seen")
    assert not known_through((ord("x"), ord("y")), found)
