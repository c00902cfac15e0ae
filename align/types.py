"""The frozen dataclasses that travel between the rooms of the package.

A `Document` is a tuple of `Sentence`s, a `Bead` links some of one document with some of another.
What holds them together and can be written to a file: `align.alignment`, `align.versions`.
Sentence numbers count from 0; spans are character offsets into the text as read (after
decoding, before anything else), end exclusive.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

StrPath = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and where it stood: `document_text[start:end] == text`."""

    text: str
    start: int
    end: int
    paragraph: int = 0  # number of the paragraph it belongs to, from 0


@dataclass(frozen=True, slots=True)
class Document:
    """The sentences of one version of a text.

    `lang` is a two-letter code ("en", "de", "fr", "zh", ...) or None when nobody knows;
    `name` is what messages call it (a path, "-" or "<text>").
    """

    sentences: tuple[Sentence, ...]
    lang: str | None = None
    name: str = "<text>"

    @property
    def texts(self) -> list[str]:
        """The bare sentences."""
        return [sentence.text for sentence in self.sentences]

    def __len__(self) -> int:
        return len(self.sentences)


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a bead's score in words and numbers (`align pair --explain`)."""

    name: str  # what was looked at, in words
    value: float  # what was found
    weight: float  # what one unit of it is worth

    @property
    def points(self) -> float:
        """Its share of the score."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class Bead:
    """One link: a block of source sentences and the block of target sentences it goes with.

    An empty side is an insertion or a deletion. `score` is higher-is-better and 0 for an empty
    side; `probability` is the calibrated chance that exactly this bead is right,
    `probability_lax` that its two sides translate each other at least in part (both None where
    nothing calibrated them). `moved` marks a pair that crosses the order of the rest.
    """

    src_ids: tuple[int, ...]
    tgt_ids: tuple[int, ...]
    score: float = 0.0
    src: str = ""
    tgt: str = ""
    src_span: tuple[int, int] | None = None
    tgt_span: tuple[int, int] | None = None
    probability: float | None = None
    probability_lax: float | None = None
    moved: bool = False
    why: tuple[Reason, ...] = field(default=(), repr=False)

    @property
    def kind(self) -> str:
        """Its shape, source first: "1-1", "2-1", "0-1", ..."""
        return f"{len(self.src_ids)}-{len(self.tgt_ids)}"

    @property
    def is_pair(self) -> bool:
        """True when both sides hold text."""
        return bool(self.src_ids) and bool(self.tgt_ids)
