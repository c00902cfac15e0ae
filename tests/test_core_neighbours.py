"""Nearest neighbours: the inverted index of very long texts."""

from __future__ import annotations

import numpy as np
import pytest

from align.core.neighbours import indexed, nearest


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
