"""Pairs to measure an encoder with: held out of the bitext, or read from line-aligned files.

Held out are the pairs with the smallest checksum, so that the same ones stay out whenever the same
corpus is trained on. Measured is retrieval: how often the nearest sentence of the other language is
the translation, by cosine and by ratio margin (Artetxe & Schwenk 2019,
https://arxiv.org/abs/1811.01136; 4 neighbours), averaged over both directions.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from align.errors import AlignError
from align.formats.files import lines
from align.training.bitext import language_of

log = logging.getLogger("align")
HELD_OUT = 1000  # pairs of each language pair that are kept out of training ...
HELD_SHARE = 20  # ... but at most one in so many
_MIN_BYTES = 15  # of a held-out sentence: shorter ones are no test
_LEAST = 20  # pairs that make a measurement
_MOST = 5000  # lines of a file that are measured with; the comparison is quadratic
_NEIGHBOURS = 4

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DevSet:
    """Pairs to measure with: src[i] and tgt[i] translate each other."""

    name: str  # "held out", or the name of the files
    src_lang: str
    tgt_lang: str
    src: tuple[str, ...]
    tgt: tuple[str, ...]

    @property
    def langs(self) -> str:
        """Such as "de-en"."""
        return f"{self.src_lang}-{self.tgt_lang}"


@dataclass(frozen=True, slots=True)
class DevScore:
    """Retrieval on one set: the share of sentences that find their translation, 0..1."""

    name: str
    langs: str
    pairs: int
    cosine: float
    margin: float


@dataclass(slots=True)
class HeldOut:
    """Chooses the pairs of one language pair with the smallest checksums, as they come by."""

    most: int = HELD_OUT
    below: int = 1 << 32
    seen: int = 0
    found: list[tuple[int, str, str]] = field(default_factory=list)

    def offer(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Looks at these pairs."""
        self.seen += len(pairs)
        for src, tgt in pairs:
            left, right = src.encode("utf-8", "replace"), tgt.encode("utf-8", "replace")
            if min(len(left), len(right)) < _MIN_BYTES or left == right:
                continue
            key = zlib.crc32(right, zlib.crc32(left))
            if key < self.below:
                self.found.append((key, src, tgt))
        if len(self.found) > 4 * self.most:
            self._shrink()

    def _shrink(self) -> None:
        """Keeps the smallest; no sentence stands in two of the pairs."""
        used: set[str] = set()
        kept = []
        for item in sorted(self.found):
            if used.isdisjoint(item[1:]):
                kept.append(item)
                used.update(item[1:])
        self.found = kept
        if len(kept) > 2 * self.most:
            self.found = kept[: 2 * self.most]
            self.below = self.found[-1][0]

    def chosen(self, src_lang: str, tgt_lang: str) -> DevSet | None:
        """The pairs that were held out; None where there are too few to measure."""
        self._shrink()
        pairs = self.found[: min(self.most, self.seen // HELD_SHARE)]
        if len(pairs) < _LEAST:
            return None
        _, left, right = zip(*pairs, strict=True)
        return DevSet("held out", src_lang, tgt_lang, left, right)


def read_dev(folder: Path, langs: Sequence[str], encoding: str = "utf-8") -> list[DevSet]:
    """Line-aligned files NAME.<lang> of a folder: every pair of these languages of every NAME.

    Lines that are empty on either side are left out. Raises AlignError for a missing folder, files
    of different length, and when there is nothing in these languages.
    """
    if not folder.is_dir():
        raise AlignError(f"{folder}: no such folder of line-aligned files (NAME.en, NAME.de, ...)")
    names: dict[str, dict[str, list[str]]] = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        lang = language_of(path.suffix[1:])
        if lang is not None and lang in langs:
            texts = [line.strip() for _, line in lines(str(path), encoding)]
            names.setdefault(path.stem, {})[lang] = texts
    found = []
    for name, sides in names.items():
        for a, b in combinations(sorted(sides), 2):
            if len(sides[a]) != len(sides[b]):
                raise AlignError(
                    f"{folder}: {name}.{a} has {len(sides[a])} lines but {name}.{b} "
                    f"{len(sides[b])}; line i of both must be the same sentence"
                )
            both = [(s, t) for s, t in zip(sides[a], sides[b], strict=True) if s and t][:_MOST]
            if both:
                left, right = zip(*both, strict=True)
                found.append(DevSet(name, a, b, left, right))
    if not found:
        raise AlignError(
            f"{folder}: no line-aligned files in two of the languages {', '.join(langs)}; "
            "name them NAME.en, NAME.de, ..."
        )
    return found


def retrieval(src: Floats, tgt: Floats) -> tuple[float, float]:
    """Accuracy by cosine and by ratio margin. Unit rows [n, d] twice, n at least 1."""
    scores = src @ tgt.T  # [n, n]
    n = len(scores)
    k = min(_NEIGHBOURS, n)
    ahead = -np.partition(-scores, k - 1, axis=1)[:, :k].mean(1)
    back = -np.partition(-scores, k - 1, axis=0)[:k].mean(0)
    ratio = scores / np.maximum((ahead[:, None] + back[None, :]) / 2, 1e-6)
    own = np.arange(n)
    cosine, margin = (
        float(((s.argmax(1) == own).mean() + (s.argmax(0) == own).mean()) / 2)
        for s in (scores, ratio)
    )
    return cosine, margin


def measure(
    sets: Sequence[DevSet], encode: Callable[[Sequence[str]], Floats]
) -> tuple[DevScore, ...]:
    """Retrieval on every set. `encode` gives unit rows, [n, d]."""
    kept: dict[tuple[str, ...], Floats] = {}  # a language's side is often in several sets
    scores = []
    for dev in sets:
        for texts in (dev.src, dev.tgt):
            if texts not in kept:
                kept[texts] = encode(texts)
        cosine, margin = retrieval(kept[dev.src], kept[dev.tgt])
        scores.append(DevScore(dev.name, dev.langs, len(dev.src), cosine, margin))
    return tuple(scores)
