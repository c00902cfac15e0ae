"""Where the clauses of sentences end, from words of which some close one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import align.encoders.static as static
from align.encoders.static import Clauses, clause_ends, joined


def cut(*sentences: str) -> list[list[str]]:
    """A letter is a word, a comma closes a clause."""
    starts = np.cumsum([0, *map(len, sentences)])
    letters = "".join(sentences)
    ends, first = clause_ends(starts, np.array([c == "," for c in letters], bool))
    clauses = [letters[i:j] for i, j in pairwise([0, *ends])]
    return [clauses[i:j] for i, j in pairwise(first)]


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
    assert cut(*texts) == clauses


def test_an_endless_sentence_has_longer_clauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static, "MOST", 3)
    vectors = np.eye(14, dtype=np.float32)
    found = Clauses(
        np.zeros((4, 14), np.float32),
        vectors,
        np.array([0, 1, 1, 11, 14]),  # the third has ten clauses
        np.arange(14) + 2,
    )
    made = joined(found)
    assert made.starts.tolist() == [0, 1, 1, 4, 7]
    parts = [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10], [11], [12], [13]]
    assert made.vectors.tolist() == [vectors[part].sum(0).tolist() for part in parts]
    assert made.sizes.tolist() == [sum(k + 2 for k in part) for part in parts]
    monkeypatch.setattr(static, "MOST", 10)
    assert joined(found) is found
