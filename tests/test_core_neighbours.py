"""Nearest neighbours: blocks of long texts, the inverted index of very long ones."""

from __future__ import annotations

import numpy as np
import pytest

from align.core import neighbours
from align.core.neighbours import Neighbours, indexed, nearest


@pytest.fixture(scope="module")
def noisy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    base = rng.normal(size=(1500, 32)).astype(np.float32)
    queries = base[::-1] + 0.3 * rng.normal(size=base.shape).astype(np.float32)
    return queries.astype(np.float32), base


def test_the_index_finds_what_comparing_everything_finds(
    noisy: tuple[np.ndarray, np.ndarray],
) -> None:
    queries, base = noisy
    found, exact = indexed(queries, base, 2), nearest(queries, base, 2)[0]
    assert (found.ids[:, 0] == exact.ids[:, 0]).mean() > 0.97
    same = found.ids[:, 0] == exact.ids[:, 0]
    assert np.allclose(found.scores[same, 0], exact.scores[same, 0], atol=1e-5)


def test_threads_change_nothing(noisy: tuple[np.ndarray, np.ndarray]) -> None:
    one, two = indexed(*noisy, 2), indexed(*noisy, 2, threads=2)
    assert np.array_equal(one.ids, two.ids)
    assert np.array_equal(one.scores, two.scores)


def test_few_rows() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert indexed(rows, rows, 5).ids[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("moved", [0, 20])
def test_blocks_find_what_comparing_everything_finds(
    moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(6)
    blocks = rng.normal(size=(24, 1, 32)) + rng.normal(size=(24, 64, 32))
    src = blocks.reshape(-1, 32)[:1500].astype(np.float32)
    tgt = np.roll(blocks, moved, 0).reshape(-1, 32)[:1400].astype(np.float32)
    tgt += 0.2 * rng.normal(size=tgt.shape).astype(np.float32)
    exact = nearest(src, tgt, 3)
    monkeypatch.setattr(neighbours, "EXACT", 10_000)
    near = nearest(src, tgt, 3)
    for found, wanted in zip(near, exact, strict=True):
        right = wanted.scores[:, 0] > 0.9
        assert np.array_equal(found.ids[right, 0], wanted.ids[right, 0])
        assert np.allclose(found.scores[right, 0], wanted.scores[right, 0], atol=1e-6)
        assert (np.diff(found.scores, axis=1) <= 0).all()

    def equal(some: tuple[Neighbours, Neighbours]) -> bool:
        return all(
            np.array_equal(x.ids, y.ids) and np.array_equal(x.scores, y.scores)
            for x, y in zip(near, some, strict=True)
        )

    assert equal(nearest(src, tgt, 3, threads=2))
    monkeypatch.setattr(neighbours, "TOGETHER", 1)
    assert equal(nearest(src, tgt, 3))


def test_of_equal_neighbours_the_first() -> None:
    rows = np.ones((5, 2), np.float32)
    for found in nearest(rows, rows[:4], 3):
        assert (found.ids == [0, 1, 2]).all()
        assert np.allclose(found.scores, 1)
