"""The vocabulary: expectation over all cuts against brute force, what is kept, determinism."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.encoders.pieces import find_pieces, normalise
from align.errors import AlignError
from align.training import unigram
from align.training.unigram import train_unigram
from align.training.vocabulary import UNKNOWN, count_pieces, train_tokenizer

ROOT = Path(__file__).resolve().parents[1]
WORDS = st.dictionaries(st.text("abc", min_size=1, max_size=7), st.integers(1, 9), min_size=1)


def cuts(piece: str) -> list[list[str]]:
    """Every way to cut a piece."""
    places = range(1, len(piece))
    return [
        [piece[a:b] for a, b in itertools.pairwise([0, *inner, len(piece)])]
        for count in range(len(piece))
        for inner in itertools.combinations(places, count)
    ]


def seeded(pieces: dict[str, int]) -> tuple[unigram._Model, unigram._Lattice]:
    ordered = sorted(pieces, key=lambda piece: (-len(piece), piece))
    weights = np.array([pieces[piece] for piece in ordered], np.float64)
    model, lattice = unigram._seed(ordered, weights, None, 1.0)
    rng = np.random.default_rng(len(pieces))
    log_p = np.log(rng.dirichlet(np.ones(len(model.tokens))) + 1e-6)
    return unigram.replace(model, log_p=log_p), lattice


@settings(deadline=None, max_examples=60)
@given(WORDS)
def test_expected_counts_are_those_of_all_cuts(pieces: dict[str, int]) -> None:
    model, lattice = seeded(pieces)
    p = dict(zip(model.tokens, np.exp(model.log_p), strict=True))
    wanted = dict.fromkeys(model.tokens, 0.0)
    for piece, count in pieces.items():
        chances = [(cut, math.prod(p.get(token, 0.0) for token in cut)) for cut in cuts(piece)]
        total = sum(chance for _, chance in chances)
        for cut, chance in chances:
            for token in cut:
                wanted[token] = wanted.get(token, 0.0) + count * chance / total
    found = unigram._expected(model, lattice)
    assert dict(zip(model.tokens, found, strict=True)) == pytest.approx(wanted)


@settings(deadline=None, max_examples=60)
@given(WORDS)
def test_the_best_cut_without_a_token(pieces: dict[str, int]) -> None:
    model, lattice = seeded(pieces)
    log_p = dict(zip(model.tokens, model.log_p, strict=True))
    found = unigram._without(model, lattice)
    for token, best in zip(model.tokens, found, strict=True):
        others = [cut for cut in cuts(token) if len(cut) > 1 and all(t in log_p for t in cut)]
        wanted = max((sum(log_p[t] for t in cut) for cut in others), default=-math.inf)
        assert best == pytest.approx(wanted)


def test_digamma() -> None:
    euler = 0.5772156649015329
    found = unigram._digamma(np.array([1.0, 2.0, 0.5, 10.0]))
    wanted = [-euler, 1 - euler, -euler - 2 * math.log(2), 2.2517525890667211]
    assert found == pytest.approx(wanted, abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(WORDS, st.integers(3, 30))
def test_tokens_are_bounded_and_can_spell_everything(pieces: dict[str, int], size: int) -> None:
    found = dict(train_unigram(pieces, size))
    letters = set("".join(pieces))
    assert letters <= found.keys()
    assert len(found) <= max(size, len(letters))
    assert all(len(t) == 1 or any(t in piece for piece in pieces) for t in found)
    assert all(score <= 0 for score in found.values())
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_frequent_words_become_tokens() -> None:
    pieces = {"walking": 50, "talking": 50, "walked": 50, "talked": 50, "zebra": 1, "a\x00b": 3}
    found = [token for token, _ in train_unigram(pieces, 22)]
    assert {"walking", "talking", "walked", "talked"} <= set(found)
    assert "\x00" in found
    assert not any(t in "zebra" for t in found if len(t) > 1)


def test_han_tokens_are_words() -> None:
    texts = {"zh": ["语言学家说汉语言", "语言学是汉语言学", "语言学家是家"] * 20}
    tokenizer = train_tokenizer(texts, 200, {"语言学"})
    tokens = {t for t in tokenizer.get_vocab() if len(t) > 2 and t != UNKNOWN}
    assert tokens == {"语言学"}
    assert any(len(t) == 2 for t in tokenizer.get_vocab())


def test_rare_characters_and_rare_tokens_are_left_out() -> None:
    texts = {"en": ["cat cat cat", "dog dog dög", "Ω cat dog"]}
    pieces = count_pieces(texts, 2)
    assert pieces == {"cat": 4, "dog": 3, "d": 1, "g": 1}
    assert set(train_tokenizer(texts, 100, set(), 2, least=4).get_vocab()) == {
        UNKNOWN, *"catdog", "cat"
    }  # fmt: skip
    with pytest.raises(AlignError, match="no character occurs 9 times"):
        train_tokenizer(texts, 100, set(), 9)


def test_a_small_size_keeps_the_characters() -> None:
    tokenizer = train_tokenizer({"en": ["the quick brown fox"] * 3}, 10, set())
    assert set("thequickbrownfox") <= tokenizer.get_vocab().keys()


def test_what_the_tokenizer_cuts_is_the_text() -> None:
    text = "Der Zug fährt um 17:45 Uhr; 火车在17点45分开。"
    tokenizer = train_tokenizer({"de": [text] * 5}, 300, set())
    tokens = tokenizer.encode(normalise(text)).tokens
    assert "".join(tokens) == "".join(find_pieces(normalise(text)))
    assert tokenizer.token_to_id(UNKNOWN) == 0


def test_the_same_in_every_process() -> None:
    code = (
        "import json, random\nfrom align.training.vocabulary import train_tokenizer\n"
        "rng = random.Random(1)\n"
        "word = lambda: ''.join(rng.choices('abcdefg', k=rng.randint(2, 9)))\n"
        "texts = {'en': [' '.join(word() for _ in range(9)) for _ in range(300)]}\n"
        "print(train_tokenizer(texts, 400, {'x', 'y'}).to_str())"
    )
    done = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert done[0].returncode == 0, done[0].stderr
    assert done[0].stdout == done[1].stdout
    assert len(json.loads(done[0].stdout)["model"]["vocab"]) > 300
