"""No cut where a clause went over to the neighbouring sentence."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

import align.core.tears as module
from align.core.anchors import chain, mutual_best
from align.core.evidence import Evidence, evidence
from align.core.monotone import prepare
from align.core.neighbours import nearest
from align.core.scorer import load_scorer
from align.core.side import Ragged, Side
from align.core.tears import tears

N, D = 130, 64


def side(clauses: list[list[int]], vectors: npt.NDArray[np.float32]) -> Side:
    """Sentences of numbered clauses, ten bytes each."""
    n = len(clauses)
    units = vectors[[c for sentence in clauses for c in sentence]]
    starts = np.cumsum([0, *map(len, clauses)])
    none = Ragged(np.zeros(0, np.int32), np.zeros(n + 1, np.int64))
    zeros = np.zeros(n, np.int64)
    return Side(
        np.stack([units[i:j].sum(0) for i, j in pairwise(starts)]),
        units,
        starts,
        np.full(len(units), 0.5, np.float32),
        np.array([10.0 * len(sentence) for sentence in clauses], np.float32),
        zeros,
        zeros + 1,
        zeros,
        none,
        none,
    )


def documents() -> tuple[Side, Side]:
    """Sentences of three clauses; the last one of sentence 60 is the first of the target's 61."""
    vectors = np.random.default_rng(0).normal(size=(3 * N, D)).astype(np.float32)
    src = [[3 * k, 3 * k + 1, 3 * k + 2] for k in range(N)]
    tgt = [list(sentence) for sentence in src]
    tgt[61].insert(0, tgt[60].pop())
    return side(src, vectors), side(tgt, vectors)


def gathered(src: Side, tgt: Side) -> Evidence:
    ahead, back = nearest(src.sums, tgt.sums, 4)
    return evidence(src, tgt, 6, ahead, back, chain(mutual_best(ahead, back)))


def test_a_clause_that_goes_over_is_seen() -> None:
    every = np.arange(1, N)
    src, tgt = documents()
    assert every[tears(gathered(src, tgt), every, every)].tolist() == [61]
    assert every[tears(gathered(tgt, src), every, every)].tolist() == [61]


def test_many_places_are_looked_at_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ev, every = gathered(*documents()), np.arange(1, N)
    whole = tears(ev, every, every)
    monkeypatch.setattr(module, "ROWS", 7)
    assert (tears(ev, every, every) == whole).all()
    assert not len(tears(ev, every[:0], every[:0]))


def test_the_document_is_not_cut_there() -> None:
    ready = prepare(*documents(), load_scorer("static").restricted(6, 7), 4)
    begins = ready.box.src_first.tolist()
    assert 61 not in begins and {60, 62} <= set(begins)
    assert (ready.box.src_first == ready.box.tgt_first).all()


def between(lengths: tuple[float, float], across: float) -> float:
    """What speaks for a bead across two pairs: the lengths of the second document's, and how far
    the second sentence of the first document turns to the first of the second one."""
    base = np.eye(8, dtype=np.float32)
    src, tgt = (side([[k] for k in range(8)], base) for _ in range(2))
    src.sums[4] += across * base[3]
    tgt.lengths[3:5] = lengths
    return float(module._signs(gathered(src, tgt), np.array([4]), np.array([4]))[0])


def test_what_speaks_for_a_bead_across() -> None:
    assert between((20, 5), 0) == 0  # nothing of the one is in the other
    assert between((10, 10), 1) == 0  # neither grew
    assert between((20, 20), 1) == pytest.approx(0, abs=1e-6)  # both grew alike
    assert between((20, 10), 1) == pytest.approx(np.log(2), abs=1e-5)  # as near as its own
    assert between((20, 5), 1) == pytest.approx(np.log(4), abs=1e-5)
    cosine, own = 0.5 / np.sqrt(1.25), 1 / np.sqrt(1.25)
    usual = (7 + cosine + own) / 64
    share = (cosine - usual) / (own - usual)
    assert between((20, 10), 0.5) == pytest.approx(share * np.log(2), abs=1e-5)
