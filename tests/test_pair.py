"""`align.pair` and `align pair` from end to end: coverage, symmetry, sameness, spans, bad input."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import align
from align.cli import main
from align.evaluate import Evaluation, Link, evaluate, merge, read_links
from align.formats import header_of, rows_of, write_rows

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
LANGS = ("en", "de", "fr", "zh")
PAIRS = list(combinations(LANGS, 2))
FOLDERS = {"article": DATA, "story": DATA / "story"}


def raw(name: str, lang: str) -> Path:
    return DATA / f"{name}.{lang}.txt"


@cache
def sentences(name: str, lang: str) -> list[str]:
    path = FOLDERS[name] / "sentences" / f"{lang}.txt"
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


@cache
def from_raw(name: str, src: str, tgt: str) -> align.Alignment:
    return align.pair(raw(name, src), raw(name, tgt))


@cache
def from_sentences(name: str, src: str, tgt: str) -> align.Alignment:
    return align.pair(sentences(name, src), sentences(name, tgt), src_lang=src, tgt_lang=tgt)


def links(alignment: align.Alignment) -> list[Link]:
    return [(bead.src_ids, bead.tgt_ids) for bead in alignment.beads]


def scored(name: str, src: str, tgt: str) -> Evaluation:
    gold = read_links(str(FOLDERS[name] / "gold" / f"{src}-{tgt}.gold"))
    return evaluate(gold, links(from_sentences(name, src, tgt)))


def check_whole(alignment: align.Alignment, options: align.Options | None = None) -> None:
    """What holds for every alignment, whatever the text."""
    options = options or align.Options()
    src, tgt = alignment.src.sentences, alignment.tgt.sentences
    assert sorted(i for bead in alignment.beads for i in bead.src_ids) == list(range(len(src)))
    assert sorted(j for bead in alignment.beads for j in bead.tgt_ids) == list(range(len(tgt)))
    firsts = [bead.src_ids[0] for bead in alignment.beads if bead.src_ids]
    assert firsts == sorted(firsts)
    in_order = [j for bead in alignment.beads if not bead.moved for j in bead.tgt_ids]
    assert in_order == sorted(in_order)
    for bead in alignment.beads:
        check_bead(bead, alignment, options)
    assert alignment.pairs == tuple(alignment) == tuple(b for b in alignment.beads if b.is_pair)
    assert len(alignment) == len(alignment.pairs)
    assert 0 <= alignment.parallel <= 1


def check_bead(bead: align.Bead, alignment: align.Alignment, options: align.Options) -> None:
    sides = (
        (bead.src_ids, bead.src_span, bead.src, alignment.src),
        (bead.tgt_ids, bead.tgt_span, bead.tgt, alignment.tgt),
    )
    assert bead.src_ids or bead.tgt_ids
    for ids, span, text, document in sides:
        assert ids == tuple(range(ids[0], ids[0] + len(ids))) if ids else span is None
        own = [document.sentences[i] for i in ids]
        assert text == ("" if document.lang == "zh" else " ").join(s.text for s in own)
        if own:
            assert span == (own[0].start, own[-1].end)
    assert bead.probability is not None
    assert bead.probability_lax is not None
    assert 0 <= bead.probability <= 1
    if bead.is_pair:
        assert len(bead.src_ids) <= options.max_side
        assert len(bead.tgt_ids) <= options.max_side
        assert len(bead.src_ids) + len(bead.tgt_ids) <= options.max_total
        assert bead.probability <= bead.probability_lax <= 1
    else:
        assert len(bead.src_ids) + len(bead.tgt_ids) == 1
        assert (bead.score, bead.probability_lax, bead.moved) == (0, 0, False)


# whole alignments


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(("src", "tgt"), PAIRS)
def test_every_sentence_is_in_exactly_one_bead(name: str, src: str, tgt: str) -> None:
    for alignment in (from_raw(name, src, tgt), from_sentences(name, src, tgt)):
        assert (alignment.src.lang, alignment.tgt.lang) == (src, tgt)
        check_whole(alignment)
    assert sum(bead.moved for bead in from_raw("article", "de", "fr").beads) >= 1


@pytest.mark.parametrize(("src", "tgt"), PAIRS)
def test_swapping_the_sides_mirrors_the_result(src: str, tgt: str) -> None:
    def shape(a: tuple[int, ...], b: tuple[int, ...], bead: align.Bead) -> tuple[Any, ...]:
        return a, b, bead.moved

    there, back = (
        from_raw("article", src, tgt),
        align.pair(raw("article", tgt), raw("article", src)),
    )
    mirrored = {shape(bead.tgt_ids, bead.src_ids, bead): bead for bead in back.beads}
    assert {shape(bead.src_ids, bead.tgt_ids, bead) for bead in there.beads} == set(mirrored)
    # the probability looks at the beads around, and moved ones stand at their place in the source
    near = 0.2 if any(bead.moved for bead in there) else 0.03
    for bead in there.beads:
        other = mirrored[shape(bead.src_ids, bead.tgt_ids, bead)]
        assert bead.score == pytest.approx(other.score, abs=0.01)
        assert bead.probability == pytest.approx(other.probability, abs=near)


@pytest.mark.parametrize(("src", "tgt"), PAIRS)
def test_spans_are_exact(src: str, tgt: str) -> None:
    alignment = from_raw("article", src, tgt)
    for lang, document in ((src, alignment.src), (tgt, alignment.tgt)):
        text = raw("article", lang).read_text(encoding="utf-8")
        for sentence in document.sentences:
            assert text[sentence.start : sentence.end] == sentence.text
        end = 0
        for sentence in document.sentences:
            assert not text[end : sentence.start].strip()
            end = sentence.end
        assert not text[end:].strip()


FLOORS = {  # strict and lax F1 from given sentences; benchmarks/gate.json holds the tight ones
    "article": (0.89, 0.94),
    "story": (0.94, 0.97),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_quality_does_not_fall(name: str) -> None:
    every = [scored(name, src, tgt) for src, tgt in PAIRS]
    for (src, tgt), found in zip(PAIRS, every, strict=True):
        assert found.strict.f1 > FLOORS[name][0] - 0.08, f"{src}-{tgt}"
        assert found.lax.f1 > FLOORS[name][1] - 0.05, f"{src}-{tgt}"
    total = merge(every)
    assert total.strict.f1 > FLOORS[name][0]
    assert total.lax.f1 > FLOORS[name][1]
    assert total.nulls.f1 > 0.6


def test_sure_pairs_are_right() -> None:
    right = total = 0
    for name in FOLDERS:
        for src, tgt in PAIRS:
            gold = set(read_links(str(FOLDERS[name] / "gold" / f"{src}-{tgt}.gold")))
            sure = [b for b in from_sentences(name, src, tgt) if (b.probability or 0) >= 0.9]
            right += sum((bead.src_ids, bead.tgt_ids) in gold for bead in sure)
            total += len(sure)
    assert total > 300
    assert right / total >= 0.95


# the same again


def written(alignment: align.Alignment, folder: Path, suffix: str) -> bytes:
    path = folder / f"out.{suffix}"
    write_rows(path, rows_of(alignment), header_of(alignment))
    return path.read_bytes()


@pytest.mark.parametrize("suffix", ["tsv", "jsonl", "ladder", "tmx"])
def test_the_same_bytes_again_with_any_number_of_threads(tmp_path: Path, suffix: str) -> None:
    first = from_raw("article", "en", "zh")
    for threads in (1, 2):
        again = align.pair(raw("article", "en"), raw("article", "zh"), threads=threads)
        assert again.signature == first.signature
        assert written(again, tmp_path, suffix) == written(first, tmp_path, suffix)


def test_the_same_bytes_from_another_process() -> None:
    command = [
        sys.executable,
        "-m",
        "align",
        "pair",
        "-q",
        "data/story.de.txt",
        "data/story.zh.txt",
    ]
    outputs = {
        subprocess.run(
            [*command, "--format", "jsonl", "--threads", threads],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for threads, seed in (("1", "1"), ("2", "7"))
    }
    assert len(outputs) == 1
    assert outputs.pop().count(b"\n") == len(from_raw("story", "de", "zh"))


def test_the_signature_says_what_shapes_the_result() -> None:
    texts = ["One.", "Two."], ["Eins.", "Zwei."]
    plain = align.pair(*texts, src_lang="en", tgt_lang="de").signature
    assert plain.startswith(f"align|v:{align.__version__}|encoder:{align.load_encoder().name}|")
    assert align.pair(*texts, src_lang="en", tgt_lang="de", threads=2).signature == plain
    other = align.pair(*texts, src_lang="en", tgt_lang="de", monotone=True, max_side=3).signature
    assert other == f"{plain}|max_side:3|monotone:True"


def test_line_ends_compression_and_marks_change_nothing_but_spans(tmp_path: Path) -> None:
    import gzip

    text = raw("article", "fr").read_text(encoding="utf-8")
    plain = from_raw("article", "en", "fr")
    for name, data in (
        ("crlf.txt", text.replace("\n", "\r\n").encode()),
        ("bom.txt", b"\xef\xbb\xbf" + text.encode()),
        ("packed.txt.gz", gzip.compress(text.encode())),
        ("wide.txt", text.encode("utf-16")),
    ):
        (tmp_path / name).write_bytes(data)
        encoding = "utf-16" if name == "wide.txt" else "utf-8"
        found = align.pair(
            raw("article", "en").read_text(encoding="utf-8"), tmp_path / name, encoding=encoding
        )
        assert [(b.src_ids, b.tgt, b.probability) for b in found.beads] == [
            (b.src_ids, b.tgt, b.probability) for b in plain.beads
        ]


# forms of input


def test_text_path_list_and_document() -> None:
    en, de = (raw("story", lang).read_text(encoding="utf-8") for lang in ("en", "de"))
    path = from_raw("story", "en", "de")
    assert align.pair(en, de).beads == path.beads
    assert align.pair(path.src, path.tgt).beads == path.beads
    assert align.pair(path.src, raw("story", "de")).beads == path.beads


def test_presplit_lines_are_sentences(tmp_path: Path) -> None:
    for lang in ("en", "de"):
        lines = "".join(f"{s}\n" for s in sentences("article", lang))
        (tmp_path / f"{lang}.txt").write_text(lines, encoding="utf-8")
    found = align.pair(
        tmp_path / "en.txt", tmp_path / "de.txt", presplit=True, src_lang="en", tgt_lang="de"
    )
    assert found.src.texts == sentences("article", "en")
    assert links(found) == links(from_sentences("article", "en", "de"))


def test_wrapped_lines_are_joined() -> None:
    def wrap(text: str) -> str:
        parts = text.split("\n\n")
        return "\n\n".join(textwrap.fill(part, 60, break_on_hyphens=False) for part in parts)

    text = "\n\n".join(" ".join(sentences("story", "en")[i : i + 6]) for i in range(0, 66, 6))
    broken, plain = (
        align.pair(form(text), raw("story", "de"), wrapped=True) for form in (wrap, str)
    )
    assert [" ".join(s.split()) for s in broken.src.texts] == plain.src.texts
    assert links(broken) == links(plain)


def test_a_splitter_of_ones_own() -> None:
    found = align.pair(
        "One two  three four",
        "Eins zwei  drei vier",
        splitter=lambda text: text.split("  "),
        src_lang="en",
        tgt_lang="de",
    )
    assert found.src.texts == ["One two", "three four"]
    assert [bead.src_span for bead in found.beads if bead.src_ids == (1,)] == [(9, 19)]
    with pytest.raises(align.AlignError, match="must return all of the text"):
        align.pair("One. Two.", "Eins.", splitter=lambda text: ["One."])


# text that moved, was left out, or belongs to nothing


def story_in_step() -> tuple[list[str], list[str]]:
    """English and German sentences that correspond one to one."""
    gold = read_links(str(DATA / "story" / "gold" / "en-de.gold"))
    pairs = [link for link in gold if len(link[0]) == len(link[1]) == 1]
    return (
        [sentences("story", "en")[src[0]] for src, _ in pairs],
        [sentences("story", "de")[tgt[0]] for _, tgt in pairs],
    )


@pytest.mark.parametrize(("first", "last", "to"), [(8, 13, 30), (20, 26, 4), (10, 20, 25)])
def test_a_block_that_moved_is_found(first: int, last: int, to: int) -> None:
    en, de = story_in_step()
    order = [*range(first), *range(last, len(de))]
    order[to:to] = range(first, last)
    found = align.pair(en, [de[i] for i in order], src_lang="en", tgt_lang="de")
    check_whole(found)
    right = [b for b in found if b.src_ids == tuple(order[j] for j in b.tgt_ids)]
    assert len(right) >= len(en) - 2
    moved = {b.src_ids[0] for b in found if b.moved}
    assert len(moved & set(range(first, last))) >= last - first - 1
    assert moved <= set(range(first, last))

    straight = align.pair(en, [de[i] for i in order], src_lang="en", tgt_lang="de", monotone=True)
    check_whole(straight)
    assert not any(bead.moved for bead in straight.beads)


def test_what_is_missing_on_one_side_stays_alone() -> None:
    en, de = story_in_step()
    found = align.pair(en, de[:25], src_lang="en", tgt_lang="de")
    assert [bead.kind for bead in found.beads] == ["1-1"] * 25 + ["1-0"] * 15
    assert 0.4 < found.parallel < 0.9


@pytest.mark.parametrize("lang", ["de", "fr", "zh"])
@pytest.mark.parametrize("name", FOLDERS)
def test_unrelated_documents_have_no_credible_pairs(
    name: str, lang: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "align"):
        found = align.pair(DATA / "related.en.txt", raw(name, lang))
    check_whole(found)
    assert max((bead.probability or 0 for bead in found), default=0) <= 0.5
    assert max((bead.probability_lax or 0 for bead in found), default=0) <= 0.75
    assert found.parallel < 0.1
    assert any("are these the right documents?" in record.message for record in caplog.records)


@pytest.mark.parametrize("lang", LANGS)
def test_a_document_and_itself(lang: str) -> None:
    found = align.pair(raw("article", lang), raw("article", lang))
    assert links(found) == [((i,), (i,)) for i in range(len(found.src))]
    assert found.parallel == 1
    assert not any(bead.moved for bead in found)


@pytest.mark.parametrize("at", [0, 500, 999])
def test_one_sentence_against_a_thousand(at: int) -> None:
    who = "Der Bürgermeister|Die Lehrerin|Ein alter Fischer|Unsere Nachbarin|Der junge Arzt"
    did = "kaufte|verkaufte|reparierte|vergaß|suchte|malte|verschenkte|beschrieb|versteckte|trug"
    what = "gestern ein rotes Fahrrad|drei Bücher|am Montag den Schlüssel|heimlich eine Geige"
    where = "im Garten|auf dem Markt|nach dem Regen|vor dem Fest|für die Kinder"
    parts = (part.split("|") for part in (who, did, what, where))
    many = [" ".join(words) + "." for words in itertools.product(*parts)]
    assert len(many) == 1000
    many[at] = "Die Fähre überquert den Fluss ohne Motor."
    found = align.pair(
        ["The ferry crosses the river without an engine."], many, src_lang="en", tgt_lang="de"
    )
    check_whole(found)
    assert [(bead.src_ids, bead.tgt_ids) for bead in found] == [((0,), (at,))]


@pytest.mark.parametrize("empty", ["", " \n\t\r\n\u3000 ", []])
def test_nothing_on_one_side_or_both(empty: Any) -> None:
    text = "It rained. We left."
    for src, tgt, kinds in ((text, empty, ["1-0"] * 2), (empty, text, ["0-1"] * 2)):
        found = align.pair(src, tgt)
        check_whole(found)
        assert [bead.kind for bead in found.beads] == kinds
        assert found.parallel == 0
    assert align.pair(empty, empty).beads == ()


def test_a_line_of_five_megabytes(tmp_path: Path) -> None:
    long, short = tmp_path / "long.txt", tmp_path / "short.txt"
    long.write_text("x" * 5_000_000 + "\n", encoding="utf-8")
    short.write_text("Es regnete. Wir gingen.\n", encoding="utf-8")
    found = align.pair(long, short)
    check_whole(found)
    assert (len(found.src), len(found.tgt)) == (1, 2)
    assert found.src.sentences[0].end == 5_000_000


def test_an_unknown_language_is_told_and_aligned(caplog: pytest.LogCaptureFixture) -> None:
    spanish = "En 1911 el transbordador cruzó por primera vez. Costó 2300 coronas. Llovía."
    german = (
        "Im Jahr 1911 setzte die Fähre zum ersten Mal über. Sie kostete 2300 Kronen. Es regnete."
    )
    with caplog.at_level(logging.WARNING, "align"):
        found = align.pair(spanish, german, src_lang="es", tgt_lang="de")
    check_whole(found)
    assert links(found) == [((i,), (i,)) for i in range(3)]
    assert any("does not know" in record.message for record in caplog.records)


# vectors and encoders


def encoded(lang: str) -> np.ndarray:
    return align.load_encoder().encode(sentences("article", lang))


def test_ready_vectors_and_an_object_give_the_same() -> None:
    class Own:
        def encode(self, texts: list[str]) -> np.ndarray:
            return 3 * align.load_encoder().encode(texts)  # any length of rows will do

    texts = sentences("article", "en"), sentences("article", "de")
    vectors = encoded("en"), encoded("de")
    kept = [part.copy() for part in vectors]
    given = align.pair(*texts, vectors=vectors, src_lang="en", tgt_lang="de")
    own = align.pair(*texts, encoder=Own(), src_lang="en", tgt_lang="de")
    check_whole(given)
    assert links(given) == links(own)
    assert all(np.array_equal(a, b) for a, b in zip(kept, vectors, strict=True))
    assert "encoder:given" in given.signature
    assert given.signature != own.signature
    gold = read_links(str(DATA / "gold" / "en-de.gold"))
    assert evaluate(gold, links(given)).strict.f1 > 0.8


def test_useless_vectors_still_cover_everything() -> None:
    rng = np.random.default_rng(0)
    texts = sentences("article", "en"), sentences("article", "fr")
    vectors = tuple(rng.standard_normal((len(t), 16)).astype(np.float32) for t in texts)
    check_whole(align.pair(*texts, vectors=vectors, src_lang="en", tgt_lang="fr"))
    nothing = tuple(np.zeros((len(t), 16), np.float32) for t in texts)
    check_whole(align.pair(*texts, vectors=nothing, src_lang="en", tgt_lang="fr"))


@pytest.mark.parametrize(
    ("src", "tgt", "message"),
    [
        (np.ones((3, 4)), np.ones((3, 4)), "expected 2 vectors for 2 sentences, got 3"),
        (np.ones((2, 4)), np.ones((3, 4)), "same dimensions|expected 3|^$"),
        (np.ones((2, 4)), np.ones((3, 5)), "both sides need the same dimensions, got 4 and 5"),
        (np.ones(8), np.ones((3, 4)), r"expected vectors of shape \[2, d\]"),
        (np.full((2, 4), np.nan), np.ones((3, 4)), "2 of 2 vectors hold NaN"),
        (np.array([["a"], ["b"]]), np.ones((3, 1)), "expected numbers"),
    ],
)
def test_vectors_that_do_not_fit(src: Any, tgt: Any, message: str) -> None:
    def run() -> align.Alignment:
        return align.pair(
            ["A.", "B."], ["C.", "D.", "E."], vectors=(src, tgt), src_lang="en", tgt_lang="de"
        )

    if message.endswith("^$"):  # these do fit
        check_whole(run())
        return
    with pytest.raises(align.AlignError, match=message):
        run()


def test_an_encoder_of_the_wrong_shape() -> None:
    class Wrong:
        name = "wrong-1"

        def __init__(self, give: Callable[[int], Any]) -> None:
            self.give = give

        def encode(self, texts: list[str]) -> Any:
            return self.give(len(texts))

    for give, message in (
        (lambda n: np.ones((n + 1, 4)), "wrong-1: expected 2 vectors for 2 sentences, got 3"),
        (lambda n: np.ones(n), r"wrong-1: expected vectors of shape \[2, d\], got \(2,\)"),
        (lambda n: [["x"]] * n, "wrong-1: expected numbers"),
    ):
        with pytest.raises(align.AlignError, match=message):
            align.pair(["A.", "B."], ["C."], encoder=Wrong(give), src_lang="en", tgt_lang="de")
    with pytest.raises(align.AlignError, match="expected a name, folder or object with encode"):
        align.pair("A.", "B.", encoder=3, src_lang="en", tgt_lang="de")


# options


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_side": 0}, "max_side: expected a whole number 1..16, got 0"),
        ({"max_side": 17}, "max_side"),
        ({"max_side": 2.0}, "max_side"),
        ({"max_total": 1}, "max_total"),
        ({"neighbours": 0}, "neighbours"),
        ({"threads": 0}, "threads"),
        ({"min_probability": 1.5}, "min_probability: expected 0..1, got 1.5"),
        ({"src_lang": "klingonisch"}, "no code of a language"),
    ],
)
def test_options_that_make_no_sense(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(align.AlignError, match=message):
        align.pair("It rained.", "Es regnete.", **changes)


@pytest.mark.parametrize(("max_side", "max_total"), [(1, 2), (2, 3), (3, 6), (6, 4), (16, 32)])
def test_beads_keep_to_the_size_asked_for(max_side: int, max_total: int) -> None:
    options = align.Options(max_side=max_side, max_total=max_total)
    found = align.pair(raw("story", "en"), raw("story", "zh"), options=options)
    check_whole(found, options)
    kinds = {bead.kind for bead in found}
    assert kinds == {"1-1"} if max_side == 1 else "2-1" in kinds


@pytest.mark.parametrize("neighbours", [1, 2, 64])
def test_any_number_of_neighbours(neighbours: int) -> None:
    found = align.pair(raw("story", "en"), raw("story", "de"), neighbours=neighbours)
    check_whole(found)
    assert len(found) > 50


# bad input, from Python and from the command line


def a_directory(folder: Path) -> Path:
    return folder


def a_missing_file(folder: Path) -> Path:
    return folder / "missing.txt"


def a_file(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


BAD = {
    "missing": (a_missing_file, "no such file"),
    "directory": (a_directory, "is a directory; name one file in it"),
    "binary": (a_file("b.txt", bytes(range(256)) * 9), "this looks like binary data"),
    "latin-1": (a_file("l.txt", "Fluß, Brücke\n".encode("latin-1")), "--encoding latin-1"),
    "gb18030": (a_file("g.txt", "我们过了河，天下着雨。".encode("gb18030")), "--encoding gb18030"),
    "utf-16": (a_file("u.txt", "Ja. Nein.".encode("utf-16")), "--encoding utf-16"),
    "NUL": (a_file("n.txt", b"One.\nTwo\0.\n"), "n.txt:2: NUL character"),
    "packed": (a_file("p.txt", b"\x1f\x8b\x08\0"), "give it a name that ends in .gz"),
    "broken": (a_file("z.txt.gz", b"\x1f\x8b\x08\0\0"), "broken .gz file"),
    "PDF": (a_file("d.txt", b"%PDF-1.7\n"), "turn it into plain text first"),
}


@pytest.mark.parametrize("side", ["src", "tgt"])
@pytest.mark.parametrize("case", BAD)
def test_bad_files(case: str, side: str, tmp_path: Path) -> None:
    make, message = BAD[case]
    bad, good = make(tmp_path), raw("story", "de")
    with pytest.raises(align.AlignError) as caught:
        align.pair(*((bad, good) if side == "src" else (good, bad)))
    assert str(caught.value).startswith(str(bad))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs the command line in this process and undoes what it does to logging and environment."""
    log, environment = logging.getLogger("align"), dict(os.environ)
    level, handlers = log.level, list(log.handlers)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        streams = capfd.readouterr()
        return code, streams.out, streams.err

    yield run
    log.setLevel(level)
    log.handlers[:] = handlers
    os.environ.clear()
    os.environ.update(environment)


@pytest.mark.parametrize("case", BAD)
def test_bad_files_on_the_command_line(case: str, command: Any, tmp_path: Path) -> None:
    make, message = BAD[case]
    bad, out = make(tmp_path), tmp_path / "out.tsv"
    code, stdout, stderr = command("pair", "-q", str(bad), str(raw("story", "de")), "-o", str(out))
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"align: error: {bad}")
    assert message in stderr
    assert stderr.count("\n") == 1
    assert "Traceback" not in stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-s", "klingonisch"], "no code of a language"),
        (["--encoding", "klingon"], "unknown encoding 'klingon'"),
        (["--encoder", "no/such/folder/at/all"], "no such folder"),
        (["--min-probability", "2"], "min_probability: expected 0..1, got 2.0"),
        (["--format", "docx"], "unknown format 'docx'"),
        (["-o", "missing-folder/out.tsv"], "missing-folder"),
        (["-o", "out.unknown"], "no suffix that tells the format"),
    ],
)
def test_bad_arguments(arguments: list[str], message: str, command: Any) -> None:
    src, tgt = str(raw("story", "en")), str(raw("story", "de"))
    code, stdout, stderr = command("pair", "-q", src, tgt, *arguments)
    assert (code, stdout) == (2, "")
    assert message in stderr
    assert stderr.count("\n") == 1


def test_empty_files_give_empty_output_and_a_note(command: Any, tmp_path: Path) -> None:
    empty = a_file("e.txt", b"")(tmp_path)
    code, stdout, stderr = command("pair", str(empty), str(raw("story", "de")))
    assert (code, stdout) == (0, "")
    assert str(empty) in stderr
    code, stdout, _ = command(
        "pair", "-q", str(empty), str(raw("story", "de")), "--format", "ladder"
    )
    assert code == 0
    assert stdout.splitlines() == [f"[]:[{i}]:0.0000" for i in range(len(sentences("story", "de")))]


def test_unrelated_documents_warn_on_the_command_line(command: Any) -> None:
    files = str(DATA / "related.en.txt"), str(raw("article", "de"))
    code, stdout, stderr = command("pair", *files, "--min-probability", "0.5")
    assert (code, stdout) == (0, "")
    assert "are these the right documents?" in stderr
    assert command("pair", "-q", *files, "--min-probability", "0.5") == (0, "", "")


def test_python_and_the_command_line_keep_the_same_pairs(command: Any, caplog: Any) -> None:
    files = raw("article", "en"), raw("article", "de")
    whole = from_raw("article", "en", "de")
    sure = [bead for bead in whole if (bead.probability or 0) >= 0.9]
    assert 0 < len(sure) < len(whole)
    with caplog.at_level("INFO", "align"):
        found = align.pair(*files, min_probability=0.9)
    assert list(found) == sure
    assert f"{len(whole) - len(sure)} of {len(whole)} pairs left out" in caplog.text
    for side in ("src_ids", "tgt_ids"):
        assert sorted(i for bead in found.beads for i in getattr(bead, side)) == sorted(
            i for bead in whole.beads for i in getattr(bead, side)
        )
    arguments = "-q", *map(str, files), "--columns", "src,tgt", "--min-probability", "0.9"
    _, stdout, _ = command("pair", *arguments)
    assert stdout == "".join(f"{bead.src}\t{bead.tgt}\n" for bead in sure)


def test_the_command_line_says_what_python_says(command: Any) -> None:
    files = str(raw("article", "en")), str(raw("article", "de"))
    columns = "src_ids,tgt_ids,probability,moved,src,tgt"
    code, stdout, stderr = command("pair", "-q", *files, "--columns", columns)
    assert (code, stderr) == (0, "")
    rows = [line.split("\t") for line in stdout.splitlines()]
    assert rows == [
        [
            ",".join(map(str, bead.src_ids)),
            ",".join(map(str, bead.tgt_ids)),
            f"{bead.probability:.6f}",
            str(int(bead.moved)),
            bead.src,
            bead.tgt,
        ]
        for bead in from_raw("article", "en", "de")
    ]


def test_a_ladder_covers_every_sentence_once(command: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.ladder"
    files = str(raw("article", "de")), str(raw("article", "zh"))
    assert command("pair", "-q", *files, "-o", str(out), "--min-probability", "0.99")[0] == 0
    found, whole = read_links(str(out)), from_raw("article", "de", "zh")
    assert sorted(i for src, _ in found for i in src) == list(range(len(whole.src)))
    assert sorted(j for _, tgt in found for j in tgt) == list(range(len(whole.tgt)))
    kept = {bead.src_ids for bead in whole if (bead.probability or 0) >= 0.99}
    assert {src for src, tgt in found if src and tgt} == kept
    gold = str(DATA / "gold" / "de-zh.gold")
    code, stdout, _ = command("eval", "--gold", gold, "--pred", str(out), "--json")
    assert code == 0
    assert '"strict"' in stdout


def test_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "align", "pair", "-q", "-", "data/story.de.txt", "--columns", "src"],
        cwd=ROOT,
        input=raw("story", "en").read_bytes(),
        capture_output=True,
        check=True,
    )
    pairs = done.stdout.decode().splitlines()
    assert pairs == [" ".join(bead.src.split("\n")) for bead in from_raw("story", "en", "de")]


# any text at all

POOL = [s for name in FOLDERS for lang in LANGS for s in sentences(name, lang)]
any_text = st.text(max_size=200).filter(lambda text: text != "-")  # that is the standard input
some = st.lists(st.sampled_from(POOL), max_size=30)


@settings(max_examples=40, deadline=None)
@given(src=some, tgt=some, monotone=st.booleans())
def test_any_sentences_are_covered(src: list[str], tgt: list[str], monotone: bool) -> None:
    options = align.Options(src_lang="en", tgt_lang="de", monotone=monotone)
    found = align.pair(src, tgt, options=options)
    assert (found.src.texts, found.tgt.texts) == (src, tgt)
    check_whole(found, options)
    assert not (monotone and any(bead.moved for bead in found.beads))


@st.composite
def cut_and_glued(draw: st.DrawFn) -> tuple[str, str]:
    """Pieces of two versions of one text, in any order, some of them twice."""
    name, langs = draw(st.sampled_from(sorted(FOLDERS))), draw(st.sampled_from(PAIRS))
    sides = []
    for lang in langs:
        own = sentences(name, lang)
        cut = st.tuples(st.integers(0, len(own)), st.integers(0, 25))
        pieces = draw(st.lists(cut, min_size=1, max_size=3))
        sides.append("\n".join(s for start, size in pieces for s in own[start : start + size]))
    return sides[0], sides[1]


@settings(max_examples=25, deadline=None)
@given(texts=cut_and_glued())
def test_pieces_of_texts_are_covered(texts: tuple[str, str]) -> None:
    check_whole(align.pair(*texts))


@settings(max_examples=60, deadline=None)
@given(src=any_text, tgt=any_text)
def test_any_characters_are_aligned_or_refused(src: str, tgt: str) -> None:
    try:
        check_whole(align.pair(src, tgt, src_lang="en", tgt_lang="zh"))
    except align.AlignError as error:
        assert "NUL" in str(error) or "surrogate" in str(error)


def test_progress_rises_from_start_to_end() -> None:
    told: list[tuple[str, float]] = []
    text = "The mill stood by the river. It was old. Who would buy it?\n" * 3
    align.pair(text, text, progress=lambda what, share: told.append((what, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert [what for what, _ in told][:4] == ["reading and splitting"] * 2 + ["encoding"] * 2
    assert {what for what, _ in told[4:]} == {"aligning"}


def test_a_text_that_is_empty_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "align"):
        found = align.pair(["One."], [], src_lang="en", tgt_lang="de")
    assert (len(found), len(found.beads)) == (0, 1)
    assert [record.message for record in caplog.records] == ["<list>: no text to align"]
