"""The speed benchmarks at tiny sizes: documents as described, results of the right shape."""

from __future__ import annotations

import json
import lzma
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
with pytest.MonkeyPatch.context() as _patch:
    _patch.syspath_prepend(str(ROOT))
    _patch.syspath_prepend(str(ROOT / "benchmarks" / "peers"))
    from benchmarks import align_speed, books, end_to_end, hard, measure, plots, speed_tables, svg
    from benchmarks.peers import common
    from benchmarks.peers import run as peers

SVG = "{http://www.w3.org/2000/svg}"


# measuring


def test_measure_sees_memory_and_time() -> None:
    kept, cost = measure.measure(lambda: np.ones(8 << 20, np.uint8).sum())
    assert kept == 8 << 20
    assert cost.cpu > 0
    assert cost.wall > 0
    if cost.exact:
        assert 7 < cost.peak_mb < 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [("500", [500]), ("500,2k,32K", [500, 2000, 32000]), ("1, 2", [1, 2])],
)
def test_numbers(text: str, expected: list[int]) -> None:
    assert measure.numbers(text) == expected


def test_a_failing_process_is_an_error() -> None:
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        measure.in_fresh_process([sys.executable, "-c", "1 / 0"])


# synthetic vectors


def test_synthetic_documents_are_as_described() -> None:
    pair = align_speed.synthetic(4000, 64)
    assert len(pair.src) in (4000, 4001)
    assert [i for src, _ in pair.gold for i in src] == list(range(len(pair.src)))
    assert [j for _, tgt in pair.gold for j in tgt] == list(range(len(pair.tgt)))
    kinds = [(len(src), len(tgt)) for src, tgt in pair.gold]
    for kind, share in zip(align_speed.KINDS, align_speed.SHARES, strict=True):
        assert kinds.count(kind) / len(kinds) == pytest.approx(share, abs=0.02)
    for rows in (pair.src, pair.tgt):
        assert rows.dtype == np.float32
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    alike = [float(pair.src[a[0]] @ pair.tgt[b[0]]) for a, b in pair.gold if len(a) == len(b) == 1]
    assert np.mean(alike) == pytest.approx(0.81, abs=0.02)
    merged = [
        float((pair.src[a[0]] + pair.src[a[1]]) @ pair.tgt[b[0]])
        for a, b in pair.gold
        if (len(a), len(b)) == (2, 1)
    ]
    assert np.mean(merged) > 1.0
    assert np.mean(pair.src[1:] * pair.src[:-1]) * 64 == pytest.approx(0.07, abs=0.03)


def test_synthetic_documents_are_the_same_each_time() -> None:
    one, same, other = (align_speed.synthetic(50, 32, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.src, same.src)
    assert one.gold == same.gold
    assert not np.array_equal(one.tgt[:20], other.tgt[:20])


def test_dummy_sentences_say_nothing() -> None:
    from align.text.surface import surface_of

    made = align_speed.document(np.array([3, 90, 40]), 3)
    surface = surface_of(made.texts, [0, 0, 0])
    assert len(surface.numbers[0]) == len(surface.names[0]) == 0
    assert surface.lengths.tolist() == [3, 91, 41]
    assert len(set(align_speed.document(None, 3).texts)) == 1


def test_growth() -> None:
    cells = [
        {"sentences": n, "dims": 8, "cpu": n**1.5 / 1e6} for n in (500, 2000, 8000, 32000, 128000)
    ]
    found = align_speed.exponents(cells)
    assert [(step["from"], step["to"]) for step in found] == [
        *pairwise((500, 2000, 8000, 32000, 128000)),
        (8000, 128000),
    ]
    assert {step["exponent"] for step in found} == {1.5}


@pytest.mark.parametrize("kind", hard.KINDS)
def test_hard_documents_have_a_gold_of_every_sentence(kind: str) -> None:
    made = hard.KINDS[kind][1](200, 16, 3)
    for side, vectors in ((0, made.src), (1, made.tgt)):
        assert sorted(x for link in made.gold for x in link[side]) == list(range(len(vectors)))
    for src, tgt in made.gold:
        if src and tgt:  # they have a meaning in common
            assert float(made.src[list(src)].sum(0) @ made.tgt[list(tgt)].sum(0)) > 0.2


def test_hard_documents_are_as_they_are_called() -> None:
    sizes = {
        kind: tuple(map(len, (made.src, made.tgt)))
        for kind, (_, make) in hard.KINDS.items()
        for made in [make(400, 8, 0)]
    }
    n, m = sizes["plain"]
    assert sizes["swapped"] == sizes["equal"] == (n, m)
    assert sizes["excerpt"][0] == pytest.approx(n / 10, abs=3)
    assert sizes["excerpt"][1] == m
    assert sizes["foreign"][1] == pytest.approx(m, rel=0.05)
    equal = hard.equal(400, 8, 0)
    assert len(np.unique(equal.src, axis=0)) < 0.85 * len(equal.src)
    crossing = [(i[0], j[0]) for i, j in hard.swapped(400, 8, 0).gold if i and j]
    assert sum(a[1] > b[1] for a, b in pairwise(crossing)) == 1


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both benchmarks run once, tiny."""
    folder = tmp_path_factory.mktemp("results")
    once = ["--repeat", "1"]
    speed = ["--sizes", "60,120", "--dims", "32", "--repeat", "1"]
    assert align_speed.main([*speed, "-o", str(folder / "align-speed.json")]) == 0
    assert hard.main(["--sizes", "60", "--dims", "32", *once, "-o", str(folder / "hard.json")]) == 0
    ends = ["--pairs", "en-zh", "--sizes", "40", "--repeat", "1"]
    assert end_to_end.main([*ends, "-o", str(folder / "end-to-end.json")]) == 0
    return folder


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_align_speed_writes_its_result(results: Path) -> None:
    found = _read(results / "align-speed.json")
    assert set(found) == {"machine", "threads", "load_average", "lengths", "cells", "growth"}
    assert {"cpu", "cores", "system", "versions"} == set(found["machine"])
    assert [(cell["sentences"], cell["dims"]) for cell in found["cells"]] == [(60, 32), (120, 32)]
    for cell in found["cells"]:
        assert cell["cpu_min"] <= cell["cpu"] <= cell["cpu_max"]
        assert cell["start_up_cpu"] > 0
        assert cell["side_of_cpu"] >= 0
        assert cell["total_mb"] >= 0
        assert cell["strict_f1"] > 0.8
    assert [step["to"] for step in found["growth"]] == [120]


def test_end_to_end_writes_its_result(results: Path) -> None:
    found = _read(results / "end-to-end.json")
    (cell,) = found["books"]
    assert cell["langs"] == cell["detected"] == ["en", "zh"]
    assert cell["corpus"] == ["the project's own texts"]
    assert cell["sentences"][0] >= 40
    assert cell["rate"] == pytest.approx(sum(cell["sentences"]) / cell["cpu"], rel=0.01)
    stages = [stage for stage, _, _ in end_to_end.STAGES]
    assert list(cell["stages"]) == [*dict.fromkeys(stages), "other"]
    assert sum(cell["stages"].values()) == pytest.approx(cell["cpu"], abs=0.01)
    for stage in ("split", "encode", "surface", "score", "path", "write"):
        assert cell["stages"][stage] > 0
    assert cell["start_up"]["cpu"] > 0
    assert cell["same_row"] > 0.9
    assert "begins" not in cell


def test_a_stage_inside_another_is_counted_once() -> None:
    clock = end_to_end.Clock()

    def burn(count: int) -> int:
        return sum(range(count))

    inner = clock.timed("path", burn)
    outer = clock.timed("score", lambda: (inner(2_000_000), burn(20_000)))
    outer()
    assert clock.spent["path"] > clock.spent["score"] > 0


# books


def test_own_books_are_parallel_and_never_repeat() -> None:
    made = books.book(("en", "zh"), 400)
    assert made.texts == books.book(("en", "zh"), 400).texts
    assert made.texts != books.book(("en", "zh"), 400, seed=1).texts
    both = set(made.rows[0]) & set(made.rows[1])
    for rows in made.rows:
        assert rows == sorted(set(rows))
        assert 0.9 < len(both) / len(rows) < 1
    pieces: list[dict[int, str]] = []
    for side in (0, 1):
        ends = [*made.starts[side][1:], len(made.texts[side])]
        spans = zip(made.rows[side], made.starts[side], ends, strict=True)
        pieces.append({row: made.texts[side][at:end].strip() for row, at, end in spans})
        assert len(set(pieces[side].values())) == len(made.rows[side])
        assert all(made.row(side, at) == row for row, at in zip(*_rows(made, side), strict=True))
    numbers = [
        [set(map(int, filter(str.isdecimal, _words(piece[row])))) for row in sorted(both)]
        for piece in pieces
    ]
    met = [bool(a & b) for a, b in zip(*numbers, strict=True)]
    assert sum(met) > 0.95 * len(met)


def _rows(made: books.Book, side: int) -> tuple[list[int], list[int]]:
    return made.rows[side], made.starts[side]


def _words(text: str) -> list[str]:
    return "".join(c if c.isdecimal() else " " for c in text).split()


@pytest.mark.parametrize("langs", [("en", "de"), ("de", "en"), ("fr", "zh"), ("zh", "de")])
def test_own_books_in_every_direction(langs: tuple[str, str], tmp_path: Path) -> None:
    made = books.book(langs, 20)
    paths = made.write(tmp_path / "new")
    assert [path.name for path in paths] == [f"book.{lang}.txt" for lang in langs]
    assert [path.read_text(encoding="utf-8") for path in paths] == list(made.texts)


def test_own_books_in_other_languages_are_refused() -> None:
    with pytest.raises(SystemExit, match="the own texts are in de, en, fr, zh"):
        books.book(("en", "ru"), 10)


def test_books_from_a_corpus(tmp_path: Path) -> None:
    rows = [f"One {i}.\tx\tEins {i}." for i in range(300)]
    rows[10] = "A heading\tx\tEine Überschrift"
    rows[11] = rows[12]  # equal neighbours are one
    rows[13] = "\tx\tnichts"  # a row without English
    path = tmp_path / "c.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(["en\tfr\tde", *rows]) + "\n")
    made = books.book(("en", "de"), 200, [path])
    assert "\n\nA heading\n\n" in made.texts[0]
    assert made.texts[0].count("One 12.") <= 1
    assert "nichts" not in made.texts[1]
    assert ". One" in made.texts[0]  # paragraphs have to be split
    with pytest.raises(SystemExit, match=r"only 2\d\d of 5000 en sentences"):
        books.book(("en", "de"), 5000, [path])
    with pytest.raises(SystemExit, match="the header has no en and zh"):
        books.book(("en", "zh"), 10, [path])


# the page


def test_the_page_is_made_from_the_results(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--results", str(results), "--docs", str(tmp_path)]
    assert plots.main([*arguments, "--check"]) == 1
    assert plots.main(arguments) == 0
    assert plots.main([*arguments, "--check"]) == 0
    assert "speed.md" in capsys.readouterr().out
    page = (tmp_path / "speed.md").read_text(encoding="utf-8")
    cell = _read(results / "align-speed.json")["cells"][1]
    assert f"| 120 × 32 | {cell['cpu']:.3f} |" in page
    assert "| en-zh, own, 40 |" in page
    assert "| two books bound in opposite order | 60 |" in page
    for name in ("speed-cpu.svg", "speed-memory.svg", "speed-stages.svg"):
        assert name in page
        assert ET.parse(tmp_path / name).getroot().tag == f"{SVG}svg"


def test_the_committed_page_is_that_of_the_committed_results() -> None:
    for name, text in plots.pages().items():
        found = (ROOT / "docs" / name).read_text(encoding="utf-8")
        assert found == text, "run python -m benchmarks.plots"


def test_log_plot_puts_points_where_they_belong() -> None:
    text = svg.log_plot("T & t", "s", [svg.Line("a", [(10, 1), (100, 10), (1000, 100)])])
    root = ET.fromstring(text)
    places = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in root.iter(f"{SVG}circle")]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert y0 > y2
    assert root.findtext(f"{SVG}title") == "T & t"


def test_bars_share_out_the_width() -> None:
    root = ET.fromstring(svg.bars("t", [("x", {"a": 1.0, "b": 3.0}), ("y", {"a": 2.0, "b": 0.0})]))
    wide = [float(r.get("width", 0)) for r in root.iter(f"{SVG}rect") if r.get("height") == "24"]
    assert wide[1] == pytest.approx(3 * wide[0], abs=0.3)
    assert wide[0] + wide[1] == pytest.approx(wide[2], abs=0.3)


# peers: their place is taken by programs that link sentence i with sentence i


def test_layers_hold_the_blocks_that_end_with_each_sentence() -> None:
    rows = np.array([[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]], np.float32)
    assert common.sums(rows, 3)[:, 2].tolist() == [[1, 0], [1, 1], [4, 5]]
    assert common.sums(np.array([5, 7, 9]), 5)[:, 1].tolist() == [7, 12, 12, 12, 12]
    found = common.layers(rows, 2)
    assert found.shape == (2, 3, 2)
    assert found[0, 0] == pytest.approx([0.6, 0.8])
    assert np.linalg.norm(found, axis=2) == pytest.approx(1)


VECALIGN = """
def make_alignment_types(most):
    return [(a, b) for a in range(1, most) for b in range(1, most) if a + b <= most]
def vecalign(vecs0, vecs1, final_alignment_types, del_percentile_frac, width_over2,
             max_size_full_dp, costs_sample_size, num_samps_for_norm):
    assert vecs0.shape[0] == 4 and width_over2 == 7 and (2, 2) in final_alignment_types
    n = min(vecs0.shape[1], vecs1.shape[1])
    return {0: {"final_alignments": [([i], [i]) for i in range(n)]}}
"""
BERTALIGN = """
from googletrans import Translator
from sentence_transformers import SentenceTransformer
SentenceTransformer("a model")
class Bertalign:
    def __init__(self):
        raise RuntimeError("would encode")
    def align_sents(self):
        assert self.src_vecs.shape[:2] == self.src_lens.shape == (4, self.src_num)
        assert 0.5 < self.char_ratio < 2 and self.max_align == 5
        self.result = [([i], [i]) for i in range(min(self.src_num, self.tgt_num))]
"""


@pytest.mark.parametrize("peer", ["vecalign", "bertalign"])
def test_a_peer_on_vectors(peer: str, tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "bertalign").mkdir(parents=True)
    (code / "dp_utils.py").write_text(VECALIGN, encoding="utf-8")
    (code / "bertalign" / "__init__.py").write_text("", encoding="utf-8")
    (code / "bertalign" / "aligner.py").write_text(BERTALIGN, encoding="utf-8")
    out = tmp_path / "out.json"
    sizes = ["--sizes", "60", "--dims", "16", "--repeat", "1"]
    assert peers.main([peer, "--code", str(code), *sizes, "-o", str(out)]) == 0
    found = _read(out)
    (cell,) = found["cells"]
    assert (cell["sentences"], cell["dims"]) == (60, 16)
    assert cell[peer]["strict_f1"] < cell["align"]["strict_f1"]
    assert cell[peer]["cpu"] >= 0
    seconds = speed_tables._seconds(cell[peer]["cpu"])
    assert f"| 60 × 16 | {seconds} |" in speed_tables.beside_table(found)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a program with a #! line")
def test_a_peer_on_text(tmp_path: Path) -> None:
    program = tmp_path / "hunalign"
    script = "import sys\nn = min(len(open(p).readlines()) for p in sys.argv[3:5])\n"
    script += "for i in range(n + 1): print(i, i, 0.5, sep='\\t')\n"
    program.write_text(f"#!{sys.executable}\n{script}", encoding="utf-8")
    program.chmod(0o755)
    out = tmp_path / "out.json"
    sizes = ["--sizes", "40", "--pairs", "en-de"]
    assert peers.main(["hunalign", "--code", str(program), *sizes, "-o", str(out)]) == 0
    (cell,) = _read(out)["cells"]
    assert cell["align"]["same_row"] > cell["hunalign"]["same_row"]
    assert cell["align"]["cpu"] > 0
    assert cell["hunalign"]["peak_mb"] > 0


def test_a_peer_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        peers.main(["vecalign", "--code", "no/such/folder"])
    assert "no/such/folder: there is nothing" in capsys.readouterr().err


def test_a_sample_of_bitext_is_taken_in_runs_at_even_distances(tmp_path: Path) -> None:
    from benchmarks import training

    rows = [f"{i} a\t{i} b\t" for i in range(600)]
    (tmp_path / "x.tsv").write_text("en\tde\tfr\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "y.tsv").write_text("en\tfr\nno\tnon\n", encoding="utf-8")
    found = training.sample([tmp_path], ("de", "en"), 200)
    assert found == [f"{i} b\t{i} a" for i in (*range(100), *range(300, 400))]
    size = training.size_of([tmp_path / "y.tsv"])
    assert size == {"files": 1, "lines": 2, "text_mb": 0}
