"""What the benchmark of several versions is made from: rows in step, and the bound it tells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from align.evaluate import read_links
from align.training.versions import links_of_units
from benchmarks.multi_bound import settled
from benchmarks.multi_texts import LANGS, out_of_step, own_texts, some

PROSE = Path(__file__).resolve().parents[1] / "data" / "prose"


def rows_shifted(count: int, first: int, last: int, by: int) -> list[tuple[str, ...]]:
    """Four versions like in length; in the second, `by` rows are lacking or added from `first` to
    `last`, so that it is out of step between them."""
    rng = np.random.default_rng(1)
    lengths = rng.integers(15, 150, count + 10)
    cells = [["x" * int(n * rng.uniform(0.85, 1.15)) for n in lengths] for _ in range(4)]
    cells[1][first:last] = cells[1][first + by : last + by]
    return list(zip(*(column[:count] for column in cells), strict=True))


@pytest.mark.parametrize("by", [1, 2, -1, -3])
def test_passages_out_of_step_are_found_by_length(by: int) -> None:
    found = np.flatnonzero(out_of_step(rows_shifted(120, 40, 70, by)))
    assert len(found) > 20
    assert set(found) <= set(range(36, 74))
    assert set(range(44, 66)) <= set(found)


def test_rows_in_step_stay() -> None:
    assert not out_of_step(rows_shifted(120, 40, 70, 0)).any()
    assert not out_of_step([("same length",) * 4] * 50).any()
    assert not out_of_step([("one", "eins", "un", "一")]).any()


def test_rows_of_some_length_once_each() -> None:
    rows = [("aaaa", "1"), ("bb", "2"), ("aaaa", "3"), ("cccc", "1"), ("dddd", "4")]
    assert some(rows, (3, 9)) == [("aaaa", "1"), ("dddd", "4")]
    assert some(rows, (1, 3)) == [("bb", "2")]


def test_own_texts_have_the_units_that_gold_follows_from() -> None:
    texts = own_texts(PROSE)
    assert [text.source for text in texts] == sorted(home.name for home in PROSE.iterdir())
    for text in texts:
        found = links_of_units(text.units, 1, 3, text.sizes)
        gold = read_links(str(PROSE / text.source / "gold" / f"{LANGS[1]}-{LANGS[3]}.gold"))
        assert sorted(found) == sorted((tuple(a), tuple(b)) for a, b in gold)


def test_what_third_versions_settle() -> None:
    """Versions 0-2 have it right with 3 and with each other but 0 and 1, who are a step off."""
    one, two = ((0,), (0,)), ((1,), (1,))
    gold = [one, two]
    off = [((0,), (1,)), ((1,), ()), ((), (0,))]
    found = [off, gold, gold, gold, gold, gold]  # 0-1, 0-2, 0-3, 1-2, 1-3, 2-3
    best = settled(found, [gold] * 6, 4)
    assert sorted(best["all"][0]) == sorted(best["any"][0]) == gold
    found[4] = [one, ((1,), ()), ((), (1,))]  # by way of 3 the second is lost
    best = settled(found, [gold] * 6, 4)
    assert sorted(best["all"][0]) == [one, ((1,), ())]
    assert sorted(best["any"][0]) == gold
    assert best["all"][1] == gold


def test_third_versions_settle_what_is_alone() -> None:
    """0 and 1 are linked wrongly; 2 has what 0 says, and nothing of it is in 1."""
    link, left, right = ((0,), (0,)), ((0,), ()), ((), (0,))
    gold = [[left, right], [link], [left, right]]  # 0-1, 0-2, 1-2
    best = settled([[link], [link], [left, right]], gold, 3)
    assert best["all"] == best["any"] == [[left], [link], [left, right]]
    best = settled([[link], [left, right], [left, right]], gold, 3)
    assert best["any"][0] == [link]  # 2 knows nothing of it
