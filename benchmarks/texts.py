"""Sentences of a language from text files, for benchmarks of encoders.

Understood are TSV files with a header of language codes and NAME.<lang> with a sentence a line;
.gz, .xz and .zst are unpacked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PACKED = {".gz", ".xz", ".zst"}
FEW = 500  # sentences
# words of a sentence; Chinese: characters
RUNNING, ORDINARY = range(20, 26), range(10, 41)
RUNNING_ZH, ORDINARY_ZH = range(32, 49), range(16, 81)


@dataclass(frozen=True)
class Texts:
    """What an encoder is warmed up with, and what is measured then. No sentence is in both."""

    warm_up: list[str]
    fresh: list[str]


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, packed or not."""
    import gzip
    import lzma

    if path.suffix == ".zst":
        import io

        import zstandard

        with path.open("rb") as raw:
            reader = zstandard.ZstdDecompressor().stream_reader(raw)
            yield from (line.rstrip("\n") for line in io.TextIOWrapper(reader, "utf-8"))
        return
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in file)


def sentences(paths: Sequence[Path], langs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(language, sentence), for every sentence in one of these languages in these files."""
    for path in paths:
        name = path.name.removesuffix(path.suffix) if path.suffix in PACKED else path.name
        if name.endswith(".tsv"):
            rows = lines(path)
            head = next(rows, "").split("\t")
            columns = [(lang, head.index(lang)) for lang in langs if lang in head]
            for row in rows if columns else ():
                cells = row.split("\t")
                yield from ((lang, cells[column]) for lang, column in columns)
        for lang in langs:
            if name.endswith((f".{lang}", f"{lang}.txt")):
                yield from ((lang, line) for line in lines(path))


def size(text: str, lang: str) -> int:
    """Words; for Chinese, characters."""
    return len(text) if lang == "zh" else len(text.split())


@dataclass
class _Found:
    """The sentences of one language by length, each once."""

    lang: str
    running: dict[str, None] = field(default_factory=dict)
    ordinary: dict[str, None] = field(default_factory=dict)
    few: dict[str, None] = field(default_factory=dict)

    def add(self, text: str, most: int) -> None:
        words = size(text, self.lang)
        if words in (RUNNING_ZH if self.lang == "zh" else RUNNING):
            self.running[text] = None
        elif is_ordinary(words, self.lang):
            if len(self.ordinary) < most:
                self.ordinary[text] = None
        elif text and len(self.few) < FEW:
            self.few[text] = None


def is_ordinary(words: int, lang: str) -> bool:
    """10-40 words, or 16-80 Chinese characters."""
    return words in (ORDINARY_ZH if lang == "zh" else ORDINARY)


def running_texts(
    paths: Sequence[Path], langs: Sequence[str], warm: int, fresh: int
) -> dict[str, Texts]:
    """Running text of 20-25 words (Chinese: 32-48 characters), shuffled, each sentence once.

    The warm-up gets sentences of 10-40 words (16-80 characters) where those do not suffice. Where
    there is hardly any text, all of it is fresh. Languages without text are left out.
    """
    found = {lang: _Found(lang) for lang in langs}
    for lang, text in sentences(paths, langs):
        found[lang].add(text, 2 * warm + FEW)
    texts = {}
    for lang, kept in found.items():
        if len(kept.running) < FEW:
            texts[lang] = Texts([], list(kept.running | kept.ordinary | kept.few)[:fresh])
        else:
            running, others = list(kept.running), list(kept.ordinary)
            random.Random(0).shuffle(running)
            random.Random(0).shuffle(others)
            texts[lang] = Texts((running[fresh:] + others)[:warm], running[:fresh])
    return {lang: text for lang, text in texts.items() if text.fresh}


def distractors(
    paths: Sequence[Path], most: int, without: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """At most so many sentences of 10-40 words (16-80 characters) of each language, none of those
    in `without`."""
    found: dict[str, dict[str, None]] = {lang: {} for lang in without}
    for lang, text in sentences(paths, list(without)):
        if is_ordinary(size(text, lang), lang):
            found[lang][text] = None
    chosen = {}
    for lang, texts in found.items():
        known = set(without[lang])
        kept = [text for text in texts if text not in known]
        random.Random(0).shuffle(kept)
        chosen[lang] = kept[:most]
    return chosen
