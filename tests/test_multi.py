"""`align.multi` and `align multi`: rows, their agreement, pairs, pivot, formats, bad input."""

from __future__ import annotations

import json
import pickle
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import align
from align.cli import main
from align.convert import convert
from align.core.versions.rows import CERTAIN, join_rows
from align.errors import AlignError
from align.evaluate import evaluate, read_links
from align.formats import Header, read_rows
from align.formats.wide import WideHeader, WideRow, write_wide
from align.formats.wide_reading import open_wide
from align.text.languages import language_of_name
from align.training.versions import Ways, links_of_units, make_versions, rows_of_units

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
LANGS = ("en", "de", "fr", "zh")
FOLDERS = {"article": DATA, "story": DATA / "story"}
QUICK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def sentences(name: str, lang: str) -> list[str]:
    path = FOLDERS[name] / "sentences" / f"{lang}.txt"
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


@cache
def whole(name: str, pivot: str | None = None) -> align.MultiAlignment:
    return align.multi({lang: sentences(name, lang) for lang in LANGS}, pivot=pivot)


def check(found: align.MultiAlignment) -> None:
    """What holds for every alignment of several versions."""
    row_of = {}
    for number, row in enumerate(found):
        assert row.versions > 0
        assert len(row.ids) == len(row.texts) == len(row.spans) == len(found.langs)
        assert row.probability is not None
        assert 0 <= row.probability <= 1
        for version, ids in enumerate(row.ids):
            assert bool(ids) == bool(row.texts[version]) == (row.spans[version] is not None)
            assert list(ids) == sorted(ids)
            for i in ids:
                assert (version, i) not in row_of
                row_of[version, i] = number
    for version, document in enumerate(found.documents):
        assert all((version, i) in row_of for i in range(len(document)))
    assert len(row_of) == sum(map(len, found.documents))
    for x, y in combinations(range(len(found.langs)), 2):
        one = found.pairwise(found.langs[x], found.langs[y])
        assert sorted(i for bead in one.beads for i in bead.src_ids) == list(range(len(one.src)))
        assert sorted(j for bead in one.beads for j in bead.tgt_ids) == list(range(len(one.tgt)))
        for bead in one.beads:
            rows = {row_of[x, i] for i in bead.src_ids} | {row_of[y, j] for j in bead.tgt_ids}
            assert len(rows) == 1  # no bead crosses two rows
        steady = [j for bead in one.beads if not bead.moved for j in bead.tgt_ids]
        assert steady == sorted(steady)


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("pivot", [None, "de"])
def test_every_sentence_is_in_one_row_and_beads_keep_to_rows(name: str, pivot: str | None) -> None:
    check(whole(name, pivot))


def strict(name: str, found: dict[str, align.Alignment]) -> float:
    scores = []
    for pair, one in found.items():
        gold = read_links(str(FOLDERS[name] / "gold" / f"{pair}.gold"))
        scores.append(evaluate(gold, [(b.src_ids, b.tgt_ids) for b in one.beads]).strict.f1)
    return sum(scores) / len(scores)


@pytest.mark.parametrize("name", FOLDERS)
def test_all_at_once_is_better_than_pairs(name: str) -> None:
    golds = sorted(path.stem for path in (FOLDERS[name] / "gold").glob("*-*.gold"))
    pairs = [golden.split("-") for golden in golds]
    together = {f"{x}-{y}": whole(name).pairwise(x, y) for x, y in pairs}
    alone = {
        f"{x}-{y}": align.pair(sentences(name, x), sentences(name, y), src_lang=x, tgt_lang=y)
        for x, y in pairs
    }
    assert len(together) == 6
    assert strict(name, together) > strict(name, alone)
    assert strict(name, together) > 0.93


def units(name: str) -> list[list[tuple[int, ...]]]:
    lines = (FOLDERS[name] / "gold" / "units.tsv").read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t")
    table = []
    for line in lines[1:]:
        cells = dict(zip(columns, line.split("\t"), strict=True))
        table.append([tuple(int(n) for n in cells.get(lang, "").split(",") if n) for lang in LANGS])
    return table


@pytest.mark.parametrize("name", FOLDERS)
def test_few_rows_mix_units(name: str) -> None:
    found = whole(name)
    table = [tuple(unit) for unit in units(name)]
    right = rows_of_units(table, [len(document) for document in found.documents])
    owner = {node: row for row in right for node in row}
    mixed = 0
    for row in found:
        nodes = [(v, i) for v, ids in enumerate(row.ids) for i in ids]
        mixed += len({owner[node] for node in nodes}) > 1
    assert mixed <= 5
    have = {frozenset((v, i) for v, ids in enumerate(row.ids) for i in ids) for row in found}
    assert len(have & set(right)) > 0.8 * len(right)


def test_the_moved_quotation_is_in_its_row() -> None:
    """The pull quote stands at another place in German and much earlier in Chinese."""
    quoted = next(unit for unit in units("article") if unit[1] == (51,) and unit[0])
    assert quoted[0] == (37,)
    row = next(row for row in whole("article") if 37 in row.ids[0])
    assert 51 in row.ids[1]
    assert set(quoted[2]) <= set(row.ids[2])
    assert row.moved


def test_rows_follow_the_first_version_and_then_the_others() -> None:
    found = whole("story")
    for version in range(4):
        firsts = [row.ids[version][0] for row in found if row.ids[version] and not row.moved]
        assert firsts == sorted(firsts)


def test_pairwise_is_the_same_from_either_side() -> None:
    found = whole("article")
    one, other = found.pairwise("de", "zh"), found.pairwise("zh", "de")
    assert {(b.src_ids, b.tgt_ids) for b in one.beads} == {
        (b.tgt_ids, b.src_ids) for b in other.beads
    }
    assert other.src is found.documents[3]
    firsts = [bead.src_ids[0] for bead in other.beads if bead.src_ids]
    assert firsts == sorted(firsts)


def test_two_versions_are_a_pair() -> None:
    en, de = sentences("story", "en"), sentences("story", "de")
    found = align.multi({"en": en, "de": de})
    assert (
        found.pairwise("en", "de").beads == align.pair(en, de, src_lang="en", tgt_lang="de").beads
    )
    check(found)


def test_with_a_pivot_its_pairs_are_those_of_pair() -> None:
    found = whole("story", "de")
    for lang in ("en", "fr", "zh"):
        alone = align.pair(
            sentences("story", "de"), sentences("story", lang), src_lang="de", tgt_lang=lang
        )
        assert {(b.src_ids, b.tgt_ids) for b in found.pairwise("de", lang).beads} == {
            (b.src_ids, b.tgt_ids) for b in alone.beads
        }
    assert "pivot:de" in found.signature


def test_a_version_may_be_empty_and_none_need_be_complete() -> None:
    en, de, fr = (sentences("story", lang) for lang in ("en", "de", "fr"))
    found = align.multi({"en": en[10:], "de": de[:40], "fr": fr, "zh": ""})
    check(found)
    assert all(row.ids[3] == () for row in found)
    assert len(found.pairwise("en", "zh")) == 0
    assert found[0].ids[0] == ()  # the beginning, which English lacks here
    assert found[0].ids[1:3] == ((0,), (0,))
    assert align.multi({"en": "", "de": ""}).rows == ()


# the third version decides


def turned(angle: float, axis: int, size: int = 8) -> list[float]:
    out = np.zeros(size)
    out[axis] = np.cos(angle)
    out[(axis + 1) % size] = np.sin(angle)
    return out.tolist()


def test_a_missing_link_is_completed_by_the_others() -> None:
    """German and French share nothing that can be seen; both go with English."""
    rng = np.random.default_rng(0)
    base = rng.normal(size=(12, 64)).astype(np.float32)
    de = base + np.concatenate([np.zeros((12, 32)), rng.normal(size=(12, 32))], 1)
    fr = base + np.concatenate([rng.normal(size=(12, 32)), np.zeros((12, 32))], 1)
    texts = [f"sentence number {k} of the text." for k in "abcdefghijkl"]
    found = align.multi(
        {"en": texts, "de": texts, "fr": texts},
        vectors={"en": base, "de": de.astype(np.float32), "fr": fr.astype(np.float32)},
    )
    assert [row.ids for row in found] == [((k,), (k,), (k,)) for k in range(12)]
    assert len(found.pairwise("de", "fr")) == 12


# rows from links: exact


def test_links_make_rows_and_what_is_missing_follows() -> None:
    links = {(0, 1): [(0, 0, 1, 1), (1, 1, 1, 2)], (0, 2): [(0, 0, 2, 1)], (1, 2): []}
    odds = {(0, 1): [3.0, 3.0], (0, 2): [3.0], (1, 2): []}
    found = join_rows([2, 3, 2], links, odds, most=6)
    assert [row.tolist() for row in found.row] == [[0, 0], [0, 0, 0], [0, 1]]
    assert found.added == {(0, 1): [], (0, 2): [], (1, 2): [(0, 0, 3, 1)]}
    assert found.count == 2


def test_a_doubtful_link_that_joins_what_is_far_apart_loses() -> None:
    sure, weak = CERTAIN + 1, CERTAIN - 1
    links = {
        (0, 1): [(0, 0, 1, 1), (20, 20, 1, 1)],
        (0, 2): [(0, 0, 1, 1)],
        (1, 2): [(20, 0, 1, 1)],
    }
    odds = {(0, 1): [sure, sure], (0, 2): [sure], (1, 2): [weak]}
    found = join_rows([21, 21, 1], links, odds, most=6)
    assert found.lost == {(0, 1): [], (0, 2): [], (1, 2): [(20, 0, 1, 1)]}
    assert found.row[2][0] == found.row[0][0] == found.row[1][0]
    assert found.added[1, 2] == [(0, 0, 1, 1)]
    odds[1, 2] = [sure]
    assert join_rows([21, 21, 1], links, odds, most=6).lost[1, 2] == []


def test_what_follows_is_no_longer_than_a_bead() -> None:
    """A row of eight sentences of one version and one of another: one row, but no bead."""
    links = {(0, 1): [(0, 0, 1, 4), (1, 4, 1, 4)], (0, 2): [(0, 0, 2, 1)], (1, 2): []}
    odds = {(0, 1): [3.0, 3.0], (0, 2): [3.0], (1, 2): []}
    found = join_rows([2, 8, 1], links, odds, most=6)
    assert [set(row.tolist()) for row in found.row] == [{0}, {0}, {0}]
    assert found.added[1, 2] == []
    assert join_rows([2, 8, 1], links, odds, most=8).added[1, 2] == [(0, 0, 8, 1)]


def test_rows_stand_where_their_own_version_has_them() -> None:
    """Version 1 has a sentence in front, one in the middle and one at the end that 0 lacks."""
    links = {(0, 1): [(0, 1, 1, 1), (1, 3, 1, 1)]}
    found = join_rows([2, 5], links, {(0, 1): [5.0, 5.0]}, most=6)
    assert found.row[0].tolist() == [1, 3]
    assert found.row[1].tolist() == [0, 1, 2, 3, 4]


@QUICK
@given(seed=st.integers(0, 10_000))
def test_made_versions_have_units_that_cover_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [tuple(f"{lang}{k}, {lang}{k} and {lang}{k}." for lang in LANGS) for k in range(50)]
    ways = Ways(merge=0.2, split=0.1, cross=0.1, omit=0.1, passage=0.02, foreign=0.03, move=0.1)
    made = make_versions(rows, rows, ways, rng, (" ", " ", " ", ""))
    sizes = [len(texts) for texts in made.texts]
    covered = {(v, i) for unit in made.units for v, ids in enumerate(unit) for i in ids}
    assert covered == {(v, i) for v, size in enumerate(sizes) for i in range(size)}
    together = rows_of_units(made.units, sizes)
    assert sorted(node for row in together for node in row) == sorted(covered)
    for x, y in combinations(range(4), 2):
        beads = links_of_units(made.units, x, y, sizes)
        assert sorted(i for bead in beads for i in bead[0]) == list(range(sizes[x]))
        assert sorted(j for bead in beads for j in bead[1]) == list(range(sizes[y]))
        for side in (side for bead in beads for side in bead if side):
            assert list(side) == list(range(side[0], side[-1] + 1))  # a hole no one could say


# formats

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


def wide_rows() -> st.SearchStrategy[list[WideRow]]:
    ids = st.lists(st.integers(0, 99), max_size=3).map(tuple)
    cell = st.tuples(TEXT, ids, st.none() | st.tuples(st.integers(0, 99), st.integers(0, 99)))
    row = st.tuples(
        st.lists(cell, min_size=3, max_size=3), st.none() | st.floats(0, 1), st.booleans()
    )

    def made(found: Any) -> WideRow:
        cells, chance, moved = found
        cells = [(t or "x", i, s) if i else ("", (), None) for t, i, s in cells]
        texts, numbers, spans = zip(*cells, strict=True)
        return WideRow(texts, numbers, spans, None if chance is None else round(chance, 6), moved)

    return st.lists(row.map(made), max_size=5)


HEADER = WideHeader(("en", "zh-Hans", "fr"), "align|x")


@QUICK
@given(rows=wide_rows())
def test_jsonl_gives_the_same_rows(rows: list[WideRow], tmp_path_factory: Any) -> None:
    path = str(tmp_path_factory.mktemp("wide") / "x.jsonl")
    assert write_wide(path, rows, HEADER) == len(rows)
    found = open_wide(path)
    if rows:
        assert found is not None
        assert found.header.langs == HEADER.langs
        read = list(found.rows)
        for one, other in zip(rows, read, strict=True):
            assert other == one or not any(one.ids)


@QUICK
@given(rows=wide_rows())
def test_tmx_and_tsv_give_the_same_text(rows: list[WideRow], tmp_path_factory: Any) -> None:
    from align.formats.markup import allowed
    from align.formats.tsv import clean

    folder = tmp_path_factory.mktemp("wide")
    some = [row for row in rows if any(row.ids)]
    assert write_wide(str(folder / "x.tmx"), rows, HEADER) == len(some)
    found = open_wide(str(folder / "x.tmx"))
    assert found is not None
    assert found.header == HEADER
    for one, other in zip(some, found.rows, strict=True):
        assert other.texts == tuple(allowed(text) for text in one.texts)
        assert (other.ids, other.moved) == (one.ids, one.moved)
        assert other.probability == one.probability
    assert write_wide(str(folder / "x.tsv"), rows, HEADER) == len(rows)
    found = open_wide(str(folder / "x.tsv"))
    assert found is not None
    for one, other in zip(rows, found.rows, strict=True):
        assert other.texts == tuple(clean(text) for text in one.texts)
        assert other.probability == one.probability


def test_the_tmx_of_several_versions_is_valid(tmp_path: Path) -> None:
    etree = pytest.importorskip("lxml.etree")
    whole("story").to_tmx(tmp_path / "x.tmx")
    with (ROOT / "tests" / "schemas" / "tmx14.dtd").open() as file:
        dtd = etree.DTD(file)
    tree = etree.parse(tmp_path / "x.tmx")
    assert dtd.validate(tree), dtd.error_log
    assert all(len(unit.findall("tuv")) > 1 for unit in tree.iter("tu"))


def test_a_table_converts_to_tables_and_to_pairs(tmp_path: Path) -> None:
    found = whole("story")
    table = tmp_path / "all.jsonl"
    found.to_jsonl(table)
    assert convert(str(table), str(tmp_path / "all.tmx")) == len(found)
    assert convert(str(tmp_path / "all.tmx"), str(tmp_path / "all.tsv")) == len(found)
    first, *lines = (tmp_path / "all.tsv").read_text(encoding="utf-8").splitlines()
    assert first == "en\tde\tfr\tzh\tprobability"
    assert [tuple(line.split("\t")[:4]) for line in lines] == [row.texts for row in found]
    for name in ("all.jsonl", "all.tmx", "all.tsv"):
        header = Header(src_lang="de", tgt_lang="zh")
        count = convert(str(tmp_path / name), str(tmp_path / "pair.jsonl"), header=header)
        rows = list(read_rows(tmp_path / "pair.jsonl"))
        wanted = [row for row in found if row.ids[1] or row.ids[3]]
        assert count == len(rows) == len(wanted)
        assert [(row.src, row.tgt) for row in rows] == [(r.texts[1], r.texts[3]) for r in wanted]
    with pytest.raises(AlignError, match="holds two languages; several go into tsv, jsonl, tmx"):
        convert(str(table), str(tmp_path / "x.xliff"))
    with pytest.raises(AlignError, match="no column in 'it'; there are en, de, fr, zh"):
        convert(str(table), str(tmp_path / "x.tsv"), header=Header(src_lang="it", tgt_lang="de"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.tsv", "en\tde\tfr\tprobability\na\tb\t0.5\n", r"x\.tsv:2: expected 4 columns"),
        ("x.tsv", "en\tde\ten\tprobability\n", r"x\.tsv:1: a language stands there twice"),
        ("x.tsv", "en\tde\tfr\tprobability\na\tb\tc\tsure\n", r"x\.tsv:2: probability"),
        ("x.jsonl", '{"text": {"en": "a"}}\n', r"x\.jsonl:1: expected text in two languages"),
        ("x.jsonl", '{"text": {"en": "a", "de": 3}}\n', r"x\.jsonl:1: de: expected text"),
        (
            "x.jsonl",
            '{"text": {"en": "a", "de": "b"}}\n{"text": {"it": "c"}}\n',
            r"x\.jsonl:2: text: 'it' is not in the first row",
        ),
    ],
)
def test_broken_tables_are_refused(name: str, text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AlignError, match=message):
        convert(str(tmp_path / name), str(tmp_path / "out.tsv"))
    assert not (tmp_path / "out.tsv").exists()


# Python


def test_the_result_behaves() -> None:
    found = whole("story")
    assert len(found) == len(found.rows) == len(list(found))
    assert found[0] == found.rows[0]
    assert found[1:3] == found.rows[1:3]
    assert pickle.loads(pickle.dumps(found)) == found
    assert repr(found).startswith("<MultiAlignment of en (69), de (67), fr (64), zh (44): ")
    html = found._repr_html_()
    assert html.count("<tr>") == 1 + len(found)
    assert 'lang="zh"' in html


def test_a_data_frame() -> None:
    pytest.importorskip("pandas")
    found = whole("story")
    frame = found.to_dataframe()
    assert list(frame.columns[:6]) == [*LANGS, "probability", "moved"]
    assert frame["fr"].tolist() == [row.texts[2] for row in found]


def test_a_markup_in_a_text_stays_text() -> None:
    found = align.multi({"en": ["<b>one</b>"], "de": ["<b>eins</b>"]})
    assert "<b>" not in found._repr_html_()


# the command


def test_the_command_writes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(DATA / f"story.{lang}.txt") for lang in ("fr", "en", "de")]
    assert main(["multi", "-q", *files]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("fr\ten\tde\tprobability\n")
    assert err == ""
    target = tmp_path / "all.jsonl"
    assert main(["multi", "-q", *files, "-o", str(target), "--min-versions", "3"]) == 0
    records = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert records
    assert all(all(record["text"].values()) for record in records)
    assert list(records[0]["text"]) == ["fr", "en", "de"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["story.en.txt"], "expected two versions or more, got 1"),
        (["story.en.txt", "article.en.txt"], "are both in en"),
        (["story.en.txt", "story.de.txt", "--pivot", "fr"], "pivot: no version in 'fr'"),
        (["story.en.txt", "story.de.txt", "-l", "en"], "1 languages are named (en) for 2 files"),
        (["story.en.txt", "story.de.txt", "-l", "en,en"], "the language en is named twice"),
        (["story.en.txt", "story.de.txt", "-o", "x.xliff"], "xliff holds two languages"),
        (["story.en.txt", "nowhere.de.txt"], "no such file"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    known = [str(DATA / a) if a.endswith(".txt") else a for a in arguments]
    assert main(["multi", "-q", *known]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


def test_vectors_must_fit() -> None:
    texts = {"en": ["One."], "de": ["Eins."], "fr": ["Un."]}
    one = np.ones((1, 4), np.float32)
    with pytest.raises(AlignError, match="vectors: none are given for fr"):
        align.multi(texts, vectors={"en": one, "de": one})
    with pytest.raises(AlignError, match="the same dimensions, got 4 and 5"):
        align.multi(texts, vectors={"en": one, "de": one, "fr": np.ones((1, 5), np.float32)})
    with pytest.raises(AlignError, match="min_probability: not for several versions"):
        align.multi(texts, min_probability=0.5)
    with pytest.raises(AlignError, match="expected the versions by language"):
        align.multi("One.")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        ("en.txt", "en"),
        ("book.de.html", "de"),
        ("book.fra.txt.gz", "fr"),
        ("book.zh-hans.txt", "zh"),
        ("book_zh.txt", "zh"),
        ("book-fr.md", "fr"),
        ("how-to.txt", None),
        ("is.txt", "is"),
        ("book.txt", None),
        ("folder.de/book.txt", None),
        ("x.v2.txt", None),
    ],
)
def test_the_name_of_a_file_tells_its_language(name: str, lang: str | None) -> None:
    assert language_of_name(name) == lang
