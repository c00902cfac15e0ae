"""`align score` and `align filter`: features by hand, probabilities on real text, files, errors."""

from __future__ import annotations

import importlib
import io
import itertools
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import align
from align.cli import main
from align.core.pairwise import (
    FEATURES,
    Column,
    different,
    load_weights,
    pair_features,
    probabilities,
)
from align.core.side import Ragged
from align.errors import AlignError
from align.formats import Header, Row, read_rows, write_rows
from align.score import PairScorer
from align.score_files import Tally, filter_file, score_file, scored
from align.training.pairs import FAR, NEAR, SHUFFLED, learn, make_mix

DATA = Path(__file__).resolve().parents[1] / "data"
LANGS = ("en", "de", "fr", "zh")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Undo what the command line does to its process: logging and environment."""
    log = logging.getLogger("align")
    level, handlers, environment = log.level, list(log.handlers), dict(os.environ)
    yield
    log.setLevel(level)
    log.handlers[:] = handlers
    os.environ.clear()
    os.environ.update(environment)


# features


def column(
    vectors: list[list[float]], lengths: list[int], numbers: list[list[int]], keys: list[int]
) -> Column:
    starts = np.cumsum([0, *map(len, numbers)])
    flat = np.array([n for part in numbers for n in part], np.int32)
    units = np.array(vectors, np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    return Column(units, np.array(lengths, np.float32), Ragged(flat, starts), np.array(keys))


def named(features: np.ndarray, row: int) -> dict[str, float]:  # type: ignore[type-arg]
    return dict(zip(FEATURES, features[row].tolist(), strict=True))


def test_features_by_hand() -> None:
    src = column([[1, 0], [0, 1], [1, 0]], [10, 20, 10], [[7], [], [1, 2]], [1, 2, 3])
    tgt = column([[1, 0], [0, 1], [0, 1]], [10, 20, 40], [[7], [5], [2, 3]], [4, 5, 6])
    found = pair_features(src, tgt)
    # the cosines of sentences in different rows: 0 0 | 0 1 | 1 0, mean 1/3
    spread = (1 / 3 - 1 / 9) ** 0.5
    first, last = named(found, 0), named(found, 2)
    assert first["constant"] == 1
    assert first["cosine"] == pytest.approx((1 - 1 / 3) / spread)
    assert first["cosine x size"] == pytest.approx(first["cosine"] * np.log(10))
    # the best others: 0 for the source (1/3 fills up), 1 for the target (row 2 is like it)
    assert first["above the nearest other"] == pytest.approx(0)
    assert last["above the nearest other"] == pytest.approx((0 - 1) / spread)
    assert first["length"] == 0
    assert last["length"] == pytest.approx(np.log(4))
    assert [named(found, i)["numbers shared"] for i in range(3)] == [1, 0, 1]
    assert [named(found, i)["numbers odd"] for i in range(3)] == [0, 1, 2]
    assert first["size"] == pytest.approx(np.log(10))
    assert first["few"] == pytest.approx(1 / 3)
    assert last["few x above the nearest other"] == pytest.approx(-1 / spread / 3)


def random_columns(n: int, seed: int = 0) -> tuple[Column, Column]:
    rng = np.random.default_rng(seed)
    sides = []
    for side in range(2):
        numbers = [sorted(set(rng.integers(0, 9, rng.integers(0, 3)).tolist())) for _ in range(n)]
        sides.append(
            column(
                rng.normal(size=(n, 8)).tolist(),
                rng.integers(1, 90, n).tolist(),
                numbers,
                (rng.integers(0, 40, n) + 100 * side).tolist(),
            )
        )
    return sides[0], sides[1]


def test_sides_can_be_swapped() -> None:
    src, tgt = random_columns(50)
    assert pair_features(src, tgt) == pytest.approx(pair_features(tgt, src), abs=1e-4)


def test_the_order_of_the_rows_does_not_matter() -> None:
    src, tgt = random_columns(50)
    order = np.random.default_rng(1).permutation(50)

    def moved(c: Column) -> Column:
        parts = [c.numbers.ids[c.numbers.starts[i] : c.numbers.starts[i + 1]] for i in order]
        starts = np.cumsum([0, *map(len, parts)])
        ragged = Ragged(np.concatenate(parts), starts)
        return Column(c.vectors[order], c.lengths[order], ragged, c.keys[order])

    found = pair_features(moved(src), moved(tgt))
    assert found == pytest.approx(pair_features(src, tgt)[order], abs=1e-4)


def test_rows_that_say_the_same_are_no_rivals() -> None:
    src = column([[1, 0], [1, 0], [0, 1]], [9, 9, 9], [[], [], []], [1, 1, 2])
    tgt = column([[1, 0], [1, 0], [0, 1]], [9, 9, 9], [[], [], []], [3, 3, 4])
    assert different(src, tgt) == 2
    found = pair_features(src, tgt)
    assert (found[:, FEATURES.index("above the nearest other")] > 0).all()


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_and_others(n: int) -> None:
    src, tgt = random_columns(n)
    others = np.eye(8, dtype=np.float32)
    for found in (pair_features(src, tgt), pair_features(src, tgt, (others, others))):
        assert found.shape == (n, len(FEATURES))
        assert np.isfinite(found).all()


def test_probabilities_are_logistic() -> None:
    x = np.array([[1.0, 0.0], [1.0, 2.0]], np.float32)
    w = np.array([0.0, 1.0], np.float32)
    assert probabilities(x, w) == pytest.approx([0.5, 1 / (1 + np.exp(-2))])
    assert len(load_weights()) == len(FEATURES)


# learning


def test_mixes() -> None:
    pairs = [(f"s{i}", f"t{i}") for i in range(400)]
    for kind in (NEAR, FAR, SHUFFLED):
        mix = make_mix(pairs, kind, np.random.default_rng(0))
        right = [s[1:] == t[1:] for s, t in zip(mix.src, mix.tgt, strict=True)]
        assert right == mix.true.tolist()
        assert 150 < sum(right) < 250
        ordered = mix.src == [s for s, _ in pairs]
        assert ordered == (kind != SHUFFLED)
        apart = [abs(int(s[1:]) - int(t[1:])) for s, t in zip(mix.src, mix.tgt, strict=True)]
        wrong = sorted(d for d in apart if d)
        assert (wrong[len(wrong) // 2] < 10) == (kind == NEAR)
    same = make_mix([("s", "t")] * 50, FAR, np.random.default_rng(0))
    assert same.true.all()


def test_learning_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([np.ones((20_000, 1)), rng.normal(size=(20_000, 2)) * [1, 10]], 1)
    w = np.array([0.5, -2.0, 0.1])
    true = rng.random(20_000) < 1 / (1 + np.exp(-x @ w))
    assert learn(x.astype(np.float32), true) == pytest.approx(w, abs=0.08)
    half = np.r_[np.ones(10_000), np.zeros(10_000)].astype(np.float32)
    alone = learn(x[:10_000].astype(np.float32), true[:10_000])
    assert learn(x.astype(np.float32), true, half) == pytest.approx(alone, abs=0.01)


# real text


def corresponding(a: str, b: str) -> list[tuple[str, str]]:
    """The 1-1 pairs of the project's own article and story."""
    pairs = []
    for home in (DATA, DATA / "story"):
        sides = [
            (home / f"sentences/{lang}.txt").read_text("utf-8").splitlines() for lang in (a, b)
        ]
        for row in read_rows(home / f"gold/{a}-{b}.gold"):
            if row.kind == "1-1" and row.src_ids and row.tgt_ids:
                pairs.append((sides[0][row.src_ids[0]], sides[1][row.tgt_ids[0]]))
    return pairs


def auc(probability: np.ndarray, true: np.ndarray) -> float:  # type: ignore[type-arg]
    good, bad = probability[true], probability[~true]
    return float((good[:, None] > bad).mean() + (good[:, None] == bad).mean() / 2)


@pytest.fixture(scope="module")
def scorer() -> PairScorer:
    return PairScorer()


@pytest.mark.parametrize("langs", list(itertools.combinations(LANGS, 2)), ids="-".join)
@pytest.mark.parametrize("kind", [NEAR, FAR, SHUFFLED])
def test_true_pairs_are_told_from_shifted_ones(
    langs: tuple[str, str], kind: str, scorer: PairScorer
) -> None:
    mix = make_mix(corresponding(*langs), kind, np.random.default_rng(0))
    found = scorer(mix.src, mix.tgt)
    assert auc(found, mix.true) >= 0.98
    assert ((found > 0.5) == mix.true).mean() >= 0.92


def test_the_verb(scorer: PairScorer) -> None:
    src, tgt = ["Where is the station?", "Good morning."], ["Wo ist der Bahnhof?", "Adieu."]
    found = align.score(src, tgt)
    assert (found.dtype, found.tolist()) == (np.float32, scorer(src, tgt).tolist())
    with pytest.raises(AlignError, match="expected two lists of sentences, got a text"):
        align.score("Good morning.", "Guten Morgen.")


def test_a_row_that_repeats_is_no_surrounding(scorer: PairScorer) -> None:
    right = ("I like tea with milk.", "Ich mag Tee mit Milch.")
    wrong = ("Where is the station?", "Am Sonntag gab es Kuchen.")
    for rows in ([wrong] * 300, [right] * 300, [wrong] * 70 + [right], [wrong] + [right] * 300):
        found = scorer([s for s, _ in rows], [t for _, t in rows])
        assert ((found > 0.5) == [row == right for row in rows]).all()


def test_few_pairs(scorer: PairScorer) -> None:
    src = ["The ferry runs every half hour.", "Where is the station?"]
    tgt = ["Die Fähre fährt jede halbe Stunde.", "Wo ist der Bahnhof?"]
    assert (scorer(src, tgt) > 0.9).all()
    assert (scorer(src, tgt[::-1]) < 0.1).all()
    assert scorer(src[:1], tgt[:1])[0] > 0.8  # a pair alone is surrounded by nothing
    assert scorer(src[:1], tgt[1:])[0] < 0.1
    assert scorer([], []).shape == (0,)


def test_empty_sides_have_no_probability(scorer: PairScorer) -> None:
    found = scorer(["Good morning.", "", "  ", "x"], ["Guten Morgen.", "Leer.", "Leer.", ""])
    assert found[0] > 0.5
    assert found[1:].tolist() == [0, 0, 0]


def test_sides_of_different_length(scorer: PairScorer) -> None:
    with pytest.raises(AlignError, match="as many targets as sources, got 2 and 1"):
        scorer(["a", "b"], ["c"])


def test_strange_text(scorer: PairScorer) -> None:
    strange = ["\ud800", "\x00", "!" * 300, "\u202e", "😀", "一" * 500, "1" * 400]
    found = scorer(strange, strange[::-1])
    assert np.isfinite(found).all()


def test_chunks_are_as_good_as_the_whole(
    scorer: PairScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = (corresponding("en", "de") * 20)[:1200]
    src, tgt = (list(side) for side in zip(*pairs, strict=True))
    whole = scorer(src, tgt)
    for module in ("align.score", "align.score_files"):
        monkeypatch.setattr(sys.modules[module], "CHUNK", 512)
    assert scorer(src, tgt).tolist() == whole.tolist()
    rows = list(scored((Row(s, t) for s, t in pairs), scorer))
    assert [row.probability for row in rows] == whole.tolist()


def test_rows_stream(scorer: PairScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["align.score_files"], "CHUNK", 300)
    read = 0

    def rows() -> Iterator[Row]:
        nonlocal read
        for i in range(3000):
            read += 1
            yield Row(f"sentence {i}", f"Satz {i}")

    stream = scored(rows(), scorer)
    next(stream)
    assert read == 600  # a chunk, and the next to see whether it is long enough
    assert len(list(stream)) == 2999


# files

PAIRS = [
    Row("The ferry runs every half hour.", "Die Fähre fährt jede halbe Stunde."),
    Row("Where is the station?", "Am Sonntag gab es Kuchen und Kaffee."),
    Row("She bought 12 books in Paris.", "In Paris kaufte sie 12 Bücher."),
]
LANGUAGES = Header(src_lang="en", tgt_lang="de")


def likely(rows: list[Row]) -> list[bool]:
    return [row.probability is not None and row.probability > 0.5 for row in rows]


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".jsonl", ".tmx", ".xliff"])
def test_every_format_with_a_place_for_it(suffix: str, tmp_path: Path) -> None:
    path, out = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    write_rows(path, PAIRS, Header(src_lang="en", tgt_lang="de", columns=("src", "tgt")))
    assert score_file(path, out) == Tally(3, 2)
    rows = list(read_rows(out))
    assert [(row.src, row.tgt) for row in rows] == [(row.src, row.tgt) for row in PAIRS]
    assert likely(rows) == [True, False, True]


def test_moses_to_tsv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_rows(tmp_path / "book", PAIRS, LANGUAGES, "moses")
    book = str(tmp_path / "book")
    assert main(["score", book, "--from", "moses", "-s", "en", "-t", "de", "-q"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["src", "tgt", "probability"]
    assert [line[0] for line in lines[1:]] == [row.src for row in PAIRS]


def test_columns_of_a_tsv_stay(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tsv", tmp_path / "out.tsv"
    path.write_text("kind\ttgt\tsrc\n1-1\tJa.\tYes.\n", encoding="utf-8")
    score_file(path, out)
    first, second = out.read_text("utf-8").splitlines()
    assert first == "kind\ttgt\tsrc\tprobability"
    assert second.startswith("1-1\tJa.\tYes.\t")
    path.write_text("Yes.\tJa.\t0.5\n", encoding="utf-8")
    score_file(path, out, titles=False)
    assert out.read_text("utf-8").startswith("Yes.\tJa.\t0.500000\t")


def test_scoring_again_replaces_the_probability(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("src\ttgt\tprobability\nYes, of course.\tJa, sicher.\t0.123\n", "utf-8")
    score_file(path, path)
    title, line = path.read_text("utf-8").splitlines()
    assert title == "src\ttgt\tprobability"
    assert not line.endswith("0.123000")


def test_standard_streams(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = io.TextIOWrapper(io.BytesIO(b"Yes.\tJa.\nNo.\tNein.\n"))
    monkeypatch.setattr(sys, "stdin", data)
    assert main(["score", "-", "--from", "tsv", "--to", "jsonl", "-q"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["src"], row["tgt"]) for row in found] == [("Yes.", "Ja."), ("No.", "Nein.")]
    assert all(0 <= row["probability"] <= 1 for row in found)


def test_an_empty_file(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tsv", tmp_path / "out.tsv"
    path.write_text("", encoding="utf-8")
    assert score_file(path, out) == Tally(0, 0)
    assert out.exists()


# filter


def test_filter_keeps_the_good_ones_as_they_were(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, out = tmp_path / "in.tsv", tmp_path / "out.tsv"
    write_rows(path, PAIRS, Header(columns=("src", "tgt")))
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert main(["filter", str(path), "--min-probability", ".5", "-o", str(out)]) == 0
    assert out.read_text("utf-8") == lines[0] + lines[2]
    assert caplog.messages[-1] == f"{path}: kept 2 of 3 pairs"
    main(["filter", str(path), "--min-probability", ".5", "--invert", "-o", str(out)])
    assert out.read_text("utf-8") == lines[1]


def test_filter_believes_the_probabilities_that_are_there(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tmx", tmp_path / "out.tmx"
    rows = [Row("Yes.", "Quatsch.", probability=0.9), Row("No.", "Nein.", probability=0.1),
            Row("Alone.", "", probability=0.9)]  # fmt: skip
    write_rows(path, rows, LANGUAGES)
    assert filter_file(path, out, min_probability=0.5) == Tally(3, 1)
    assert [row.src for row in read_rows(out)] == ["Yes."]
    assert filter_file(path, out, min_probability=0.5, invert=True) == Tally(3, 2)
    assert filter_file(path, out, min_probability=0.0) == Tally(3, 2)


# errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score", "{}/no.tsv"], "{}/no.tsv: no such file"),
        (["score", "{}/a.ladder"], "{}/a.ladder: ladder has sentence numbers but no text to score"),
        (["score", "{}/a.tsv", "-o", "{}/o", "--to", "moses"],
         "moses has no place for a probability; write tsv, jsonl or tmx"),
        (["score", "{}/a.tsv", "-o", "{}/o.what"],
         "{}/o.what: the name has no suffix that tells the format; name it: "),
        (["filter", "{}/a.tsv", "--min-probability", "2"],
         "min_probability: expected 0..1, got 2.0"),
        (["score", "{}/b.tsv"], "{}/b.tsv:1: expected 2 or 3 columns (src tgt score), got 1"),
        (["score", "{}/a.tsv", "--encoder", "{}/none"], "{}/none: no such folder"),
    ],
)  # fmt: skip
def test_errors_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.tsv").write_text("Yes.\tJa.\n", encoding="utf-8")
    (tmp_path / "b.tsv").write_text("alone\n", encoding="utf-8")
    (tmp_path / "a.ladder").write_text("[0]:[0]:0.5\n", encoding="utf-8")
    before = sorted(p.name for p in tmp_path.iterdir())
    code = main([argument.replace("{}", str(tmp_path)) for argument in arguments])
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith(f"align: error: {message.replace('{}', str(tmp_path))}")
    assert err.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_an_unknown_language_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "a.tmx"
    write_rows(path, [Row("Yes.", "Igen.")], Header(src_lang="en", tgt_lang="hu"))
    with caplog.at_level(logging.WARNING, "align"):
        score_file(path, tmp_path / "o.tmx")
    assert "the language hu is not one that the encoder in the package knows" in caplog.text


# the benchmark


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(DATA.parent))
    return importlib.import_module("benchmarks.score")


def test_area_and_calibration_error(benchmark: ModuleType) -> None:
    true = np.array([True, True, False, False])
    assert benchmark.auc(np.array([0.9, 0.8, 0.2, 0.1]), true) == 1.0
    assert benchmark.auc(np.array([0.5, 0.5, 0.5, 0.5]), true) == 0.5
    assert benchmark.auc(np.array([0.9, 0.1, 0.5, 0.1]), true) == (1 + 1 + 0 + 0.5) / 4
    assert benchmark.ece(np.array([1.0, 1.0, 0.0, 0.0]), true) == 0.0
    assert benchmark.ece(np.array([0.95, 0.95, 0.95, 0.05]), true) == pytest.approx(
        0.75 * (0.95 - 2 / 3) + 0.25 * 0.05
    )


def test_measuring_and_learning(benchmark: ModuleType, scorer: PairScorer) -> None:
    found = [("own", "en-de", corresponding("en", "de"))]
    data = benchmark.measure(iter(found), scorer, (NEAR, FAR))
    assert [(d.kind, d.together, len(d.true)) for d in data] == [
        (kind, size, 24 if size else len(found[0][2])) for kind in (NEAR, FAR) for size in (0, 1, 4)
    ]
    assert all(d.features.shape == (len(d.true), len(FEATURES)) for d in data)
    weights = benchmark.learned([data, data])
    results = benchmark.results(data, weights)
    whole = next(r for r in results if (r.langs, r.kind, r.together) == ("all", "all", 0))
    assert (whole.pairs, whole.auc > 0.98) == (2 * len(found[0][2]), True)
