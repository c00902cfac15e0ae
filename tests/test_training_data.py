"""Training data: finding bitext, the survey, held-out pairs, the prepared corpus."""

from __future__ import annotations

import gzip
import logging
import lzma
from pathlib import Path

import numpy as np
import pytest

from align.errors import AlignError
from align.training.bitext import Bitext, find_bitexts, language_of
from align.training.dev import DevSet, HeldOut, measure, read_dev, retrieval
from align.training.prepare import MAX_TOKENS, gather, load_prepared, prepare
from align.training.survey import survey
from align.training.vocabulary import build_tokenizer


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(bitext: Bitext) -> list[list[str]]:
    return [row for batch in bitext.batches() for row in batch]


# finding and reading


@pytest.mark.parametrize(
    ("code", "lang"),
    [("en", "en"), ("zh-Hans", "zh"), ("deu", "de"), ("fr_CA", "fr"), ("src", None), ("tgt", None),
     ("the", None), ("md", None), ("txt", None), ("", None), ("english", None)],
)  # fmt: skip
def test_what_counts_as_a_language(code: str, lang: str | None) -> None:
    assert language_of(code) == lang


@pytest.mark.parametrize(
    ("name", "text", "langs", "rows"),
    [
        ("a.tsv", "en\tde\nyes\tja\n", ("en", "de"), [["yes", "ja"]]),
        ("a.tsv", "en\tde\tfr\nyes\tja\t\n", ("en", "de", "fr"), [["yes", "ja", ""]]),
        ("a.tsv", "score\ten-US\tzho\n.5\tyes\t是\n", ("en", "zh"), [["yes", "是"]]),
        ("a.en-de.tsv", "yes\tja\n", ("en", "de"), [["yes", "ja"]]),
        ("a.en-de.tsv", "yes\tja\t0.9\n", ("en", "de"), [["yes", "ja"]]),
        ("a_de-fr.tsv", "de\tfr\nja\toui\n", ("de", "fr"), [["ja", "oui"]]),
        ("a.en-de.tsv", "en\tde Vries\n", ("en", "de"), [["en", "de Vries"]]),
        ("a.tsv", "en\tde\r\nyes\tja\r\n", ("en", "de"), [["yes", "ja"]]),
        ("a.tsv", "\ufeffen\tde\nyes\tja", ("en", "de"), [["yes", "ja"]]),
    ],
)
def test_tsv(
    tmp_path: Path, name: str, text: str, langs: tuple[str, ...], rows: list[list[str]]
) -> None:
    (found,) = find_bitexts([write(tmp_path / name, text)])
    assert (found.langs, rows_of(found)) == (langs, rows)


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_compressed(tmp_path: Path, suffix: str) -> None:
    import zstandard

    pack = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.compress}[suffix]
    path = tmp_path / f"a.tsv{suffix}"
    path.write_bytes(pack("en\tzh\nyes\t是\n".encode()))
    (found,) = find_bitexts([path])
    assert (found.name, rows_of(found)) == ("a", [["yes", "是"]])


def test_a_folder_of_everything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "align")
    write(tmp_path / "z.tsv", "en\tde\nyes\tja\n")
    write(tmp_path / "sub/news.en", "one\ntwo\n")
    write(tmp_path / "sub/news.de", "eins\nzwei\n")
    write(tmp_path / "sub/lonely.fr", "seul\n")
    write(tmp_path / "SOURCES.tsv", "source\tlicence\nz\tCC0\n")
    write(tmp_path / "README.md", "nothing\n")
    write(tmp_path / "empty.tsv", "")
    found = find_bitexts([tmp_path])
    assert [(b.name, b.langs) for b in found] == [("z", ("en", "de")), ("news", ("de", "en"))]
    assert rows_of(found[1]) == [["eins", "one"], ["zwei", "two"]]
    assert [r.message for r in caplog.records] == [
        f"{tmp_path}/sub/lonely.fr: passed over, its other language is missing"
    ]


def test_moses_files_given_one_by_one(tmp_path: Path) -> None:
    sides = [write(tmp_path / "a.en", "one\n"), write(tmp_path / "a.fr", "un\n")]
    (found,) = find_bitexts(sides)
    assert (found.langs, rows_of(found)) == (("en", "fr"), [["one", "un"]])


def test_a_file_given_twice_is_read_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\nyes\tja\n")
    with caplog.at_level("WARNING", "align"):
        assert [b.name for b in find_bitexts([tmp_path, path])] == ["a"]
    assert caplog.messages == [f"{path}: given twice, read once"]
    empty = write(tmp_path / "b.tsv", "")
    assert [b.name for b in find_bitexts([tmp_path])] == ["a"]
    with pytest.raises(AlignError, match=r"b\.tsv: empty; expected a row of translations a line"):
        find_bitexts([empty])


def test_only_some_languages(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\tfr\nyes\tja\toui\n")
    (found,) = find_bitexts([path])
    chosen = found.only(["fr", "en"])
    assert chosen is not None
    assert (chosen.langs, rows_of(chosen)) == (("en", "fr"), [["yes", "oui"]])
    again = chosen.only(["fr", "en"])
    assert again is not None and rows_of(again) == [["yes", "oui"]]
    assert found.only(["en", "zh"]) is None
    for lang in ("en", "de", "fr"):
        write(tmp_path / f"m.{lang}", f"{lang}\n")
    (moses,) = [b for b in find_bitexts([tmp_path]) if b.name == "m"]
    chosen = moses.only(["fr", "de"])
    assert chosen is not None and rows_of(chosen) == [["de", "fr"]]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "{}/a: no such file or folder of bitext"),
        ({"a/x.md": "no\n"}, "{}/a: no bitext found (.tsv or Moses pairs)"),
        ({"a": "no\n"}, "{}/a: not bitext that is understood: give .tsv files, Moses pairs "
         "(name.en and name.de) or folders of them; `align convert` makes them of TMX"),
        ({"a/x.tsv": "yes\tja\n"}, "{}/a/x.tsv:1: no language codes: start the file with a header "
         "such as `en<TAB>de`, or name it like `corpus.en-de.tsv`"),
        ({"a/x.tsv": "en\tde\ten\n"}, "{}/a/x.tsv:1: a language stands there twice: en de en"),
        ({"a/x.en-de.tsv": "alone\n"}, "{}/a/x.en-de.tsv:1: expected at least 2 columns (en de), "
         "got 1"),
        ({"a/x.en": "", "a/x.en.gz": ""}, "{}/a/x.en.gz: the same language as {}/a/x.en; "
         "remove one"),
    ],
)  # fmt: skip
def test_what_is_no_bitext(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        write(tmp_path / name, text)
    with pytest.raises(AlignError) as error:
        find_bitexts([tmp_path / "a"])
    assert str(error.value) == message.replace("{}", str(tmp_path))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.tsv": "en\tde\nyes\tja\nno\n"}, "a.tsv:3: expected 2 columns, as in line 1, got 1"),
        ({"a.tsv": "en\tde\nyes\tja\tsi\n"}, "a.tsv:2: expected 2 columns, as in line 1, got 3"),
        ({"a.en": "1\n2\n", "a.de": "1\n"}, "a.de:2: this side of the Moses pair ends after 1 "
         "lines, the other goes on; both need a line for each pair"),
    ],
)  # fmt: skip
def test_broken_rows(tmp_path: Path, files: dict[str, str], message: str) -> None:
    paths = [write(tmp_path / name, text) for name, text in files.items()]
    (found,) = find_bitexts(paths)
    with pytest.raises(AlignError) as error:
        rows_of(found)
    assert str(error.value) == f"{tmp_path}/{message}"


def test_a_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes("en\tfr\nyes\toui\nsummer\tété\n".encode("latin-1"))
    with pytest.raises(AlignError, match=r"a\.tsv:3: byte 0xe9 .* is not utf-8"):
        rows_of(find_bitexts([path])[0])
    (found,) = find_bitexts([path], encoding="latin-1")
    assert rows_of(found)[1] == ["summer", "été"]


# the survey


def numbered(folder: Path, count: int, name: str = "a.tsv") -> Path:
    lines = (f"sentence number {i} is here\tder Satz Nummer {i} steht hier" for i in range(count))
    return write(folder / name, "en\tde\n" + "\n".join(lines) + "\n")


def test_survey_counts_and_holds_out(tmp_path: Path) -> None:
    found = survey(find_bitexts([numbered(tmp_path, 2000)]), held_out=60)
    assert found.pairs == {"de-en": 2000}
    assert {lang: len(texts) for lang, texts in found.texts.items()} == {"de": 2000, "en": 2000}
    assert found.share == 1.0
    (dev,) = found.dev
    assert (dev.name, dev.langs, len(dev.src)) == ("held out", "de-en", 60)
    numbers = [text.split()[3] for text in dev.src]
    assert numbers == [text.split()[2] for text in dev.tgt]
    assert len(set(numbers)) == 60


def test_the_same_pairs_are_held_out_again(tmp_path: Path) -> None:
    first = survey(find_bitexts([numbered(tmp_path, 2000)]), seed=1, held_out=60).dev
    write(tmp_path / "b.tsv", "en\tde\n" + "more text in this one\tnoch mehr Text darin\n" * 30)
    again = survey(find_bitexts([tmp_path]), seed=2, held_out=60).dev
    assert len(set(first[0].src) & set(again[0].src)) >= 59


def test_few_pairs_hold_few_out(tmp_path: Path) -> None:
    assert [len(d.src) for d in survey(find_bitexts([numbered(tmp_path, 500)])).dev] == [25]
    assert survey(find_bitexts([numbered(tmp_path, 300)])).dev == ()  # 15 would tell nothing
    assert survey(find_bitexts([numbered(tmp_path, 2000)]), held_out=0).dev == ()


def test_held_out_sentences_are_long_and_stand_once() -> None:
    held = HeldOut(most=50)
    held.offer([("short", "kurz")] * 1000)
    held.offer([("always the same sentence", f"immer derselbe Satz, {i}") for i in range(1000)])
    held.offer([("the same on both sides", "the same on both sides")] * 1000)
    held.offer([(f"a sentence of its own, {i}", f"ein eigener Satz, {i}") for i in range(30)])
    dev = held.chosen("de", "en")
    assert dev is not None
    assert len(dev.src) == len(set(dev.src)) == len(set(dev.tgt)) == 31


def test_the_sample_is_bounded_and_fair_to_small_sources(tmp_path: Path) -> None:
    numbered(tmp_path, 4000, "big.tsv")
    lines = [f"rare words {i} found only here\tseltene Worte {i} nur hier" for i in range(400)]
    write(tmp_path / "small.tsv", "en\tde\n" + "\n".join(lines) + "\n")
    found = survey(find_bitexts([tmp_path]), sample=500, held_out=0)
    assert len(found.texts["en"]) == 500
    assert found.share == 500 / 4400
    rare = sum(text.startswith("rare") for text in found.texts["en"])
    assert 60 < rare < 200  # by size it were 45, in equal parts 250


def test_han_words_are_cells_of_their_own(tmp_path: Path) -> None:
    rows = "language\t語言学\nship\t船\nsentence\t这是一个句子\nname\tABC\nproverb\t画蛇添足\n"
    found = survey(find_bitexts([write(tmp_path / "a.tsv", "en\tzh\n" + rows)]))
    assert found.words == {"语言学", "画蛇添足"}


def test_no_pair_at_all(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\nyes\t\n\tja\n")
    with pytest.raises(AlignError, match="holds no pair: there is text in de and en, but no row"):
        survey(find_bitexts([path]))
    path = write(tmp_path / "a.tsv", "en\tde\nyes\t \n")
    with pytest.raises(AlignError, match="holds no pair: there is text in en, but no row"):
        survey(find_bitexts([path]))


# the prepared corpus

LETTERS = build_tokenizer([(letter, -2.0) for letter in "abcdefgh"])
IDS = {letter: number for number, letter in enumerate("abcdefgh", 1)}


def test_prepare_writes_tokens_pairs_and_groups(tmp_path: Path) -> None:
    write(tmp_path / "in/one.tsv", "en\tde\tfr\nab\tc\tzzz\nd\t\tE f\n?\ta\tb\n")
    write(tmp_path / "in/two.en-de.tsv", "h\tg\n")
    made = prepare(find_bitexts([tmp_path / "in"]), LETTERS, tmp_path / "out")
    texts = [
        "".join("?abcdefgh"[t] for t in made.tokens[a:b])
        for a, b in zip(made.offsets[:-1], made.offsets[1:], strict=True)
    ]
    pairs = [(texts[i], texts[j]) for i, j in made.pairs]
    groups = [(g.source, g.folder, g.langs, pairs[g.first : g.last]) for g in made.groups]
    assert groups == [
        ("one", "in", "de-en", [("ab", "c")]),
        ("one", "in", "en-fr", [("d", "ef")]),
        ("one", "in", "de-fr", [("a", "b")]),
        ("two.en-de", "in", "de-en", [("h", "g")]),
    ]
    again = load_prepared(tmp_path / "out")
    assert np.array_equal(again.tokens, made.tokens) and again.groups == made.groups
    assert not list((tmp_path / "out").glob("*.part"))


def test_prepare_leaves_held_out_rows_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "en\tde\na\tb\nc\td\n e \tf\ng\th\n")
    made = prepare(find_bitexts([path]), LETTERS, tmp_path / "out", {"en": {"e"}, "de": {"d", "a"}})
    assert made.tokens.tolist() == [IDS["a"], IDS["g"], IDS["b"], IDS["h"]]
    with pytest.raises(AlignError, match="holds no pair"):
        prepare(find_bitexts([path]), LETTERS, tmp_path / "out", {"en": set("aceg")})


def test_long_sentences_are_cut_and_gather_joins(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", f"en\tde\n{'a' * 500}\tb\ncd\tef\ng\th\n")
    made = prepare(find_bitexts([path]), LETTERS, tmp_path / "out")
    assert np.diff(made.offsets).tolist() == [MAX_TOKENS, 2, 1, 1, 2, 1]
    tokens, lengths = gather(made, np.array([1, 0]), np.array([2, 1]), 1)
    assert "".join("?abcdefgh"[t] for t in tokens) == "efhb"
    assert lengths.tolist() == [3, 1]


# measuring


def test_retrieval_by_hand() -> None:
    eye = np.eye(3, dtype=np.float32)
    assert retrieval(eye, eye) == (1.0, 1.0)
    assert retrieval(eye, eye[[1, 2, 0]]) == (0.0, 0.0)
    # the third target is near everything: by cosine it takes the second source, by margin not
    src = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    tgt = np.array([[1, 0, 0], [0, 0.6, 0.8], [0, 0.7, 0.714143]], np.float32)
    cosine, margin = retrieval(src, tgt)
    assert cosine == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert 0 <= margin <= 1
    one = np.ones((1, 4), np.float32) / 2
    assert retrieval(one, one) == (1.0, 1.0)


def test_measure_encodes_each_side_once() -> None:
    calls: list[tuple[str, ...]] = []

    def encode(texts: object) -> np.ndarray:  # type: ignore[type-arg]
        calls.append(tuple(texts))  # type: ignore[arg-type]
        return np.eye(2, dtype=np.float32)

    sets = [DevSet("x", "de", "en", ("a", "b"), ("c", "d")),
            DevSet("x", "de", "fr", ("a", "b"), ("e", "f"))]  # fmt: skip
    scores = measure(sets, encode)
    assert [(s.name, s.langs, s.pairs, s.cosine, s.margin) for s in scores] == [
        ("x", "de-en", 2, 1.0, 1.0),
        ("x", "de-fr", 2, 1.0, 1.0),
    ]
    assert calls == [("a", "b"), ("c", "d"), ("e", "f")]


def test_dev_files(tmp_path: Path) -> None:
    write(tmp_path / "news.en", "one\n\nthree\n")
    write(tmp_path / "news.de", "eins\nzwei\ndrei\n")
    write(tmp_path / "news.fr", "un\ndeux\ntrois\n")
    write(tmp_path / "NOTES.txt", "nothing\n")
    (found,) = read_dev(tmp_path, ["en", "de"])
    assert found == DevSet("news", "de", "en", ("eins", "drei"), ("one", "three"))
    assert [d.langs for d in read_dev(tmp_path, ["en", "de", "fr"])] == ["de-en", "de-fr", "en-fr"]
    with pytest.raises(AlignError, match="no line-aligned files in two of the languages en, zh"):
        read_dev(tmp_path, ["en", "zh"])
    with pytest.raises(AlignError, match="no such folder"):
        read_dev(tmp_path / "no", ["en", "de"])
    write(tmp_path / "news.fr", "un\n")
    with pytest.raises(AlignError, match=r"news\.de has 3 lines but news\.fr 1"):
        read_dev(tmp_path, ["de", "fr"])
