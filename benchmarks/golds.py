"""Gold sets on disk, and which gold sentences a bead found in raw text holds.

Two layouts are known:

    ID.LANG ID.LANG ID.gold            one sentence a line, and its gold; many IDs make one set
    sentences/LANG.txt gold/A-B.gold   one text in several languages, and its gold by pair

Gold lines are `[0, 1]:[2]`, sentence numbers from 0. Unsplit text is looked for as LANG.txt or
NAME.LANG.txt. Of text that is split otherwise than gold, every gold sentence belongs to the bead
that holds most of its characters.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import align
from align.evaluate import Link, read_links

ROOT = Path(__file__).resolve().parents[1]
OWN = [ROOT / "data", ROOT / "data" / "story"]


@dataclass(frozen=True)
class Gold:
    """One pair of documents with its gold."""

    name: str
    langs: tuple[str, str]
    sentences: tuple[Path, Path]
    gold: Path
    raw: tuple[Path, Path] | None = None  # the unsplit texts, if there are any

    @property
    def files(self) -> list[Path]:
        """Everything the figures depend on."""
        return [*self.sentences, self.gold, *(self.raw or ())]


@dataclass(frozen=True)
class GoldSet:
    """Pairs of documents that are reported together."""

    name: str
    golds: tuple[Gold, ...]

    def fingerprint(self) -> str:
        """SHA-256 of all files and their names below their common folder."""
        paths = sorted({path.resolve() for gold in self.golds for path in gold.files})
        base, digest = os.path.commonpath([path.parent for path in paths]), hashlib.sha256()
        for path in paths:
            digest.update(path.relative_to(base).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def sentences_of(path: Path) -> list[str]:
    """The sentences of a file, one a line."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]


def gold_parser(doc: str | None, result: Path) -> argparse.ArgumentParser:
    """What every benchmark on gold sets is told: where they are, the encoder, where to write."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folders", nargs="*", type=Path, help="gold sets (the project's own two)", default=OWN
    )
    parser.add_argument("--encoder", metavar="E", help="a folder or a sentence-transformers name")
    parser.add_argument("-o", "--output", type=Path, default=result, help="%(default)s")
    return parser


def find_set(folder: Path) -> GoldSet:
    """The gold set in a folder, whichever of the two layouts it has. SystemExit if none."""
    if (folder / "gold").is_dir() and (folder / "sentences").is_dir():
        return _by_language(folder)
    golds = [_by_document(path) for path in sorted(folder.glob("*.gold"))]
    if not golds:
        raise SystemExit(f"{folder}: neither ID.gold files nor sentences/ and gold/")
    return GoldSet(folder.resolve().name, tuple(golds))


def _by_language(folder: Path) -> GoldSet:
    raw = {path.stem: _raw_text(folder, path) for path in (folder / "sentences").glob("*.txt")}
    golds = []
    for path in sorted((folder / "gold").glob("*-*.gold")):
        src, tgt = path.stem.split("-")
        sides = tuple(folder / "sentences" / f"{lang}.txt" for lang in (src, tgt))
        texts = raw[src], raw[tgt]
        both = texts if texts[0] and texts[1] else None
        golds.append(Gold(f"{src}-{tgt}", (src, tgt), sides, path, both))  # type: ignore[arg-type]
    stems = {path.name.split(".")[0] for path in raw.values() if path and path.name.count(".") > 1}
    name = stems.pop() if len(stems) == 1 else folder.resolve().name
    return GoldSet(name, tuple(golds))


def _raw_text(folder: Path, sentences: Path) -> Path | None:
    """The unsplit text: the file named after the language in which all sentences stand in order."""
    lang, home = sentences.stem, folder.resolve()
    named = [*sorted(home.glob(f"*.{lang}.txt")), home.parent / f"{home.name}.{lang}.txt"]
    wanted = sentences_of(sentences)
    for path in (home / f"{lang}.txt", *named):
        if path.is_file() and locate(path.read_text(encoding="utf-8"), wanted) is not None:
            return path
    return None


def _by_document(gold: Path) -> Gold:
    """ID.gold with its two ID.LANG files; the sentence numbers tell which is the source."""
    sides = [path for path in sorted(gold.parent.glob(f"{gold.stem}.*")) if path != gold]
    if len(sides) != 2:
        raise SystemExit(f"{gold}: expected two files {gold.stem}.LANG beside it, got {len(sides)}")
    links = read_links(str(gold))
    counts = [max((i for link in links for i in link[side]), default=-1) + 1 for side in (0, 1)]
    sizes = [len(sentences_of(path)) for path in sides]
    if counts != sizes and counts == sizes[::-1]:
        sides.reverse()
    elif counts[0] > sizes[0] or counts[1] > sizes[1]:
        raise SystemExit(f"{gold}: {counts} sentences are numbered, the files have {sizes}")
    langs = sides[0].suffix[1:], sides[1].suffix[1:]
    return Gold(gold.stem, langs, (sides[0], sides[1]), gold)


# from characters to gold sentences


def locate(text: str, sentences: Sequence[str]) -> list[tuple[int, int]] | None:
    """Where the sentences stand in the text, counted in visible characters; None if they do not."""
    visible = "".join(text.split())
    at, found = 0, []
    for sentence in sentences:
        wanted = "".join(sentence.split())
        at = visible.find(wanted, at)
        if at < 0:
            return None
        found.append((at, at + len(wanted)))
        at += len(wanted)
    return found


def visible_before(text: str) -> list[int]:
    """How many visible characters stand before each character, and before the end. [n + 1]"""
    counts = [0]
    for char in text:
        counts.append(counts[-1] + (not char.isspace()))
    return counts


def owners(text: str, document: align.Document, gold: Sequence[str]) -> list[list[int]]:
    """For each sentence of the document, the gold sentences most of whose characters it holds.

    Every gold sentence goes to one sentence, the first of several that hold as much.
    """
    places = locate(text, gold)
    if places is None:
        raise SystemExit(f"{document.name}: the gold's sentences do not stand in it in order")
    before = visible_before(text)
    spans = [(before[s.start], before[s.end]) for s in document.sentences]
    starts = [start for start, _ in spans]
    held: list[list[int]] = [[] for _ in spans]
    for number, (low, high) in enumerate(places):
        first = max(0, bisect_right(starts, low) - 1)
        shares = []
        for k in range(first, len(spans)):
            if spans[k][0] >= high and k > first:
                break
            shares.append(max(0, min(high, spans[k][1]) - max(low, spans[k][0])))
        held[first + shares.index(max(shares))].append(number)
    return held


def translated(
    beads: Iterable[align.Bead], src: Sequence[Sequence[int]], tgt: Sequence[Sequence[int]]
) -> list[tuple[align.Bead, Link]]:
    """The beads in numbers of gold sentences; those that hold none of them are dropped."""
    found = []
    for bead in beads:
        sides = [
            tuple(sorted(number for i in ids for number in held[i]))
            for ids, held in ((bead.src_ids, src), (bead.tgt_ids, tgt))
        ]
        if sides[0] or sides[1]:
            found.append((bead, (sides[0], sides[1])))
    return found
