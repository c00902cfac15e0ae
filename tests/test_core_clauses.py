"""Clauses: where they end, and how well they are found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from align.core.anchors import Segments, chain, mutual_best
from align.core.bucket import make_bucket
from align.core.clauses import clauses_of
from align.core.evidence import evidence, find_shared
from align.core.features import BEAD_FEATURES, bead_features
from align.core.neighbours import nearest
from align.core.side import Ragged, Side

COMMA = 0  # the only unit that closes a clause
WORDS = 12


def side(*sentences: str) -> Side:
    """A letter is a word, a comma closes a clause; every word has a direction of its own."""
    ids = [[COMMA if c == "," else 1 + ord(c) - ord("a") for c in text] for text in sentences]
    n = len(ids)
    table = np.eye(WORDS, dtype=np.float32)
    table[COMMA] = 0.0
    table[COMMA, -1] = 1e-3
    starts = np.cumsum([0, *map(len, ids)])
    none = Ragged(np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    closing = np.arange(WORDS) == COMMA
    sums = np.stack([table[words].sum(0) for words in ids])
    words = Ragged(np.array([w for words in ids for w in words], np.int32), starts)
    lengths = np.array([10.0 * max(1, len(words)) for words in ids], np.float32)
    return Side(sums, words, table, lengths, zeros, zeros + 1, zeros, none, none, closing)


@pytest.mark.parametrize(
    ("texts", "clauses"),
    [
        (("ab,cd",), [["ab,", "cd"]]),
        (("ab,cd,", "ef"), [["ab,", "cd,"], ["ef"]]),
        (("a,bc,de",), [["a,bc,", "de"]]),  # too short: with the next one
        (("ab,cd,e",), [["ab,", "cd,e"]]),  # or the one before
        (("a,b,c,d",), [["a,b,c,d"]]),
        ((",",), [[","]]),
        (("", "ab,,cd", ""), [[], ["ab,", ",cd"], []]),
        (("", ""), [[], []]),
    ],
)
def test_where_clauses_end(texts: tuple[str, ...], clauses: list[list[str]]) -> None:
    found = clauses_of(side(*texts))
    assert found is not None
    letters = "".join(texts)
    cut = [letters[i:j] for i, j in zip(found.begins, found.begins[1:], strict=False)]
    assert [cut[i:j] for i, j in zip(found.starts, found.starts[1:], strict=False)] == clauses
    mass = [10.0 * len(clause) for sentence in clauses for clause in sentence]
    assert found.mass.tolist() == pytest.approx(mass)


def found_clauses(src: Side, tgt: Side, shapes: list[tuple[int, int]]) -> dict[str, float]:
    """The feature of all beads, by their sentences, e.g. "0-1:0" for sentences 0 and 1."""
    ahead, back = nearest(src.sums, tgt.sums, 4)
    ev = evidence(src, tgt, 4, ahead, back, chain(mutual_best(ahead, back)))
    box = Segments(*(np.array([k]) for k in (0, len(src), 0, len(tgt))))
    bucket = make_bucket(ev, box, np.arange(1), find_shared(ev, box))
    at = BEAD_FEATURES.index("clauses found")
    out = {}
    for (a, b), features in bead_features(bucket, shapes):
        for i, j in np.ndindex(features.shape[1:3]):
            x, y = range(i, i + a), range(j, j + b)
            name = "-".join(map(str, x)) + ":" + "-".join(map(str, y))
            out[name] = float(features[at, i, j, 0])
    return out


def test_a_clause_is_found_in_the_sentence_that_has_it() -> None:
    src, tgt = side("ab,cd", "ef"), side("ab", "cdef")
    found = found_clauses(src, tgt, [(1, 1), (1, 2), (2, 1), (2, 2)])
    mean = (50 + 20 + 20 + 40) / 4  # bytes of a sentence
    half = 1 / np.sqrt(2)  # cosine of "cd" with "cdef"
    assert found["0:0"] * mean == pytest.approx(30 + 20, rel=1e-3)  # "ab," and "ab"
    assert found["1:0"] == pytest.approx(0, abs=1e-5)
    assert found["0:1"] * mean == pytest.approx(20 * half + 40 * half, rel=1e-3)
    assert found["0:0-1"] * mean == pytest.approx(30 + 20 * half + 20 + 40 * half, rel=1e-3)
    assert found["0-1:1"] * mean == pytest.approx((20 + 20 + 40) * half, rel=1e-3)
    assert found["0-1:0-1"] * mean == pytest.approx(50 + 80 * half, rel=1e-3)


def test_the_best_of_several_clauses_counts() -> None:
    found = found_clauses(side("abcd"), side("ab,cd,efgh"), [(1, 1)])
    mean = (40 + 100) / 2
    half = 1 / np.sqrt(2)
    assert found["0:0"] * mean == pytest.approx((40 + 30 + 30) * half, rel=1e-3)


def test_swapping_the_documents_swaps_the_beads() -> None:
    src, tgt = side("ab,cd", "ef,gh", "ij"), side("cd,ab", "ef", "gh,ij")
    shapes = [(1, 1), (1, 2), (2, 1), (2, 2)]
    ahead, back = found_clauses(src, tgt, shapes), found_clauses(tgt, src, shapes)
    turned = {":".join(reversed(name.split(":"))): value for name, value in back.items()}
    assert ahead == pytest.approx(turned, abs=1e-6)


def test_where_no_unit_is_known_to_close_a_clause_nothing_is_found() -> None:
    src, tgt = side("ab,cd"), replace(side("ab"), closing=None)
    assert clauses_of(tgt) is None
    assert found_clauses(src, tgt, [(1, 1)]) == {"0:0": 0.0}


@pytest.mark.parametrize(("n", "m"), [(0, 3), (3, 0)])
def test_segments_without_sentences_on_one_side(n: int, m: int) -> None:
    src, tgt = side("ab,cd", "ef", "ab"), side("ab", "cdef", "a,b")
    ahead, back = nearest(src.sums, tgt.sums, 4)
    ev = evidence(src, tgt, 4, ahead, back, chain(mutual_best(ahead, back)))
    box = Segments(*(np.array([k]) for k in (0, n, 0, m)))
    bucket = make_bucket(ev, box, np.arange(1), find_shared(ev, box))
    assert bucket.clauses is not None and bucket.dots.shape == (n + 1, m + 1, 1)
