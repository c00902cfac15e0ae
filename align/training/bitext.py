"""Reading bitext for training: rows of translations, a cell per language.

Understood are TSV files (plain, .gz, .xz or .zst) with a header of language codes, TSV files without
one whose name carries the codes (`news.en-de.tsv.gz`), Moses pairs (`news.en` beside `news.de`),
and folders of any of these. Rows keep the order of their source, so neighbours in the file are
neighbours in the text: the trainer uses them as hard negatives.
"""

from __future__ import annotations

import gzip
import itertools
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from align.errors import AlignError

CODE = re.compile(r"[a-z]{2,3}")
ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Bitext:
    """One source of rows: TSV (one path) or Moses (a path a language)."""

    name: str
    langs: tuple[str, ...]
    paths: tuple[Path, ...]
    header: bool = False  # the first line names the languages

    def batches(self) -> Iterator[list[list[str]]]:
        """Rows in order, `len(langs)` cells each, empty where a language is missing."""
        lines = self._tsv() if len(self.paths) == 1 else self._moses()
        while batch := list(itertools.islice(lines, ROWS_AT_ONCE)):
            yield batch

    def _tsv(self) -> Iterator[list[str]]:
        with open_text(self.paths[0]) as file:
            for number, line in enumerate(file, 1):
                if number == 1 and self.header:
                    continue
                cells = line.rstrip("\r\n").split("\t")
                if len(cells) != len(self.langs):
                    raise AlignError(
                        f"{self.paths[0]}:{number}: expected {len(self.langs)} columns "
                        f"({' '.join(self.langs)}), got {len(cells)}"
                    )
                yield cells

    def _moses(self) -> Iterator[list[str]]:
        files = [open_text(path) for path in self.paths]
        try:
            for number, cells in enumerate(itertools.zip_longest(*files), 1):
                if None in cells:
                    short = self.paths[cells.index(None)]
                    raise AlignError(
                        f"{short}:{number}: this side of the Moses pair ends after "
                        f"{number - 1} lines, the other goes on; both need a line for each pair"
                    )
                yield [cell.rstrip("\r\n") for cell in cells]
        finally:
            for file in files:
                file.close()


def open_text(path: Path) -> IO[str]:
    """A text stream of a file, decompressed by its suffix."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8", newline="\n")
    if path.suffix == ".zst":
        import zstandard

        return zstandard.open(path, "rt", encoding="utf-8", newline="\n")  # type: ignore[no-any-return]
    return path.open(encoding="utf-8", newline="\n")


def _stem(path: Path) -> str:
    """The name without compression suffix."""
    return path.stem if path.suffix in (".gz", ".xz", ".zst") else path.name


def _tsv_source(path: Path) -> Bitext:
    name = _stem(path).removesuffix(".tsv")
    with open_text(path) as file:
        first = file.readline().rstrip("\r\n").split("\t")
    if len(first) >= 2 and all(CODE.fullmatch(cell) for cell in first):
        return Bitext(name, tuple(first), (path,), header=True)
    in_name = re.search(r"(?:^|[._-])([a-z]{2,3})-([a-z]{2,3})$", name)
    if in_name is None:
        raise AlignError(
            f"{path}:1: no language codes: start the file with a header such as `en<TAB>de`, "
            f"or name it like `corpus.en-de.tsv`"
        )
    return Bitext(name, in_name.groups(), (path,))


def find_bitexts(places: Sequence[Path]) -> list[Bitext]:
    """Every source in these files and folders, sorted by name within a folder."""
    found: list[Bitext] = []
    for place in places:
        if not place.exists():
            raise AlignError(f"{place}: no such file or folder of bitext")
        files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        moses: dict[Path, dict[str, Path]] = {}
        for path in files:
            stem = _stem(path)
            code = stem.rpartition(".")[2]
            if stem.endswith(".tsv"):
                found.append(_tsv_source(path))
            elif CODE.fullmatch(code) and code != "txt" and "." in stem:
                moses.setdefault(path.with_name(stem.removesuffix(f".{code}")), {})[code] = path
            elif not place.is_dir():
                raise AlignError(
                    f"{path}: not bitext that is understood: give .tsv files, Moses pairs "
                    f"(name.en and name.de) or folders of them"
                )
        for base, sides in sorted(moses.items()):
            if len(sides) < 2:
                raise AlignError(f"{next(iter(sides.values()))}: its other language is missing")
            langs = tuple(sorted(sides))
            found.append(Bitext(base.name, langs, tuple(sides[lang] for lang in langs)))
    if not found:
        raise AlignError(f"{', '.join(map(str, places))}: no bitext found (.tsv or Moses pairs)")
    return found
