"""Reading bitext for training: rows of translations, a cell per language.

Understood are TSV files (plain, .gz, .xz or .zst) with a header of language codes, TSV files
without one whose name carries the codes (`news.en-de.tsv.gz`), Moses pairs (`news.en` beside
`news.de`), and folders of any of these. Rows keep the order of their source, so neighbours in the
file are neighbours in the text: the trainer uses them as hard negatives.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from align.errors import AlignError
from align.formats.files import PACKED, lines
from align.text.languages import normalise_language
from align.text.wordlists import FOLDER

log = logging.getLogger("align")
ROWS_AT_ONCE = 20_000
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_IN_NAME = re.compile(r"(?:^|[._-])([a-z]{2,3})-([a-z]{2,3})$")


@dataclass(frozen=True, slots=True)
class Bitext:
    """One source of rows: TSV (one path) or Moses (a path a language)."""

    name: str
    langs: tuple[str, ...]  # of the cells that `batches` gives
    paths: tuple[Path, ...]
    header: bool = False  # the first line names the languages
    columns: tuple[int, ...] = ()  # TSV: where these languages stand; (): every column, in order
    width: int = 0  # TSV: columns of the file; 0: as many as languages
    encoding: str = "utf-8"

    def batches(self) -> Iterator[list[list[str]]]:
        """Rows in order, `len(langs)` cells each, empty where a language is missing."""
        rows = self._tsv() if len(self.paths) == 1 else self._moses()
        while batch := list(itertools.islice(rows, ROWS_AT_ONCE)):
            yield batch

    def only(self, langs: Sequence[str]) -> Bitext | None:
        """The same source with these languages alone; None where fewer than two are left."""
        kept = [i for i, lang in enumerate(self.langs) if lang in langs]
        if len(kept) < 2:
            return None
        chosen = tuple(self.langs[i] for i in kept)
        if len(self.paths) > 1:
            return replace(self, langs=chosen, paths=tuple(self.paths[i] for i in kept))
        columns = self.columns or tuple(range(len(self.langs)))
        width = self.width or len(self.langs)
        return replace(self, langs=chosen, columns=tuple(columns[i] for i in kept), width=width)

    def _tsv(self) -> Iterator[list[str]]:
        width = self.width or len(self.langs)
        for number, line in lines(str(self.paths[0]), self.encoding):
            if number == 1 and self.header:
                continue
            cells = line.split("\t")
            if len(cells) != width:
                raise AlignError(
                    f"{self.paths[0]}:{number}: expected {width} columns, as in line 1, "
                    f"got {len(cells)}"
                )
            yield [cells[i] for i in self.columns] if self.columns else cells

    def _moses(self) -> Iterator[list[str]]:
        sides = [lines(str(path), self.encoding) for path in self.paths]
        for number, cells in enumerate(itertools.zip_longest(*sides), 1):
            if None in cells:
                short = self.paths[cells.index(None)]
                raise AlignError(
                    f"{short}:{number}: this side of the Moses pair ends after "
                    f"{number - 1} lines, the other goes on; both need a line for each pair"
                )
            yield [cell for _, cell in cells]


@functools.cache
def _codes() -> frozenset[str]:
    """The codes of ISO 639 that are known to be languages, of two and of three letters."""
    table = (FOLDER / "iso639.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(code for line in table if not line.startswith("#") for code in line.split())


def language_of(code: str) -> str | None:
    """The short code of a language ("zh" for "zh-Hans"), None for anything else."""
    if not _CODE.fullmatch(code) or re.split("[-_]", code.lower())[0] not in _codes():
        return None
    return normalise_language(code)


def _stem(path: Path) -> str:
    """The name without compression suffix."""
    return path.stem if path.suffix.lower() in PACKED else path.name


def _tsv_source(path: Path, encoding: str) -> Bitext | None:
    """A TSV file with its languages; None for an empty one."""
    name = _stem(path).removesuffix(".tsv")
    first = next(lines(str(path), encoding), None)
    if first is None:
        return None
    cells = first[1].split("\t")
    codes = [language_of(cell) for cell in cells]
    titled = tuple(code for code in codes if code is not None)
    others = any(len(cell) > 20 for cell in cells)  # more than a title: this is text
    if len(titled) >= 2 and not others:
        columns = tuple(i for i, code in enumerate(codes) if code is not None)
        if len(set(titled)) < len(titled):
            raise AlignError(f"{path}:1: a language stands there twice: {' '.join(cells)}")
        every = columns if len(columns) < len(cells) else ()
        return Bitext(name, titled, (path,), True, every, len(cells), encoding)
    in_name = _IN_NAME.search(name)
    langs = tuple(map(normalise_language, in_name.groups())) if in_name else ()
    if not set(langs) & _codes():
        raise AlignError(
            f"{path}:1: no language codes: start the file with a header such as `en<TAB>de`, "
            f"or name it like `corpus.en-de.tsv`"
        )
    if len(cells) < 2:
        raise AlignError(f"{path}:1: expected at least 2 columns ({' '.join(langs)}), got 1")
    return Bitext(name, langs, (path,), False, (0, 1), len(cells), encoding)


def _files(places: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Each file once, with the place it was found in."""
    read: set[Path] = set()
    for place in places:
        if not place.exists():
            raise AlignError(f"{place}: no such file or folder of bitext")
        files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
        for path in files:
            if path.resolve() in read:
                log.warning("%s: given twice, read once", path)
            else:
                read.add(path.resolve())
                yield place, path


def find_bitexts(places: Sequence[Path], encoding: str = "utf-8") -> list[Bitext]:
    """Every source in these files and folders, sorted by name within a folder.

    Raises AlignError for what is missing, is no bitext or says nothing of its languages. Files of
    other kinds in a folder are passed over.
    """
    found: list[Bitext] = []
    moses: dict[Path, dict[str, Path]] = {}
    for place, path in _files(places):
        base, _, code = _stem(path).rpartition(".")
        lang = language_of(code) if base else None
        if code == "tsv" and base and not (place.is_dir() and base == "SOURCES"):
            source = _tsv_source(path, encoding)
            if source is None and not place.is_dir():
                raise AlignError(f"{path}: empty; expected a row of translations a line")
            found += [source] if source is not None else []
        elif lang is not None and code.islower():
            sides = moses.setdefault(path.with_name(base), {})
            if lang in sides and sides[lang] != path:
                raise AlignError(f"{path}: the same language as {sides[lang]}; remove one")
            sides[lang] = path
        elif not place.is_dir():
            raise AlignError(
                f"{path}: not bitext that is understood: give .tsv files, Moses pairs "
                f"(name.en and name.de) or folders of them; `align convert` makes them of TMX"
            )
    for base_path, sides in sorted(moses.items()):
        langs = tuple(sorted(sides))
        if len(langs) < 2:
            lonely = sides[langs[0]]
            if lonely in places:
                raise AlignError(f"{lonely}: its other language is missing; give both files")
            log.warning("%s: passed over, its other language is missing", lonely)
            continue
        paths = tuple(sides[lang] for lang in langs)
        found.append(Bitext(base_path.name, langs, paths, encoding=encoding))
    if not found:
        raise AlignError(f"{', '.join(map(str, places))}: no bitext found (.tsv or Moses pairs)")
    return found
