"""BLAS is kept to one thread while the core works, and gets its own number back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

import align
from align.core import align as core
from align.core.blas import one_blas_thread


def blas_threads() -> list[int]:
    return [
        one["num_threads"]
        for one in ThreadpoolController().info()
        if one["user_api"] == "blas" and "numpy" in one["filepath"]
    ]


@pytest.fixture
def two() -> Iterator[list[int]]:
    """Numpy's BLAS on two threads."""
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        before = blas_threads()
        if before != [2]:
            pytest.skip(f"this numpy's BLAS cannot be told: {before}")
        yield before


def test_one_inside_and_the_old_number_behind(two: list[int]) -> None:
    with one_blas_thread():
        assert blas_threads() == [1]
    assert blas_threads() == two


def test_the_last_of_several_that_overlap_gives_back(two: list[int]) -> None:
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == [1]
    second.__exit__(None, None, None)
    assert blas_threads() == two


def test_an_error_gives_back_too(two: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0  # noqa: B018
    assert blas_threads() == two


def test_many_threads_at_once(two: list[int]) -> None:
    def work() -> None:
        for _ in range(20):
            with one_blas_thread():
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blas_threads() == two


def test_pairs_are_aligned_on_one(two: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def watched(*arguments: object, **options: object) -> object:
        seen.extend(blas_threads())
        return aligned(*arguments, **options)

    aligned = core.align_monotone
    monkeypatch.setattr(core, "align_monotone", watched)
    rows = np.eye(4, dtype=np.float32)
    align.pair(["a."] * 4, ["b."] * 4, vectors=(rows, rows))
    assert seen == [1]
    assert blas_threads() == two
