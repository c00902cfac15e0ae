"""Evaluation: tables computed by hand, the definition spelled out, files and folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError
from align.evaluate import (
    Evaluation,
    Link,
    Score,
    as_json,
    evaluate,
    evaluate_files,
    merge,
    read_links,
    table,
)

GOLD: list[Link] = [
    ((0,), (0,)),
    ((1,), (1, 2)),
    ((2, 3), (3,)),
    ((4,), ()),
    ((5,), (4,)),
    ((), (5,)),
    ((6,), (6,)),
]


def _counts(score: Score) -> tuple[int, int, int, int]:
    return score.right, score.predicted, score.found, score.gold


@pytest.mark.parametrize(
    ("pred", "strict", "lax", "nulls"),
    [
        # all right: 7 beads, 5 of them pairs
        (GOLD, (7, 7, 5, 5), (7, 7, 5, 5), (2, 2, 2, 2)),
        # nothing
        ([], (0, 0, 0, 5), (0, 0, 0, 5), (0, 0, 0, 2)),
        # 1-2 cut into 1-1 and 0-1: the 1-1 touches the gold, the wrong insertion does not
        (
            [((0,), (0,)), ((1,), (1,)), ((), (2,)), *GOLD[2:]],
            (6, 8, 4, 5),
            (7, 8, 5, 5),
            (2, 3, 2, 2),
        ),
        # the deletion glued to its neighbour: touches; the insertion is missed
        (
            [*GOLD[:3], ((4, 5), (4,)), ((6,), (5, 6))],
            (3, 5, 3, 5),
            (5, 5, 5, 5),
            (0, 0, 0, 2),
        ),
        # everything shifted by one: only 1-1 beads that touch a neighbour's link count laxly.
        # (1)-(0) no, (2)-(1) no, (3)-(2) no, (5)-(3) no
        (
            [((1,), (0,)), ((2,), (1,)), ((3,), (2,)), ((5,), (3,))],
            (0, 4, 0, 5),
            (0, 4, 0, 5),
            (0, 0, 0, 2),
        ),
        # order inside a bead and repeated beads change nothing; empty-empty counts nowhere
        (
            [*GOLD[:2], ((3, 2), (3,)), *GOLD[3:], *GOLD, ((), ())],
            (7, 7, 5, 5),
            (7, 7, 5, 5),
            (2, 2, 2, 2),
        ),
    ],
)
def test_by_hand(
    pred: list[Link],
    strict: tuple[int, ...],
    lax: tuple[int, ...],
    nulls: tuple[int, ...],
) -> None:
    result = evaluate(GOLD, pred)
    assert (_counts(result.strict), _counts(result.lax)) == (strict, lax)
    assert _counts(result.nulls) == nulls


def test_ratios() -> None:
    score = Score(right=6, predicted=8, found=4, gold=5)
    assert (score.precision, score.recall) == (0.75, 0.8)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.8 / 1.55)
    assert (Score().precision, Score().recall, Score().f1) == (0, 0, 0)


def test_one_deletion_of_two_is_two_of_one_for_the_unaligned() -> None:
    result = evaluate([((0,), ()), ((1,), ())], [((0, 1), ())])
    assert _counts(result.strict) == (0, 1, 0, 0)
    assert _counts(result.nulls) == (2, 2, 2, 2)


def test_by_shape() -> None:
    pred: list[Link] = [((0,), (0,)), ((1,), (1,)), ((), (2,)), *GOLD[2:5], ((6,), (5, 6))]
    kinds = {entry.kind: _counts(entry.score) for entry in evaluate(GOLD, pred).by_kind}
    assert kinds == {
        "1-1": (2, 3, 2, 3),
        "1-2": (0, 1, 0, 1),
        "0-1": (0, 1, 0, 1),
        "1-0": (1, 1, 1, 1),
        "2-1": (1, 1, 1, 1),
    }
    assert evaluate(GOLD, pred).by_kind[0].kind == "1-1"


def test_pooling_adds_counts() -> None:
    one, two = evaluate(GOLD, GOLD), evaluate(GOLD, [])
    pooled = merge([one, two])
    assert _counts(pooled.strict) == (7, 7, 5, 10)
    assert (pooled.strict.precision, pooled.strict.recall) == (1.0, 0.5)
    assert pooled.documents == 2
    assert sum(entry.score.gold for entry in pooled.by_kind) == 14
    assert merge([]) == Evaluation()


SIDE = st.lists(st.integers(0, 5), max_size=3, unique=True).map(lambda ids: tuple(sorted(ids)))
LINKS = st.lists(st.tuples(SIDE, SIDE), max_size=8)


@given(gold=LINKS, pred=LINKS)
def test_the_definition(gold: list[Link], pred: list[Link]) -> None:
    g = {bead for bead in gold if bead != ((), ())}
    p = {bead for bead in pred if bead != ((), ())}
    pairs_g, pairs_p = {b for b in g if all(b)}, {b for b in p if all(b)}

    def touches(bead: Link, others: set[Link]) -> bool:
        return bead in others or any(
            set(bead[0]) & set(o[0]) and set(bead[1]) & set(o[1]) for o in others
        )

    result = evaluate(gold, pred)
    assert _counts(result.strict) == (len(p & g), len(p), len(pairs_g & pairs_p), len(pairs_g))
    lax = sum(touches(b, g) for b in p), sum(touches(b, pairs_p) for b in pairs_g)
    assert _counts(result.lax) == (lax[0], len(p), lax[1], len(pairs_g))
    assert result.lax.precision >= result.strict.precision
    assert evaluate(gold, gold).strict.precision == (1.0 if g else 0.0)


# files


def _save(path: Path, links: list[Link]) -> None:
    path.write_text("".join(f"{list(src)}:{list(tgt)}\n" for src, tgt in links))


def test_folders_and_files(tmp_path: Path) -> None:
    gold, pred = tmp_path / "gold", tmp_path / "pred"
    gold.mkdir()
    pred.mkdir()
    for name in ("a", "b"):
        _save(gold / f"{name}.gold", GOLD)
    _save(pred / "a.ladder", GOLD)
    _save(pred / "b.ladder", GOLD[:1])
    result = evaluate_files([str(gold)], [str(pred)])
    assert result == merge([evaluate(GOLD, GOLD), evaluate(GOLD, GOLD[:1])])
    files = [str(gold / "a.gold"), str(gold / "b.gold")]
    assert evaluate_files(files, [str(pred)]) == result
    assert evaluate_files(files, [str(pred / "a.ladder"), str(pred / "b.ladder")]) == result


def test_other_formats(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"src_ids": [0], "tgt_ids": [1, 2]}\n')
    (tmp_path / "x.txt").write_text("[0]:[1, 2]\n")
    (tmp_path / "x.tsv").write_text("src_ids\ttgt_ids\n0\t1,2\n")
    for name in ("x.jsonl", "x.txt", "x.tsv"):
        assert read_links(str(tmp_path / name)) == [((0,), (1, 2))]
    (tmp_path / "x.tsv").write_text("a\tb\n")
    with pytest.raises(AlignError, match=r"x\.tsv: row 1: it has no sentence numbers"):
        read_links(str(tmp_path / "x.tsv"))


def test_missing_partners(tmp_path: Path) -> None:
    with pytest.raises(AlignError, match=r"no \.gold files in this folder"):
        evaluate_files([str(tmp_path)], [str(tmp_path)])
    _save(tmp_path / "a.gold", GOLD)
    (tmp_path / "pred").mkdir()
    with pytest.raises(AlignError, match=r"pred: no a\.ladder, which a\.gold"):
        evaluate_files([str(tmp_path)], [str(tmp_path / "pred")])
    gold = str(tmp_path / "a.gold")
    with pytest.raises(AlignError, match="2 gold files but 1 predictions"):
        evaluate_files([gold, gold], [gold])
    with pytest.raises(AlignError, match=r"b\.gold: no such file"):
        evaluate_files([gold], [str(tmp_path / "b.gold")])


def test_reports() -> None:
    pred: list[Link] = [((0,), (0,)), ((1,), (1,)), ((), (2,)), *GOLD[2:]]
    result = evaluate(GOLD, pred)
    assert table(result).splitlines()[:7] == [
        "             precision    recall        F1  predicted    gold",
        "strict           75.00     80.00     77.42          8       5",
        "lax              87.50    100.00     93.33          8       5",
        "unaligned        66.67    100.00     80.00          3       2",
        "",
        "strict, by shape (source-target)",
        "1-1              75.00    100.00     85.71          4       3",
    ]
    record = json.loads(as_json(result))
    assert record["documents"] == 1
    assert record["strict"] == {
        "precision": 0.75,
        "recall": 0.8,
        "f1": 0.774194,
        "right": 6,
        "predicted": 8,
        "found": 4,
        "gold": 5,
    }
    assert record["by_kind"]["1-2"]["recall"] == 0.0
