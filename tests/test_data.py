"""The project's own texts and their hand-made gold: complete, in order, as documented."""

from __future__ import annotations

import importlib.util
import re
from ast import literal_eval
from bisect import bisect_left
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest

DATA = Path(__file__).parents[1] / "data"
LANGS = ("en", "de", "fr", "zh")
# stem of the raw text files -> folder of sentences/ and gold/
SETS = {"article": DATA, "story": DATA / "story"}
SETS |= {f"prose/{text.name}": text for text in sorted((DATA / "prose").iterdir())}
PAIRS = [(name, *pair) for name in SETS for pair in combinations(LANGS, 2)]
COUNTED = [(name, *pair) for name in ("article", "story") for pair in combinations(LANGS, 2)]
VERSIONS = [(name, lang) for name in SETS for lang in LANGS]


@cache
def derive_gold() -> ModuleType:
    spec = importlib.util.spec_from_file_location("derive_gold", DATA / "derive_gold.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def raw(name: str, lang: str) -> str:
    path = DATA / name / f"{lang}.txt" if "/" in name else DATA / f"{name}.{lang}.txt"
    return path.read_text(encoding="utf-8")


def sentences(name: str, lang: str) -> list[str]:
    text = (SETS[name] / "sentences" / f"{lang}.txt").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return text[:-1].split("\n")


def gold(name: str, src: str, tgt: str) -> list[tuple[list[int], list[int]]]:
    lines = (SETS[name] / "gold" / f"{src}-{tgt}.gold").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"\[(\d+(, \d+)*)?\]:\[(\d+(, \d+)*)?\]", line) for line in lines)
    sides = [line.split(":") for line in lines]
    return [(literal_eval(left), literal_eval(right)) for left, right in sides]


def moved(beads: list[tuple[list[int], list[int]]]) -> int:
    """How many linked beads stand outside the longest run in the order of both sides."""
    firsts = [right[0] for left, right in sorted(beads) if left and right]
    tails: list[int] = []
    for first in firsts:
        place = bisect_left(tails, first)
        tails[place : place + 1] = [first]
    return len(firsts) - len(tails)


@pytest.mark.parametrize(("name", "lang"), VERSIONS)
def test_sentences_stand_in_the_raw_text_in_order(name: str, lang: str) -> None:
    text, place = raw(name, lang), 0
    for sentence in sentences(name, lang):
        assert sentence == sentence.strip() and sentence
        start = text.find(sentence, place)
        assert start >= 0, f"not found after character {place}: {sentence}"
        assert not text[place:start].strip(), f"skipped: {text[place:start]}"
        place = start + len(sentence)
    assert not text[place:].strip()


@pytest.mark.parametrize(("name", "src", "tgt"), PAIRS)
def test_gold_covers_every_sentence_exactly_once(name: str, src: str, tgt: str) -> None:
    beads = gold(name, src, tgt)
    for side, lang in enumerate((src, tgt)):
        numbers = [number for bead in beads for number in bead[side]]
        assert sorted(numbers) == list(range(len(sentences(name, lang))))
        assert all(b[side] == list(range(b[side][0], b[side][-1] + 1)) for b in beads if b[side])


@pytest.mark.parametrize(("name", "src", "tgt"), PAIRS)
def test_nothing_is_left_out_in_blocks(name: str, src: str, tgt: str) -> None:
    """A sentence without a counterpart is a bead of its own."""
    assert all(
        len(left) + len(right) == 1 for left, right in gold(name, src, tgt) if not (left and right)
    )


@pytest.mark.parametrize(("name", "src", "tgt"), PAIRS)
def test_units_give_the_gold(name: str, src: str, tgt: str) -> None:
    folder = SETS[name] / "gold"
    units = derive_gold().read_units(folder / "units.tsv")
    assert tuple(units) == LANGS
    text = derive_gold().to_text(derive_gold().derive(units[src], units[tgt]))
    assert text == (folder / f"{src}-{tgt}.gold").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SETS)
def test_units_name_every_sentence(name: str) -> None:
    units = derive_gold().read_units(SETS[name] / "gold" / "units.tsv")
    for lang in LANGS:
        found = {number for cell in units[lang] for number in cell}
        assert found == set(range(len(sentences(name, lang))))


@pytest.mark.parametrize(("name", "src", "tgt"), COUNTED)
def test_bead_kinds_are_those_of_the_readme(name: str, src: str, tgt: str) -> None:
    tables: dict[tuple[str, str], dict[str, int]] = {}
    header: list[str] = []
    for line in (DATA / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in SETS and cells[1] == "1-1":
            header = cells
        elif header and re.fullmatch(r"[a-z]{2}-[a-z]{2}", cells[0]):
            counts = {
                kind: int(cell) for kind, cell in zip(header[1:], cells[1:], strict=True) if cell
            }
            tables[header[0], cells[0]] = counts
    beads = gold(name, src, tgt)
    counts = Counter(f"{len(left)}-{len(right)}" for left, right in beads)
    if crossing := moved(beads):
        counts["moved"] = crossing
    assert tables[name, f"{src}-{tgt}"] == dict(counts)


@pytest.mark.parametrize(("name", "lang"), VERSIONS)
def test_readme_counts_sentences(name: str, lang: str) -> None:
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `?{name}`? sentences \|.*?((?: \d+ \|){{4}})$", readme, re.MULTILINE)
    assert row is not None
    counts = dict(zip(LANGS, map(int, re.findall(r"\d+", row[1])), strict=True))
    assert counts[lang] == len(sentences(name, lang))


@pytest.mark.parametrize(
    ("src", "tgt", "beads"),
    [
        ([[0], [1]], [[0], [1]], [([0], [0]), ([1], [1])]),
        # two units in one source sentence
        ([[0], [0]], [[0], [1]], [([0], [0, 1])]),
        # the border between the sentences lies elsewhere: a chain of shared sentences is one bead
        ([[0], [1], [1]], [[0], [0], [1]], [([0, 1], [0, 1])]),
        # a unit left out does not link what it would have linked
        ([[0], [0], [1]], [[0], [], [1]], [([0], [0]), ([1], [1])]),
        # several sentences of one unit, left out: one bead each
        ([[0], [1, 2]], [[0], []], [([0], [0]), ([1], []), ([2], [])]),
        # moved, and insertions after the sentence before them
        ([[], [0], [1], []], [[0], [3], [1], [2]], [([], [0]), ([0], [3]), ([1], [1]), ([], [2])]),
    ],
)
def test_derive(
    src: list[list[int]], tgt: list[list[int]], beads: list[tuple[list[int], list[int]]]
) -> None:
    assert derive_gold().derive(src, tgt) == beads


def test_article_has_what_real_collections_have() -> None:
    assert all(60 <= len(sentences("article", lang)) <= 100 for lang in LANGS)
    assert sentences("article", "fr")[-5].endswith("et que quel")  # stops in mid-sentence
    # the Chinese version lacks the introduction
    assert [[n] for n in range(2, 7)] == [left for left, right in gold("article", "en", "zh")[3:8]]
    assert all(not right for _, right in gold("article", "en", "zh")[3:8])


def test_story_has_long_chinese_sentences() -> None:
    assert 50 <= len(sentences("story", "en")) <= 70
    assert max(len(src) for src, tgt in gold("story", "de", "zh") if len(tgt) == 1) == 4


def test_prose_is_freely_translated() -> None:
    shapes = Counter(
        f"{len(left)}-{len(right)}"
        for name, src, tgt in PAIRS
        if name.startswith("prose/")
        for left, right in gold(name, src, tgt)
    )
    assert 0.6 < shapes["1-1"] / shapes.total() < 0.75
    assert shapes["2-2"] > 200 and shapes["1-0"] > 100 and shapes["0-1"] > 100


def test_related_article_is_another_text() -> None:
    related = (DATA / "related.en.txt").read_text(encoding="utf-8")
    assert 40 <= len(re.findall(r"[.!?]”?(?=\s)", related)) <= 60
    assert not any(sentence in related for sentence in sentences("article", "en"))


ROWS = sorted((DATA / "rows").glob("*.tsv"))


def cells(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize("path", ROWS, ids=[path.stem for path in ROWS])
def test_rows_are_whole_and_counted(path: Path) -> None:
    header, *rows = cells(path)
    assert header == list(LANGS)
    assert all(len(row) == 4 and all(cell == cell.strip() != "" for cell in row) for row in rows)
    assert all(re.search("[\u4e00-\u9fff]", row[3]) for row in rows)
    assert not any(re.search("[\u4e00-\u9fff]", cell) for row in rows for cell in row[:3])
    assert all(len({row[side] for row in rows}) == len(rows) for side in range(4))
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `rows/{path.stem}\.tsv` \|.*\| {len(rows):,} \|$", readme, re.M)


def test_rows_hold_nothing_that_is_aligned_elsewhere() -> None:
    known = {text for name, lang in VERSIONS for text in sentences(name, lang) if len(text) > 20}
    assert len(ROWS) == 32
    assert not any(cell in known for path in ROWS for row in cells(path) for cell in row)
