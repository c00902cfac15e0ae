"""benchmarks/explore.py: ways to cut text, experimental losses, optimisers, a run that goes on."""

# ruff: noqa: E402 - without torch there is nothing to import

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
sys.path.insert(0, str(Path(__file__).parents[1]))

from align.training import encoder
from align.training.batches import Batch
from align.training.vocabulary import build_tokenizer
from benchmarks import explore, explore_lab, explore_parts, training_tables


@pytest.mark.parametrize(
    ("fold", "text", "expected"),
    [
        ("case kept", "Der Ä ＡＢ 漢", "Der Ä AB 汉"),
        ("accents folded", "Été Ångström", "ete angstrom"),
        ("numbers alike", "1,000 und 1.000.000 et 12 000", "1000 und 1000000 et 12000"),
        ("numbers alike", "3.14, 2,50 und 1,2345", "3.14, 2,50 und 1,2345"),
        ("numbers alike", "3万 1.5亿", "30000 150000000"),
        ("digits apart", "im Jahr 2008", "im jahr 2 0 0 8"),
        ("characters apart", "a 中国人 b", "a 中 国 人 b"),
        ("traditional as it is", "漢 A", "漢 a"),
    ],
)
def test_folds(fold: str, text: str, expected: str) -> None:
    assert explore_parts.FOLDS[fold](text) == expected


def test_cutter_leaves_out_what_is_unknown_and_adds_grams() -> None:
    tokenizer = build_tokenizer([("haus", -1.0), ("h", -2.0), ("a", -2.0), ("b", -2.0)])
    cutter = explore_parts.Cutter(tokenizer, explore_parts.FOLDS[""])
    ids, counts = cutter(["Haus ab", "", "z haus"])
    assert ids.tolist() == [1, 3, 4, 1]
    assert counts.tolist() == [3, 0, 1]
    assert cutter.unknown_share(["haus z"]) == 50.0
    with_grams = explore_parts.Cutter(tokenizer, explore_parts.FOLDS[""], 10)
    ids, counts = with_grams(["haus", "ab"])
    assert with_grams.count == 15
    assert counts.tolist() == [1, 4]  # <ab, ab>
    assert ids[:3].tolist() == [1, 3, 4]
    assert all(5 <= i < 15 for i in ids[3:])


def batch(keys: list[int]) -> Batch:
    tokens, starts = np.arange(len(keys)), np.arange(len(keys))
    return Batch("de-en", tokens, starts, tokens, starts, np.array(keys), np.array(keys))


def units(count: int, seed: int) -> Any:
    torch.manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, 4))


def test_experimental_losses_begin_as_the_trainers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    a, b, made = units(5, 0), units(5, 1), batch([0, 1, 2, 3, 3])
    own = encoder._Loss(torch, "cuda", encoder.Settings())(a, b, made)
    cached = explore_parts.Cached(torch, "cpu", encoder.Settings())
    first = cached(a, b, made)
    assert first[:2] == pytest.approx(own[:2], rel=5e-3)  # bfloat16
    assert torch.allclose(first[2], own[2], atol=5e-2)
    assert cached(a, b, batch([5, 6, 7, 8, 8]))[0] > first[0]


def test_cached_negatives_stand_beside_those_of_the_batch() -> None:
    cached = explore_parts.Cached(torch, "cpu", encoder.Settings(scale=3.0, margin=0.0))
    a, b, c, d = (units(2, seed) for seed in range(4))
    cached(c, d, batch([0, 1]))
    loss, _, gradient = cached(a, b, batch([2, 3]))
    a, b = a.requires_grad_(), b.requires_grad_()
    old, own = torch.stack([c[0], d[0]]), torch.arange(2)  # every second one
    sides = (torch.cat([x @ y.T, x @ old.T], 1) for x, y in ((a, b), (b, a)))
    expected = sum(torch.nn.functional.cross_entropy(3 * side, own) for side in sides) / 2
    expected.backward()
    assert loss == pytest.approx(float(expected.detach()), rel=5e-3)
    assert torch.allclose(gradient, torch.cat([a.grad, b.grad]), atol=2e-2)


def test_a_text_is_not_its_own_cached_negative() -> None:
    cached = explore_parts.Cached(torch, "cpu", encoder.Settings())
    a, b = units(1, 0), units(1, 1)
    assert [cached(a, b, batch([key]))[0] > 1e-6 for key in (7, 7, 8, 8)] == [0, 0, 1, 0]


def test_a_teacher_who_agrees_changes_nothing() -> None:
    settings = encoder.Settings(margin=0.0, scale=60.0)
    a = torch.eye(4)
    explore_parts.Distilled.teach(np.eye(4, dtype=np.float32))
    loss, right, gradient = explore_parts.Distilled(torch, "cpu", settings)(
        a, a, batch([0, 1, 2, 3])
    )
    assert (round(loss, 4), right) == (0.0, 1.0)
    assert float(gradient.abs().max()) < 1e-4


def test_lazy_adam_is_torchs_sparse_adam() -> None:
    start = units(6, 0)
    other = torch.nn.Parameter(start.clone())
    theirs = torch.optim.SparseAdam([other], lr=0.1, betas=(0.9, 0.99))
    start.grad = torch.zeros_like(start)
    lazy = explore_parts.Lazy([start], 0.1, (0.9, 0.99))
    for rows in ([0, 2], [2, 5], [0, 5]):
        slopes = units(2, sum(rows))
        start.grad[rows] = slopes
        other.grad = torch.sparse_coo_tensor([rows], slopes, start.shape)
        lazy.step()
        theirs.step()
        lazy.zero_grad()
    assert torch.allclose(start, other.detach(), atol=1e-6)


def test_fewer_bits_are_coarser() -> None:
    vectors = units(64, 0).numpy()
    errors = [np.abs(explore.coarse(vectors, bits) - vectors).mean() for bits in (8, 4, 2, 1)]
    assert errors == sorted(errors)
    assert errors[0] < 0.01
    assert len(np.unique(np.sign(explore.coarse(vectors, 1)))) == 2


def test_a_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(0)
    words = [
        ("".join(rng.choices("abcde", k=5)), "".join(rng.choices("fghij", k=5))) for _ in range(99)
    ]
    for folder, count in (("open", 300), ("crowd", 500)):
        chosen = [rng.choices(words, k=12) for _ in range(count)]
        rows = ["\t".join(" ".join(side) for side in zip(*row, strict=True)) for row in chosen]
        (tmp_path / folder).mkdir()
        text = "".join(f"{row}\n" for row in ["en\tde", *rows])
        (tmp_path / folder / "made.tsv").write_text(text, encoding="utf-8")
    (tmp_path / "pud").mkdir()
    for i, lang in enumerate(("en", "de")):
        lines = (" ".join(word[i] for word in words[n : n + 6]) for n in range(40))
        (tmp_path / "pud" / f"t.{lang}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    small = explore_lab.Variant(
        explore_lab.Cut(size=150),
        explore.Recipe(size=64, run=8),
        explore.Settings(dims=8, steps=5, minutes=None, threads=1),
    )
    plan = {
        "x": {
            "cached": replace(small, hook="cached"),
            "BPE": replace(small, cut=replace(small.cut, kind="BPE")),
        }
    }
    monkeypatch.setattr(explore, "BASE", small)
    monkeypatch.setattr(explore, "PLAN", plan)
    monkeypatch.setattr(explore, "rescored", lambda lab: {})
    monkeypatch.setattr(training_tables, "RESULTS", tmp_path)
    out = tmp_path / "explore.json"
    given = [str(tmp_path / "open"), "--retrieval", str(tmp_path / "pud"), "--crowd"]
    given += [str(tmp_path / "crowd"), "--work", str(tmp_path / "work"), "-o", str(out)]
    assert explore.main([*given, "--seeds", "0", "1", "--only", "base"]) == 0
    assert explore.main([*given, "--seeds", "0", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2 + 4
    found = json.loads(out.read_text("utf-8"))
    assert list(found["groups"]) == ["base", "x"]
    assert set(found["groups"]["x"]["BPE"]) == {"0", "1"}
    row = found["groups"]["x"]["cached"]["0"]["scores"]["en-de"]
    assert set(row) == {"cosine", "margin", "among", "other"}
    assert 0 <= row["among"] <= row["cosine"] <= 100
    table = training_tables.explore_table().splitlines()
    assert table[4] == "| **x** | cached |" + table[4].partition("cached |")[2]
    assert len(table) == 8
    monkeypatch.setattr(explore, "BASE", replace(small, without="y"))
    with pytest.raises(SystemExit, match="another base"):
        explore.main(given)
