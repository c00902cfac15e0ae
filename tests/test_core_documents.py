"""Documents that break what aligners assume: gaps, excerpts, repeats, another order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import align
from align.core.anchors import Anchors, segments

Vectors = npt.NDArray[np.float32]
DIMS, NOISE = 256, 0.5


def meanings(count: int, seed: int) -> Vectors:
    """Unit vectors that have nothing to do with each other."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMS)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def rendered(meaning: Vectors, seed: int) -> Vectors:
    """The same said in one language: with noise, of length 1."""
    noise = np.random.default_rng(seed).standard_normal(meaning.shape).astype(np.float32)
    rows = meaning + NOISE / np.sqrt(DIMS) * noise
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def aligned(src: Vectors, tgt: Vectors, **options: object) -> align.Alignment:
    sides = [["lo lo lo."] * len(side) for side in (src, tgt)]
    found = align.pair(*sides, vectors=(rendered(src, 1), rendered(tgt, 2)), **options)
    for side, count in (("src_ids", len(src)), ("tgt_ids", len(tgt))):
        ids = [i for bead in found.beads for i in getattr(bead, side)]
        assert sorted(ids) == list(range(count))  # every sentence once
    return found


def right(found: align.Alignment, wanted: set[tuple[int, int]]) -> tuple[int, int]:
    """How many 1-1 links there are, and how many of them are wanted."""
    links = {(b.src_ids[0], b.tgt_ids[0]) for b in found if b.kind == "1-1"}
    return len(links), len(links & wanted)


@pytest.mark.parametrize("start", [0, 1300, 2700], ids=["beginning", "middle", "end"])
@pytest.mark.parametrize("turned", [False, True], ids=["excerpt-book", "book-excerpt"])
def test_excerpt_beside_the_whole_book(start: int, turned: bool) -> None:
    book = meanings(3000, 3)
    src, tgt = book[start : start + 300], book
    if turned:
        found = aligned(tgt, src)
        wanted = {(start + i, i) for i in range(300)}
    else:
        found = aligned(src, tgt)
        wanted = {(i, start + i) for i in range(300)}
    links, hits = right(found, wanted)
    assert hits >= 298
    assert links == hits


@pytest.mark.parametrize("other", [0, 5, 350])
def test_a_long_passage_in_the_middle_has_no_counterpart(other: int) -> None:
    before, after = meanings(700, 4), meanings(700, 5)
    src = np.concatenate([before, meanings(500, 6), after])
    tgt = np.concatenate([before, meanings(other, 7), after])
    found = aligned(src, tgt)
    wanted = {(i, i) for i in range(700)} | {(1200 + i, 700 + other + i) for i in range(700)}
    assert right(found, wanted)[1] >= 1394


@pytest.mark.parametrize("others", [60, 500])
def test_less_than_half_of_both_documents_is_in_the_other(others: int) -> None:
    shared, size = meanings(200, 20), others + 200
    missing = np.arange(200) % 8 == 4  # each stands alone, though its neighbours are surely linked
    found = aligned(
        np.concatenate([meanings(size, 21), shared]),
        np.concatenate([shared[~missing], meanings(size, 22)]),
    )
    wanted = {(size + int(i), j) for j, i in enumerate(np.flatnonzero(~missing))}
    assert {(b.src_ids[0], b.tgt_ids[0]) for b in found} == wanted
    assert all(bead.kind == "1-1" for bead in found)


def test_thousands_of_identical_lines() -> None:
    same = np.repeat(meanings(1, 8), 2000, axis=0)
    text = np.concatenate([meanings(300, 9), same, meanings(300, 10)])
    sides = [["lo lo lo."] * len(text)] * 2
    around = rendered(text, 1), rendered(text, 2)
    for vectors in around:
        vectors[300:2300] = same  # to the last bit
    found = align.pair(*sides, vectors=around)
    links, hits = right(found, {(i, i) for i in range(2600)})
    assert links == hits >= 2598


@pytest.mark.parametrize("monotone", [False, True])
def test_a_shift_of_half_the_document(monotone: bool) -> None:
    one, two, three = meanings(800, 11), meanings(800, 12), meanings(800, 13)
    found = aligned(np.concatenate([one, two]), np.concatenate([two, three]), monotone=monotone)
    links, hits = right(found, {(800 + i, i) for i in range(800)})
    assert hits >= 792
    assert links - hits <= 24  # leftovers that look alike by chance count as moved


def test_two_books_bound_in_the_opposite_order() -> None:
    one, two = meanings(700, 14), meanings(1000, 15)
    found = aligned(np.concatenate([one, two]), np.concatenate([two, one]))
    wanted = {(700 + i, i) for i in range(1000)} | {(i, 1000 + i) for i in range(700)}
    links, hits = right(found, wanted)
    assert hits >= 1680
    assert links - hits <= 24  # leftovers that look alike by chance count as moved
    moved = [bead for bead in found if bead.moved]
    assert len(moved) >= 680
    assert all(bead.src_ids[0] < 700 for bead in moved)


def test_the_number_of_threads_changes_nothing() -> None:
    text = meanings(1700, 16)
    src, tgt = text, np.delete(text, [5, 6, 900, 1500], axis=0)
    one = aligned(src, tgt, threads=1)
    assert one.beads == aligned(src, tgt, threads=2).beads == aligned(src, tgt, threads=7).beads


@pytest.mark.parametrize(("n", "m"), [(4000, 4000), (40, 9000), (9000, 3), (120_000, 30), (1, 1)])
@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_segments_have_few_cells_and_leave_nothing_out(n: int, m: int, share: float) -> None:
    rng = np.random.default_rng(17)
    count = int(share * min(n, m))
    src, tgt = (np.sort(rng.choice(size, count, replace=False)) for size in (n, m))
    margin = rng.random(count).astype(np.float32)
    box = segments(Anchors(src, tgt, margin, margin), n, m, 0.1, 0.0, 96)
    assert box.src_first[0] == box.tgt_first[0] == 0
    assert (box.src_last[-1], box.tgt_last[-1]) == (n, m)
    assert (box.src_first[1:] == box.src_last[:-1]).all()
    assert (box.tgt_first[1:] == box.tgt_last[:-1]).all()
    h, w = box.src_last - box.src_first, box.tgt_last - box.tgt_first
    assert (h >= 0).all() and (w >= 0).all() and (h + w > 0).all()
    assert (h * w).sum() <= 48 * (n + m)


def test_lines_that_come_again_do_not_keep_a_document_whole() -> None:
    size = 200
    again = np.arange(size) % 4 == 3
    at, sure = np.flatnonzero(~again), np.ones(int((~again).sum()), np.float32)
    cut = [
        segments(Anchors(at, at, sure, sure), size, size, 0.1, 0.0, 96, flags).src_first
        for flags in (None, (again, again), (again, ~again))
    ]
    assert [len(first) for first in cut] == [4, 99, 4]  # at weak anchors only, inside each three
    assert set((cut[1][1:] % 4).tolist()) == {1, 2}  # never beside a line that comes again
