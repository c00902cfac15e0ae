"""New words for a model that is continued: which, how likely, and with what vectors they begin."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from align.encoders.tokens import unigram_of
from align.errors import AlignError
from align.train import train
from align.training.grow import grow_vectors, grow_vocabulary
from align.training.start import Base
from align.training.vocabulary import build_tokenizer

LETTERS = "abcdefghijklmnopqrstuvwxyz12国库银行长江水"
PARTS = ["jeu", "pas", "the", "银行"]
SCORED = [(token, -4.0 - 0.01 * i) for i, token in enumerate(PARTS)]
SCORED += [(letter, -6.0 - 0.01 * i) for i, letter in enumerate(LETTERS)]
TEXTS = {
    "en": ["the past", "the past", "the band", "12"],
    "fr": ["jeudi", "jeudi", "jeudi", "Jeudi passé"],  # é is no character of the model's
    "zh": ["国库银行", "长江水", "长江水国库", "水长江"],
}
HAN = {"国库", "长江", "库银", "江水国", "银行"}


def base() -> Base:
    vectors = np.random.default_rng(5).normal(size=(len(SCORED) + 1, 8)).astype(np.float32)
    return Base("a model", build_tokenizer(SCORED).to_str(), vectors)


def new_words(tokenizer: str) -> list[tuple[str, float]]:
    return [(t, p) for t, p in json.loads(tokenizer)["model"]["vocab"][len(SCORED) + 1 :]]


@pytest.mark.parametrize(
    ("count", "least", "words", "wanted"),
    [
        (9, 2, HAN, ["jeudi", "长江", "past", "国库"]),
        (9, 1, HAN, ["jeudi", "长江", "past", "国库", "band", "江水国"]),
        (2, 2, HAN, ["jeudi", "长江"]),
        (9, 2, set(), ["jeudi", "past"]),
        (9, 9, HAN, []),
        (0, 1, HAN, []),
    ],
)
def test_words_that_were_cut_and_are_frequent_become_tokens(
    count: int, least: float, words: set[str], wanted: list[str]
) -> None:
    grown = grow_vocabulary(base(), TEXTS, words, count, least)
    assert [word for word, _ in new_words(grown)] == wanted


def test_new_words_are_cut_no_more() -> None:
    grown = grow_vocabulary(base(), TEXTS, HAN, 9)
    unigram = unigram_of(json.loads(grown))
    assert unigram is not None
    names = [token for token, _ in json.loads(grown)["model"]["vocab"]]
    tokens, counts = unigram.cut_texts(["jeudi the past", "长江水国库银行", "jeu pas"])
    assert [names[token] for token in tokens] == [
        "jeudi", "the", "past", "长江", "水", "国库", "银行", "jeu", "pas",
    ]  # fmt: skip
    assert counts.tolist() == [3, 4, 2]


def test_probability_is_by_count_or_just_above_the_parts() -> None:
    found = dict(new_words(grow_vocabulary(base(), TEXTS, HAN, 9)))
    tokens = 3 + 2 * 2 + 4 + 2 + 4 * 3 + 2 + (3 + 3 + 5 + 3)  # of TEXTS, in the order of pieces
    assert found["国库"] == pytest.approx(math.log(2 / tokens))
    likely = [(token, -0.1) for token, _ in SCORED]
    old = Base("a model", build_tokenizer(likely).to_str(), base().vectors)
    found = dict(new_words(grow_vocabulary(old, TEXTS, HAN, 9)))
    assert found["国库"] == pytest.approx(-0.2 + 1e-3)


def test_before_the_first_step_vectors_are_as_they_were() -> None:
    old = base()
    grown = grow_vocabulary(old, TEXTS, HAN, 9)
    vectors = grow_vectors(old, grown)
    assert vectors.shape == (len(SCORED) + 1 + 4, 8)
    np.testing.assert_array_equal(vectors[: len(old.vectors)], old.vectors)
    for text in ["jeudi", "the past", "长江水国库", "band past jeudi"]:
        sums = []
        for tokenizer, table in ((old.tokenizer, old.vectors), (grown, vectors)):
            unigram = unigram_of(json.loads(tokenizer))
            assert unigram is not None
            sums.append(table[unigram.cut_texts([text])[0]].sum(0))
        np.testing.assert_allclose(sums[0], sums[1], atol=1e-6)


def test_a_vocabulary_that_is_not_ours() -> None:
    other = Base("other", json.dumps({**json.loads(base().tokenizer), "pre_tokenizer": None}),
                 base().vectors)  # fmt: skip
    with pytest.raises(AlignError, match="other: has a vocabulary of another kind than `align"):
        grow_vocabulary(other, TEXTS, HAN, 9)


def test_words_without_a_model_to_continue(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(AlignError, match="words: for a model that is continued"):
        train([tmp_path], tmp_path / "model", words=10)
