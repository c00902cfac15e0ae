"""`Bead.why` and `align pair --explain`: parts add up to the score, and people can read them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import align
from align.cli import main
from align.core.align import align_sides
from align.core.calibrate import load_calibration
from align.core.crossed import uncrossed
from align.core.evidence import NULL_FEATURES
from align.core.explain import explain
from align.core.features import BEAD_FEATURES
from align.core.monotone import Beads, align_monotone
from align.core.scorer import load_scorer
from align.core.side import Ragged, Side
from align.formats import Header, Row, header_of, read_rows, rows_of, write_rows
from align.formats.report import PARTS, REPORT, WIDTH, explained_format, write_report
from align.sides import side_of
from align.text.document import read_document
from align.types import Reason

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
PAIRS = list(combinations(("en", "de", "fr", "zh"), 2))


@cache
def explained(name: str, src: str, tgt: str) -> align.Alignment:
    return align.pair(DATA / f"{name}.{src}.txt", DATA / f"{name}.{tgt}.txt", explain=True)


def total(bead: align.Bead) -> float:
    return sum(reason.points for reason in bead.why)


def check_parts(alignment: align.Alignment) -> None:
    for bead in alignment.beads:
        names = [reason.name for reason in bead.why]
        assert len(set(names)) == len(names)
        points = [abs(reason.points) for reason in bead.why]
        assert points == sorted(points, reverse=True)
        assert min(points) > 0
        if bead.is_pair:
            assert total(bead) == pytest.approx(bead.score, abs=1e-3)
            assert [name for name in names if name.startswith("shape")] in (
                [f"shape {bead.kind}"],
                [],  # worth exactly 0
            )
            assert {n for n in names if not n.startswith("shape")} <= set(BEAD_FEATURES)
        else:
            assert set(names) <= set(NULL_FEATURES)


@pytest.mark.parametrize("name", ["article", "story"])
@pytest.mark.parametrize(("src", "tgt"), PAIRS)
def test_the_parts_add_up_to_the_score(name: str, src: str, tgt: str) -> None:
    check_parts(explained(name, src, tgt))


@pytest.mark.parametrize(("first", "last", "to"), [(8, 13, 30), (20, 26, 4)])
def test_the_parts_of_moved_pairs_add_up(first: int, last: int, to: int) -> None:
    story = explained("story", "en", "de")
    src = [bead.src for bead in story if bead.kind == "1-1"]
    tgt = [bead.tgt for bead in story if bead.kind == "1-1"]
    order = [*range(first), *range(last, len(tgt))]
    order[to:to] = range(first, last)
    found = align.pair(src, [tgt[i] for i in order], src_lang="en", tgt_lang="de", explain=True)
    assert sum(bead.moved for bead in found) >= last - first - 1
    check_parts(found)


def test_the_parts_of_a_bead_taken_apart_add_up() -> None:
    """Two sentences changed places; those around them have more of their words."""
    a, b, c, *more = np.eye(64, dtype=np.float32).reshape(16, 4, 64)
    mixed = np.concatenate([a, b, c])
    none, zero = Ragged(np.zeros(0, np.int32), np.zeros(18, np.int64)), np.zeros(17, np.int64)
    sides = []
    for sentences in ([c, a, b, c, *more], [mixed, b[:2], a[:2], mixed, *more]):
        counts = np.array([len(words) for words in sentences])
        starts, places = np.cumsum([0, *counts]), np.full(counts.sum(), 0.5, np.float32)
        sums = np.stack([words.sum(0) for words in sentences])
        lengths, units = 8 * counts.astype(np.float32), np.concatenate(sentences)
        sides.append(Side(sums, units, starts, places, lengths, zero, zero + 1, zero, none, none))
    scorer = load_scorer("static")
    first, size = np.array([0, 1, *range(3, 17)]), np.array([1, 2, *[1] * 14])
    one = np.ones(16, np.float32)
    result = align_monotone(*sides, scorer, 2)
    path = Beads(first, first, size, size, one, one, one)
    beads = uncrossed(replace(result, beads=path), scorer).beads
    (k,) = (k for k in (1, 2, 3) if beads.a[k] and beads.b[k])
    parts = explain(result, beads, np.zeros(len(beads.a), bool), scorer)
    assert parts.values[k] @ parts.weights == pytest.approx(beads.score[k], abs=1e-3)


def test_the_parts_add_up_where_sentences_are_the_units() -> None:
    rng = np.random.default_rng(5)
    kept = [i for i in range(400) if i % 7]
    src = rng.normal(size=(400, 16)).astype(np.float32)
    tgt = src[kept] + rng.normal(size=(len(kept), 16)).astype(np.float32) / 3
    texts = [f"Sentence {i} of a list, {i * i} words." for i in range(400)]
    sides = []
    for own, vectors in ((texts, src), ([texts[i] for i in kept], tgt)):
        document = read_document(own, lang="en")
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        sides.append(side_of(document, None, unit))
    for shape in ((2, 3), (6, 7)):
        scorer = load_scorer("static").restricted(*shape)
        found = align_sides(*sides, scorer, load_calibration("static"), k=4, explained=True)
        assert found.parts is not None
        assert len(found.parts.names) == len(found.parts.weights)
        assert found.parts.values.shape == (len(found.a), len(found.parts.names))
        pairs = (found.a > 0) & (found.b > 0)
        assert pairs.sum() > 200
        totals = np.where(found.parts.values != 0, found.parts.values * found.parts.weights, 0)
        np.testing.assert_allclose(totals.sum(1)[pairs], found.score[pairs], atol=1e-3)


def test_explaining_changes_nothing_else(tmp_path: Path) -> None:
    paths = DATA / "article.de.txt", DATA / "article.fr.txt"
    plain, full = align.pair(*paths), explained("article", "de", "fr")
    assert plain.signature == full.signature
    assert all(bead.why == () for bead in plain.beads)
    assert tuple(replace(bead, why=()) for bead in full.beads) == plain.beads
    for suffix in ("tsv", "ladder", "tmx"):
        for name, alignment in (("plain", plain), ("full", full)):
            path = tmp_path / f"{name}.{suffix}"
            write_rows(path, rows_of(alignment), header_of(alignment))
        assert (tmp_path / f"full.{suffix}").read_bytes() == path.with_stem("plain").read_bytes()


def test_what_is_plain_to_see_is_found() -> None:
    found = align.pair(
        ["Is it raining in Wendlow?", "No, it snowed in 1911."],
        ["Regnet es in Wendlow?", "Nein, 1911 hat es geschneit!"],
        src_lang="en",
        tgt_lang="de",
        explain=True,
    )
    assert [bead.kind for bead in found.beads] == ["1-1", "1-1"]
    first, second = ({reason.name: reason.value for reason in bead.why} for bead in found)
    assert first["same ending"] == 1
    assert "exclamation differs" not in first
    assert second["exclamation differs"] == 1
    assert "same ending" not in second
    assert second["numbers shared"] == 1
    assert "numbers shared" not in first


@pytest.mark.parametrize(("src", "tgt"), [("", "Text."), ("Text.", ""), ("", "")])
def test_an_empty_side_needs_no_explanation(src: str, tgt: str) -> None:
    found = align.pair(src, tgt, explain=True)
    assert all(bead.why == () for bead in found.beads)


# output

WHY = tuple(Reason(f"part {i}", i / 4, 2.0 if i % 2 else -1.0) for i in range(7, 0, -1))
ROW = Row("One.", "一。", (0,), (3, 4), 5.25, 0.875, 0.9, "1-2", why=WHY)


def report(rows: list[Row], folder: Path) -> list[str]:
    path = folder / "report.txt"
    count = write_report(str(path), rows, Header(src_lang="en", tgt_lang="zh"))
    assert count == len(rows)
    return path.read_text(encoding="utf-8").split("\n")


def test_the_report_of_a_bead(tmp_path: Path) -> None:
    alone = replace(ROW, tgt="", tgt_ids=(), kind="1-0", score=0.0, why=WHY[:6], probability=0.5)
    assert report([ROW, alone, replace(ROW, moved=True, why=())], tmp_path) == [
        "#1  1-2  probability 0.88  in part 0.90  score 5.25",
        "  en 0  One.",
        "  zh 3-4  一。",
        "    part 7: 1.75 x +2.00 = +3.50",
        "    part 5: 1.25 x +2.00 = +2.50",
        "    part 6: 1.5 x -1.00 = -1.50",
        "    part 3: 0.75 x +2.00 = +1.50",
        "    part 4: 1 x -1.00 = -1.00",
        "    2 smaller parts = +0.00",
        "",
        "#2  1-0  probability 0.50",
        "  en 0  One.",
        "    part 7: 1.75 x +2.00 = +3.50",
        "    part 5: 1.25 x +2.00 = +2.50",
        "    part 6: 1.5 x -1.00 = -1.50",
        "    part 3: 0.75 x +2.00 = +1.50",
        "    part 4: 1 x -1.00 = -1.00",
        "    1 smaller part = -0.50",
        "",
        "#3  moved 1-2  probability 0.88  in part 0.90  score 5.25",
        "  en 0  One.",
        "  zh 3-4  一。",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x" * (WIDTH - 8), "x" * (WIDTH - 8)),
        ("x" * (WIDTH - 7), "x" * (WIDTH - 9) + "…"),
        ("字" * (WIDTH // 2 - 4), "字" * (WIDTH // 2 - 4)),
        ("字" * (WIDTH // 2 - 3), "字" * (WIDTH // 2 - 5) + "…"),
        ("a\tb\n\n c \u2028d", "a b c d"),
        ("\ud800", "\ufffd"),
    ],
)
def test_sentences_are_cut_to_the_width(text: str, shown: str, tmp_path: Path) -> None:
    lines = report([replace(ROW, src=text)], tmp_path)
    assert len("  en 0  ") == 8
    assert lines[1] == f"  en 0  {shown}"


@pytest.mark.parametrize(
    ("path", "name", "format"),
    [
        ("-", None, "report"),
        ("why.txt", None, "report"),
        ("why", None, "report"),
        ("why.txt.gz", None, "report"),
        ("why.jsonl", None, "jsonl"),
        ("-", "jsonl", "jsonl"),
        ("why.txt", "jsonl", "jsonl"),
    ],
)
def test_the_format_of_explained_output(path: str, name: str | None, format: str) -> None:
    assert explained_format(path, name).name == format


@pytest.mark.parametrize(("path", "name"), [("-", "tsv"), ("x.tmx", None), ("x.txt", "ladder")])
def test_formats_without_a_place_for_reasons(path: str, name: str | None) -> None:
    with pytest.raises(align.AlignError, match="has no place for reasons; write JSONL"):
        explained_format(path, name)


def test_reasons_come_back_from_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    rows = [replace(ROW, probability_lax=None), replace(ROW, why=())]
    write_rows(path, rows)
    assert list(read_rows(path)) == rows
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first["why"][1] == {"name": "part 6", "value": 1.5, "weight": -1.0, "points": -1.5}
    assert "why" not in second


@pytest.mark.parametrize(
    ("why", "message"),
    [
        ("because", "why: expected a list of objects, got 'because'"),
        ([3], r"why: expected a list of objects, got \[3\]"),
        ([{"name": "x", "value": 1}], r"why\[0\]: expected name, value and weight"),
        ([{"name": 1, "value": 1, "weight": 1}], r"why\[0\]: name: expected text, got 1"),
        ([{"name": "x", "value": "1", "weight": 1}], r"why\[0\]: value: expected a number"),
    ],
)
def test_damaged_reasons_are_an_error(why: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"src": "a", "tgt": "b", "why": why}) + "\n", encoding="utf-8")
    with pytest.raises(align.AlignError, match=f"x.jsonl:1: {message}"):
        list(read_rows(path))


def test_the_command_writes_a_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    command = ["pair", "-q", str(DATA / "story.de.txt"), str(DATA / "story.en.txt"), "--explain"]
    assert main(command) == 0
    out = capsys.readouterr().out
    found = explained("story", "de", "en")
    blocks = out.removesuffix("\n\n").split("\n\n")
    assert len(blocks) == len(found.beads)
    for number, (block, bead) in enumerate(zip(blocks, found.beads, strict=True), 1):
        head, *lines = block.split("\n")
        assert head.startswith(f"#{number}  {'moved ' * bead.moved}{bead.kind}  probability ")
        assert len([line for line in lines if line.startswith("    ")]) == min(
            len(bead.why), PARTS + 1
        )
        assert all(len(line) <= WIDTH for line in lines)
    assert main([*command, "-o", str(tmp_path / "why.txt")]) == 0
    assert (tmp_path / "why.txt").read_text(encoding="utf-8") == out
    assert main([*command, "-o", str(tmp_path / "why.jsonl")]) == 0
    rows = list(read_rows(tmp_path / "why.jsonl"))
    assert [row.why for row in rows] == [bead.why for bead in found]
    assert main([*command, "--format", "tsv"]) == 2
    assert "tsv has no place for reasons" in capsys.readouterr().err
    assert REPORT.whole


def test_every_part_is_explained_in_the_docs() -> None:
    text = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    missing = [n for n in (*BEAD_FEATURES, *NULL_FEATURES) if f"| `{n}` |" not in text]
    assert missing == []


# the form of the input, named


def test_the_form_of_the_input_can_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for lang, text in (("en", "# Rain\n\nIt *rained*."), ("de", "# Regen\n\nEs *regnete*.")):
        (tmp_path / f"{lang}.txt").write_text(text, encoding="utf-8")
    paths = tmp_path / "en.txt", tmp_path / "de.txt"
    options = align.Options(src_lang="en", tgt_lang="de", input_format="markdown")
    assert align.pair(*paths, options=options).src.texts == ["Rain", "It rained."]
    assert align.pair(*paths, src_lang="en", tgt_lang="de").src.texts == ["# Rain", "It *rained*."]
    command = ["pair", "-q", "-s", "en", "-t", "de", *map(str, paths), "--input-format"]
    assert main([*command, "markdown", "--columns", "src,tgt"]) == 0
    assert capsys.readouterr().out == "Rain\tRegen\nIt rained.\tEs regnete.\n"
    assert main([*command, "mark"]) == 2
    assert "unknown input format 'mark'; choose from text, html" in capsys.readouterr().err
