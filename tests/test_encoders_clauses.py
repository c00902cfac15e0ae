"""Where the clauses of sentences end, from words of which some close one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import align.encoders.static as static
from align.encoders.static import clause_ends


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
    assert cut("ab,", "ab,cd,ef,gh,ij,kl,mn", "ab,cd,ef") == [
        ["ab,"],
        ["ab,cd,ef,", "gh,ij,kl,", "mn"],
        ["ab,", "cd,", "ef"],
    ]
