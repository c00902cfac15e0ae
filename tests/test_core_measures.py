"""What the core counts in one go, against the same counted one by one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest

import align.core.neighbours as neighbours
from align.core.anchors import Segments, chain, mutual_best
from align.core.blocks import running
from align.core.bucket import make_bucket
from align.core.evidence import Evidence, evidence, find_shared
from align.core.features import BEAD_FEATURES, bead_features
from align.core.lattice import turned
from align.core.monotone import CELLS, WASTE, buckets
from align.core.neighbours import nearest
from align.core.scorer import load_scorer, score_bucket
from align.core.shared import rarity
from align.core.side import Ragged, Side

D = 8


def ragged(rng: np.random.Generator, n: int, kinds: int, most: int) -> Ragged:
    counts = rng.integers(0, most + 1, n)
    ids = rng.integers(0, kinds, int(counts.sum())).astype(np.int32)
    return Ragged(ids, np.concatenate([[0], np.cumsum(counts)]))


def random_side(seed: int, n: int) -> Side:
    """Sentences of units, with marks of every kind."""
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(30, D)).astype(np.float32)
    words = ragged(rng, n, 30, 6)
    units = table[words.ids]
    sums = np.stack([units[i:j].sum(0) for i, j in pairwise(words.starts.tolist())])
    return Side(
        sums.astype(np.float32),
        units,
        words.starts,
        rng.random(len(units), np.float32),
        rng.integers(1, 200, n).astype(np.float32),
        np.cumsum(rng.integers(0, 2, n)),
        rng.integers(0, 7, n),
        rng.integers(0, 128, n),
        ragged(rng, n, 4, 2),
        ragged(rng, n, 6, 2),
    )


def gathered(src: Side, tgt: Side) -> Evidence:
    ahead, back = nearest(src.sums, tgt.sums, 4)
    return evidence(src, tgt, 4, ahead, back, chain(mutual_best(ahead, back)))


@pytest.fixture(scope="module")
def pair() -> Evidence:
    return gathered(random_side(1, 12), random_side(2, 14))


BOX = Segments(*(np.array(x) for x in ([0, 5], [5, 12], [0, 6], [6, 14])))


def test_simple_features_of_every_bead(pair: Evidence) -> None:
    src, tgt = pair.src, pair.tgt
    bucket = make_bucket(pair, BOX, np.arange(2), find_shared(pair, BOX))
    for (a, b), found in bead_features(bucket, [(1, 1), (1, 3), (2, 2), (4, 1)]):
        of = dict(zip(BEAD_FEATURES, found, strict=True))
        for s in range(2):
            for i in range(BOX.src_last[s] - BOX.src_first[s] + 1 - a):
                for j in range(BOX.tgt_last[s] - BOX.tgt_first[s] + 1 - b):
                    own = slice(BOX.src_first[s] + i, BOX.src_first[s] + i + a)
                    other = slice(BOX.tgt_first[s] + j, BOX.tgt_first[s] + j + b)
                    x, y = src.sums[own].sum(0), tgt.sums[other].sum(0)
                    cosine = x @ y / max(np.linalg.norm(x) * np.linalg.norm(y), 1e-6)
                    sizes = src.lengths[own].sum(), tgt.lengths[other].sum()
                    off = abs(np.log(sizes[1] / sizes[0]) - pair.ratio)
                    shared = sum(
                        src.numbers.ids[p] == tgt.numbers.ids[q]
                        for p in range(src.numbers.starts[own.start], src.numbers.starts[own.stop])
                        for q in range(
                            tgt.numbers.starts[other.start], tgt.numbers.starts[other.stop]
                        )
                    )
                    odd = (src.marks[own] & 1).sum() % 2 != (tgt.marks[other] & 1).sum() % 2
                    speech = (src.marks[own] & 64).any() != (tgt.marks[other] & 64).any()
                    breaks = (np.diff(src.paragraphs[own]) != 0).sum()
                    breaks += (np.diff(tgt.paragraphs[other]) != 0).sum()
                    expected = {
                        "cosine": cosine,
                        "length": min(off, 2),
                        "length x size": min(off * min(sum(sizes) / 200, 4) ** 0.5, 3),
                        "numbers shared": shared,
                        "quotes differ": float(odd),
                        "speech on one side": float(speech),
                        "paragraph inside": breaks,
                    }
                    for name, value in expected.items():
                        assert of[name][i, j, s] == pytest.approx(value, abs=1e-4), name


def test_a_segment_scores_the_same_in_any_company(pair: Evidence) -> None:
    scorer = load_scorer("static").restricted(4, 5)
    shared = find_shared(pair, BOX)
    both = score_bucket(make_bucket(pair, BOX, np.arange(2), shared), scorer)
    for s in range(2):
        one = score_bucket(make_bucket(pair, BOX, np.array([s]), shared), scorer)
        rows, _, columns, _ = one.beads.shape
        same = both.shapes.number[one.shapes.a, one.shapes.b]
        assert np.allclose(both.beads[..., s][:rows, same, :columns], one.beads[..., 0], atol=1e-4)


def test_swapping_the_documents_mirrors_the_scores() -> None:
    src, tgt = random_side(3, 9), random_side(4, 7)
    scorer = load_scorer("static").restricted(4, 5)
    found = []
    for x, y in ((src, tgt), (tgt, src)):
        ev = gathered(x, y)
        box = Segments(*(np.array([k]) for k in (0, len(x), 0, len(y))))
        found.append(
            score_bucket(make_bucket(ev, box, np.zeros(1, int), find_shared(ev, box)), scorer)
        )
    back = turned(found[1])
    assert (found[0].shapes.number == back.shapes.number).all()
    assert np.allclose(found[0].beads, back.beads, atol=1e-4)


def test_running_sums() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    for axis in range(3):
        assert np.array_equal(running(values.copy(), axis), np.cumsum(values, axis))


@pytest.mark.parametrize("kinds", [5, 400, 2**31 - 1])
def test_rarity_counts_every_name(kinds: int) -> None:
    rng = np.random.default_rng(kinds)
    src, tgt = ragged(rng, 300, kinds, 4), ragged(rng, 200, kinds, 4)
    a, b = Counter(src.ids.tolist()), Counter(tgt.ids.tolist())
    for found, side in zip(rarity(src, tgt), (src, tgt), strict=True):
        expected = [
            1 / sqrt((a[name] + b[name]) / 2) if a[name] and b[name] else 0
            for name in side.ids.tolist()
        ]
        assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_neighbours_are_the_same_however_many_rows_are_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(9)
    src, tgt = (rng.normal(size=(n, D)).astype(np.float32) for n in (300, 210))
    inverse = [1 / np.linalg.norm(x, axis=1).astype(np.float32) for x in (src, tgt)]
    whole = nearest(src, tgt, 4)
    monkeypatch.setattr(neighbours, "EXACT", 7 * 210)
    for one, two in zip(whole, neighbours._whole(src, tgt, *inverse, 4), strict=True):
        assert np.array_equal(one.ids, two.ids)
        assert np.allclose(one.scores, two.scores, atol=1e-6)


def test_buckets_hold_every_segment_once() -> None:
    rng = np.random.default_rng(11)
    height, width = rng.geometric(0.3, 3000), rng.geometric(0.25, 3000)
    i, j = np.cumsum(height), np.cumsum(width)
    found = list(buckets(Segments(i - height, i, j - width, j)))
    assert sorted(np.concatenate(found).tolist()) == list(range(3000))
    for some in found:
        padded = len(some) * (height[some].max() + 1) * (width[some].max() + 1)
        assert padded <= CELLS
        assert padded - ((height + 1) * (width + 1))[some].sum() <= WASTE
