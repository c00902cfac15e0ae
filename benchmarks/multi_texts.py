"""Texts made in four versions from multi-way bitext, and the settings they are made in.

Consecutive rows of a source become a text; `align/training/versions.py` tells what every version
does to it. Rows are taken from a source if all versions are there and no earlier row has the same
text. Passages in which the source itself is a row or more out of step (psalms, whose verses are
counted differently in German) are left out, for their gold is wrong throughout. They are found by
lengths alone, so that no encoder's or aligner's opinion decides what is measured: what is hard or
translated freely stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import align
from align.training.bitext import find_bitexts
from align.training.versions import Unit, Ways, multi_way
from align.tune import document
from benchmarks.golds import sentences_of

LANGS = ("en", "de", "fr", "zh")
GLUE = (" ", " ", " ", "")
LEARNED = (
    "mate-user-guide", "godot-editor", "dotnet-winforms", "dotnet-wpf", "react-docs-legacy",
    "shadow-man", "opensource-guide", "gnome-devel-docs", "privacyguides", "rust-book",
    "bitcoin-org", "paws-x", "dotnet-msbuild",
)  # fmt: skip
REPORTED = (
    "bible-c", "debian-website", "electron-docs", "fastapi-docs-2025", "kubernetes-docs",
    "monero-site", "owasp-asvs", "roslyn-analyzers", "react-docs", "comprehensive-rust",
)  # fmt: skip
SIZE = 100  # rows of a text
FEWEST = 60  # rows that a source must have
STEPS = 3  # rows that a source may be out of step by, at most
TURN = 4.0  # cost of getting in or out of step: a passage of some ten rows must speak for it
MOST = 1.5  # of the logarithm of a ratio of lengths: more says no more

Corpus = list[tuple[str, ...]]


@dataclass(frozen=True)
class Setting:
    """A kind of texts."""

    name: str
    ways: Ways = Ways()  # noqa: RUF009 (frozen)
    lengths: tuple[int, int] = (12, 1 << 30)  # characters of the English cell, least and most


LOOSE = Ways(merge=0.32, split=0.12, cross=0.06, omit=0.06, passage=0.012, foreign=0.012, move=0.02)
LOOSER = Ways(
    merge=0.48, split=0.18, cross=0.09, omit=0.09, passage=0.018, foreign=0.018, move=0.03
)
SHORT = (2, 40)
SETTINGS = (
    Setting("usual"),
    Setting("twice the merges and splits", Ways(merge=0.32, split=0.12, cross=0.06)),
    Setting("three times the gaps", Ways(omit=0.09, passage=0.018, foreign=0.018)),
    Setting("five times the moves", Ways(move=0.05)),
    Setting("no paragraphs", Ways(paragraph=0.001)),
    Setting("twice of everything", LOOSE),
    Setting("three times of everything", LOOSER),
    Setting("short rows", lengths=SHORT),
    Setting("short rows, twice of everything", LOOSE, SHORT),
)


def out_of_step(rows: Sequence[tuple[str, ...]]) -> npt.NDArray[np.bool_]:
    """Rows where a version fits the first one better some rows further on or back. [n]

    By the ratio of lengths, the cheapest way through the rows with a shift at each (Viterbi): as in
    Gale & Church 1993, https://aclanthology.org/J93-1004/, lengths of translations go together.
    """
    count, shifts = len(rows), range(-STEPS, STEPS + 1)
    out = np.zeros(count, bool)
    logs = np.log([[len(cell) + 1 for cell in row] for row in rows])
    away = TURN * (np.array(shifts) != 0)
    for version in range(1, len(rows[0])):
        usual = np.median(logs[:, version] - logs[:, 0])
        cost = np.full((count, len(shifts)), MOST)
        for k, shift in enumerate(shifts):
            low, high = max(0, -shift), min(count, count - shift)
            ratio = logs[low + shift : high + shift, version] - logs[low:high, 0] - usual
            cost[low:high, k] = np.minimum(np.abs(ratio), MOST)
        total = cost[0] + away
        came = np.zeros(cost.shape, np.int64)
        for i in range(1, count):
            best = int(total.argmin())
            came[i] = np.where(total <= total[best] + TURN, np.arange(len(shifts)), best)
            total = np.minimum(total, total[best] + TURN) + cost[i]
        at = int((total + away).argmin())
        for i in reversed(range(count)):
            out[i] |= shifts[at] != 0
            at = int(came[i, at])
    return out


def rows_of_corpus(folder: Path, source: str) -> Corpus:
    """The rows of a source that have all versions, without passages that are out of step."""
    (bitext,) = find_bitexts([folder / f"{source}.tsv.xz"])
    places = [bitext.langs.index(lang) for lang in LANGS]
    rows = [
        row
        for batch in bitext.batches()
        for cells in batch
        if all(row := tuple(cells[place].strip() for place in places))
    ]
    return [row for row, bad in zip(rows, out_of_step(rows), strict=True) if not bad]


def some(rows: Corpus, lengths: tuple[int, int]) -> Corpus:
    """Those of such lengths, each text once."""
    seen: set[str] = set()
    out = []
    for row in rows:
        if lengths[0] <= len(row[0]) <= lengths[1] and seen.isdisjoint((row[0], row[-1])):
            seen |= {row[0], row[-1]}
            out.append(row)
    return out


@dataclass(frozen=True)
class Made:
    """A made text: its source, its versions, what corresponds."""

    source: str
    documents: tuple[align.Document, ...]
    units: tuple[Unit, ...]

    @property
    def sizes(self) -> list[int]:
        """Sentences of each version."""
        return [len(one) for one in self.documents]


def made_texts(
    corpora: Sequence[tuple[str, Corpus]], count: int, seed: int, setting: Setting = SETTINGS[0]
) -> list[Made]:
    """`count` texts of each source that has enough rows."""
    chosen = [(name, some(rows, setting.lengths)) for name, rows in corpora]
    chosen = [(name, rows) for name, rows in chosen if len(rows) >= FEWEST]
    out = []
    for number, made in multi_way(
        [rows for _, rows in chosen], count, SIZE, seed, GLUE, setting.ways
    ):
        documents = tuple(
            document(texts, lang, paragraphs)
            for lang, texts, paragraphs in zip(LANGS, made.texts, made.paragraphs, strict=True)
        )
        out.append(Made(chosen[number][0], documents, made.units))
    return out


def own_texts(folder: Path) -> list[Made]:
    """The texts in four versions with a hand-made table of units, NAME/gold/units.tsv."""
    out = []
    for table in sorted(folder.glob("*/gold/units.tsv")):
        home = table.parents[1]
        lines = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
        columns = [lines[0].index(lang) for lang in LANGS]
        units = tuple(
            tuple(tuple(int(n) for n in cell.split(",") if n) for cell in _cells(line, columns))
            for line in lines[1:]
        )
        documents = tuple(
            document(sentences_of(home / "sentences" / f"{lang}.txt"), lang) for lang in LANGS
        )
        out.append(Made(home.name, documents, units))
    return out


def _cells(line: list[str], columns: list[int]) -> list[str]:
    """Cells at the end may be missing."""
    return [line[column] if column < len(line) else "" for column in columns]
