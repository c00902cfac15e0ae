"""Books to measure with: two parallel texts of any length, as raw text files.

    python -m benchmarks.books SRC_LANG TGT_LANG SENTENCES FOLDER [--corpus FILE ...] [--seed N]

Without a corpus a book is recombined from the project's own article and story: passages of some
beads in random order, the same order on both sides, and in front of every bead a phrase that is new
each time (who wrote it, when, on which page), so that no two sentences are equal. Its vocabulary
is small; encoders that remember words look faster on it than on real text.

With corpora (TSV files with a header of language codes; .gz and .xz are read as such) a book is
their rows, in order. Rows that end like sentences on both sides are gathered into paragraphs of up
to 6; others (headings, list items) stand alone.

In both, 2.5 % of the beads or rows are missing on one side and 2.5 % on the other. The texts are
unsplit: whatever splits them has its work to do.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import random
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

DATA = Path(__file__).resolve().parents[1] / "data"
OWN = (DATA, DATA / "story")
MISSING = 0.025  # share of the rows that one side lacks, and as many the other
LONGEST = 6  # rows in a paragraph
_FULL = re.compile(r"[.!?…。！？][\"'”’»›」』)）]*$")

_SYLLABLES = {
    "ba": "巴", "da": "达", "fa": "法", "ka": "卡", "la": "拉", "ma": "马", "na": "娜", "sa": "萨",
    "ta": "塔", "li": "利", "mi": "米", "ni": "尼", "ri": "里", "si": "西", "lo": "洛", "mo": "莫",
    "no": "诺", "ro": "罗", "to": "托", "lu": "卢",
}  # fmt: skip
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_PHRASES: dict[str, tuple[str, ...]] = {
    "en": (
        "On {day} {month} {year} {name} wrote: ",
        "On page {page} of the diary of {name}: ",
        "{name} told it {count} times in {year}: ",
        "In the house of {name}, {count} miles from the sea, in {month} {year}: ",
        "Letter {page} to {name}, {day} {month}: ",
    ),
    "de": (
        "Am {day}. {month} {year} schrieb {name}: ",
        "Auf Seite {page} des Tagebuchs von {name}: ",
        "{name} erzählte es {year} {count} Mal: ",
        "Im Haus von {name}, {count} Meilen vom Meer, im {month} {year}: ",
        "Brief {page} an {name}, {day}. {month}: ",
    ),
    "fr": (
        "Le {day} {month} {year}, {name} écrivit : ",
        "À la page {page} du journal de {name} : ",
        "{name} le raconta {count} fois en {year} : ",
        "Dans la maison de {name}, à {count} milles de la mer, en {month} {year} : ",
        "Lettre {page} à {name}, {day} {month} : ",
    ),
    "zh": (
        "{year}年{month}月{day}日，{name}写道：",
        "{name}日记第{page}页：",
        "{year}年，{name}把这事讲了{count}遍：",
        "{year}年{month}月，在离海{count}英里的{name}家里：",
        "给{name}的第{page}封信，{month}月{day}日：",
    ),
}


@dataclass
class Book:
    """Two parallel texts and where each row of them begins, in characters."""

    langs: tuple[str, str]
    texts: tuple[str, str]
    starts: tuple[list[int], list[int]] = field(repr=False)
    rows: tuple[list[int], list[int]] = field(repr=False)  # numbers; the same on both sides

    def row(self, side: int, at: int) -> int:
        """The number of the row that holds a character."""
        return self.rows[side][bisect_right(self.starts[side], at) - 1]

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Both texts as files, UTF-8."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = tuple(folder / f"book.{lang}.txt" for lang in self.langs)
        for path, text in zip(paths, self.texts, strict=True):
            path.write_text(text, encoding="utf-8", newline="\n")
        return paths[0], paths[1]


Pair = tuple[str, str]


def book(
    langs: tuple[str, str], sentences: int, corpora: Sequence[Path] = (), seed: int = 0
) -> Book:
    """A book whose source has at least so many sentences, split as `align` splits.

    SystemExit if the corpora are too small.
    """
    from align.text.sentences import split_sentences

    rng = random.Random(f"{seed} {langs}")
    source = _corpus_paragraphs(langs, corpora, rng) if corpora else _own_paragraphs(langs, rng)
    paragraphs: list[list[Pair]] = []
    count = 0
    for paragraph in source:
        kept = [_without(row, rng.random()) for row in paragraph]
        paragraphs.append(kept)
        text = _glue(langs[0]).join(row[0] for row in kept if row[0])
        count += len(split_sentences(text, langs[0]))
        if count >= sentences:
            return _bound(langs, paragraphs)
    raise SystemExit(f"the corpora have only {count} of {sentences} {langs[0]} sentences")


def _without(row: Pair, chance: float) -> Pair:
    if chance < MISSING:
        return row[0], ""
    return ("", row[1]) if chance < 2 * MISSING else row


def _glue(lang: str) -> str:
    return "" if lang == "zh" else " "


def _bound(langs: tuple[str, str], paragraphs: Sequence[Sequence[Pair]]) -> Book:
    """Paragraphs into two texts, with a blank line between them."""
    texts, starts, numbers = [], [], []
    for side, lang in enumerate(langs):
        pieces: list[str] = []
        begins, rows, at = [], [], 0
        number = -1
        for paragraph in paragraphs:
            empty = True
            for pair in paragraph:
                number += 1
                if not pair[side]:
                    continue
                gap = "" if not pieces else "\n\n" if empty else _glue(lang)
                begins.append(at + len(gap))
                rows.append(number)
                pieces += [gap, pair[side]]
                at, empty = at + len(gap) + len(pair[side]), False
        texts.append("".join(pieces) + "\n")
        starts.append(begins)
        numbers.append(rows)
    return Book(langs, (texts[0], texts[1]), (starts[0], starts[1]), (numbers[0], numbers[1]))


# the project's own texts


def _own_paragraphs(langs: tuple[str, str], rng: random.Random) -> Iterator[list[Pair]]:
    """Passages of 2 to 6 beads, each bead once in a round, for ever."""
    passages = []
    for folder in OWN:
        beads = own_beads(folder, langs)
        while beads:
            size = rng.randint(2, LONGEST)
            passages.append(beads[:size])
            beads = beads[size:]
    while True:
        rng.shuffle(passages)
        for passage in passages:
            yield [_varied(pair, langs, rng) for pair in passage]


def own_beads(folder: Path, langs: tuple[str, str]) -> list[Pair]:
    """The linked beads of one of the project's texts, in order of the source."""
    from align.evaluate import read_links

    known = {path.stem for path in (folder / "sentences").glob("*.txt")}
    if not set(langs) <= known or langs[0] == langs[1]:
        raise SystemExit(f"{langs[0]}-{langs[1]}: the own texts are in {', '.join(sorted(known))}")
    sides = [
        (folder / "sentences" / f"{lang}.txt").read_text(encoding="utf-8").splitlines()
        for lang in langs
    ]
    path = folder / "gold" / f"{langs[0]}-{langs[1]}.gold"
    turned = not path.exists()
    if turned:
        path = folder / "gold" / f"{langs[1]}-{langs[0]}.gold"
    links = [link[::-1] if turned else link for link in read_links(str(path))]
    return [
        (
            _glue(langs[0]).join(sides[0][i] for i in src),
            _glue(langs[1]).join(sides[1][j] for j in tgt),
        )
        for src, tgt in sorted(links)
        if src and tgt
    ]


def _varied(pair: Pair, langs: tuple[str, str], rng: random.Random) -> Pair:
    """The bead with a phrase in front that says the same on both sides."""
    which = rng.randrange(len(_PHRASES["en"]))
    words = [rng.choices(tuple(_SYLLABLES), k=rng.randint(2, 3)) for _ in range(2)]
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1600, 1999)
    page, count = rng.randint(3, 9999), rng.randint(3, 999)
    out = []
    for lang, text in zip(langs, pair, strict=True):
        chinese = lang == "zh"
        name = ("·" if chinese else " ").join(
            "".join(_SYLLABLES[s] for s in word) if chinese else "".join(word).capitalize()
            for word in words
        )
        of_month = str(month) if chinese else _MONTHS[lang].split()[month - 1]
        phrase = _PHRASES[lang][which].format(
            day=day, month=of_month, year=year, page=page, count=count, name=name
        )
        out.append(phrase + text)
    return out[0], out[1]


# corpora


def _corpus_paragraphs(
    langs: tuple[str, str], corpora: Sequence[Path], rng: random.Random
) -> Iterator[list[Pair]]:
    paragraph: list[Pair] = []
    size = rng.randint(1, LONGEST)
    for pair in _rows(langs, corpora):
        whole = all(_FULL.search(text) for text in pair)
        if paragraph and (not whole or len(paragraph) >= size):
            yield paragraph
            paragraph, size = [], rng.randint(1, LONGEST)
        if whole:
            paragraph.append(pair)
        else:
            yield [pair]
    if paragraph:
        yield paragraph


def _rows(langs: tuple[str, str], corpora: Sequence[Path]) -> Iterator[Pair]:
    """The rows that have both languages; equal neighbours once."""
    last: Pair = ("", "")
    for path in corpora:
        with _open(path) as lines:
            names = next(lines, "").rstrip("\n").split("\t")
            if not set(langs) <= set(names):
                raise SystemExit(f"{path}: the header has no {langs[0]} and {langs[1]}: {names}")
            columns = [names.index(lang) for lang in langs]
            for line in lines:
                cells = line.rstrip("\n").split("\t")
                if max(columns) >= len(cells):
                    continue
                pair = (cells[columns[0]].strip(), cells[columns[1]].strip())
                if all(pair) and pair != last:
                    yield pair
                    last = pair


def _open(path: Path) -> IO[str]:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="\n")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="make a pair of parallel books")
    parser.add_argument("src_lang")
    parser.add_argument("tgt_lang")
    parser.add_argument("sentences", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[])
    parser.add_argument("--seed", type=int, default=0)
    a = parser.parse_args(argv)
    made = book((a.src_lang, a.tgt_lang), a.sentences, a.corpus, a.seed)
    print(*made.write(a.folder), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
