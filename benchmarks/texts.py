"""Sentences of a language from text files, for benchmarks of encoders.

Understood are TSV files with a header of language codes and NAME.<lang> with a sentence a line;
.gz, .xz and .zst are unpacked.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


def sentences(paths: Sequence[Path], lang: str) -> Iterator[str]:
    """Every sentence of a language in these files; files without it are passed over."""
    for path in paths:
        name = path.name.removesuffix(path.suffix) if path.suffix in PACKED else path.name
        if name.endswith(".tsv"):
            rows = lines(path)
            head = next(rows, "").split("\t")
            if lang in head:
                column = head.index(lang)
                yield from (row.split("\t")[column] for row in rows)
        elif name.endswith((f".{lang}", f"{lang}.txt")):
            yield from lines(path)


def size(text: str, lang: str) -> int:
    """Words; for Chinese, characters."""
    return len(text) if lang == "zh" else len(text.split())


def running_text(paths: Sequence[Path], lang: str, warm: int, fresh: int) -> Texts:
    """Running text of 20-25 words (Chinese: 32-48 characters), shuffled, each sentence once.

    The warm-up gets sentences of 10-40 words (16-80 characters) where those do not suffice. Where
    there is hardly any text, all of it is fresh.
    """
    wanted, ordinary = (RUNNING_ZH, ORDINARY_ZH) if lang == "zh" else (RUNNING, ORDINARY)
    found: dict[str, None] = {}
    more: dict[str, None] = {}
    few: dict[str, None] = {}
    for text in sentences(paths, lang):
        words = size(text, lang)
        if words in wanted:
            found[text] = None
        elif words in ordinary:
            more[text] = None
        elif text and len(few) < FEW:
            few[text] = None
    if len(found) < FEW:
        return Texts([], list(found | more | few)[:fresh])
    texts, others = list(found), list(more)
    random.Random(0).shuffle(texts)
    random.Random(0).shuffle(others)
    return Texts((texts[fresh:] + others)[:warm], texts[:fresh])


def distractors(paths: Sequence[Path], lang: str, most: int, without: Sequence[str]) -> list[str]:
    """At most so many sentences of 10-40 words (16-80 characters), none of those in `without`."""
    ordinary = ORDINARY_ZH if lang == "zh" else ORDINARY
    known = set(without)
    texts = list(
        {t: None for t in sentences(paths, lang) if size(t, lang) in ordinary and t not in known}
    )
    random.Random(0).shuffle(texts)
    return texts[:most]
