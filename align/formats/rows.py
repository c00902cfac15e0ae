"""A row: one bead on its way into or out of a file, without its documents.

Every format reads and writes `Row`s; what a format cannot hold is None. `Header` carries what
a file says once: languages, signature, names, columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from align.errors import AlignError
from align.types import Bead, Reason

if TYPE_CHECKING:
    from align.alignment import Alignment

COLUMNS = (
    "src",
    "tgt",
    "score",
    "probability",
    "probability_lax",
    "kind",
    "moved",
    "src_ids",
    "tgt_ids",
    "src_span",
    "tgt_span",
    "src_lang",
    "tgt_lang",
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSPACED = {"zh", "ja", "th", "lo", "km", "my", "yue"}  # no space between sentences


@dataclass(frozen=True, slots=True)
class Row:
    """One bead: text, sentence numbers from 0, character spans, scores; None where unknown."""

    src: str | None = None
    tgt: str | None = None
    src_ids: tuple[int, ...] | None = None
    tgt_ids: tuple[int, ...] | None = None
    score: float | None = None
    probability: float | None = None
    probability_lax: float | None = None
    kind: str | None = None  # "1-1", "2-1", ...
    moved: bool = False
    src_span: tuple[int, int] | None = None
    tgt_span: tuple[int, int] | None = None
    src_lang: str | None = None
    tgt_lang: str | None = None
    why: tuple[Reason, ...] = ()  # the parts of the score, where they were asked for

    @property
    def is_pair(self) -> bool:
        """True when both sides have sentences, or text where the numbers are unknown."""
        return _filled(self.src_ids, self.src) and _filled(self.tgt_ids, self.tgt)


def _filled(ids: tuple[int, ...] | None, text: str | None) -> bool:
    return bool(ids) if ids is not None else text != ""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says once, or what its reader must be told. All of it optional."""

    src_lang: str | None = None
    tgt_lang: str | None = None
    signature: str = ""
    src_name: str = ""
    tgt_name: str = ""
    src_texts: tuple[str, ...] | None = None  # the source's sentences, for formats that hold them
    tgt_texts: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None  # TSV: which, in this order; None: the default
    titles: bool | None = None  # TSV: a first line of column names; None: off, or look (reading)
    encoding: str = "utf-8"  # of text files that are read


# from an alignment


def header_of(
    alignment: Alignment, *, columns: tuple[str, ...] | None = None, titles: bool | None = None
) -> Header:
    """The header of an alignment: languages, names, sentences, signature."""
    src, tgt = alignment.src, alignment.tgt
    return Header(
        src_lang=src.lang,
        tgt_lang=tgt.lang,
        signature=alignment.signature,
        src_name=src.name,
        tgt_name=tgt.name,
        src_texts=tuple(src.texts),
        tgt_texts=tuple(tgt.texts),
        columns=columns,
        titles=titles,
    )


def rows_of(
    alignment: Alignment,
    *,
    whole: bool = True,
    min_score: float | None = None,
    min_probability: float | None = None,
) -> Iterator[Row]:
    """The rows of an alignment, in its order.

    With `whole`, insertions and deletions are rows too. The sentences of a pair below a threshold
    count as such; see `Alignment.above`.
    """
    alignment = alignment.above(min_score=min_score, min_probability=min_probability)
    for bead in alignment.beads:
        if whole or bead.is_pair:
            yield _row(bead, alignment)


def _row(bead: Bead, alignment: Alignment) -> Row:
    return Row(
        src=bead.src,
        tgt=bead.tgt,
        src_ids=tuple(map(int, bead.src_ids)),  # numpy's integers have another text
        tgt_ids=tuple(map(int, bead.tgt_ids)),
        score=float(bead.score),
        probability=bead.probability,
        probability_lax=bead.probability_lax,
        kind=bead.kind,
        moved=bead.moved,
        src_span=bead.src_span,
        tgt_span=bead.tgt_span,
        src_lang=alignment.src.lang,
        tgt_lang=alignment.tgt.lang,
        why=bead.why,
    )


# from rows to other rows


def with_text(
    rows: Iterable[Row], src: Sequence[str], tgt: Sequence[str], header: Header
) -> Iterator[Row]:
    """Fill in the text of rows that have sentence numbers only (a ladder).

    Sentences of one side are joined with a space, or with nothing in languages written without.
    """
    gaps = [
        "" if (lang or "").lower().partition("-")[0] in _UNSPACED else " "
        for lang in (header.src_lang, header.tgt_lang)
    ]
    for number, row in enumerate(rows, 1):
        if row.src_ids is None or row.tgt_ids is None:
            raise AlignError(f"row {number}: it has no sentence numbers to look the text up by")
        yield replace(
            row,
            src=gaps[0].join(_looked_up(src, row.src_ids, number, "source")),
            tgt=gaps[1].join(_looked_up(tgt, row.tgt_ids, number, "target")),
        )


def _looked_up(texts: Sequence[str], ids: tuple[int, ...], number: int, side: str) -> list[str]:
    if ids and max(ids) >= len(texts):
        raise AlignError(
            f"row {number}: names {side} sentence {max(ids)} (from 0), but the {side} file has "
            f"{len(texts)} sentences; give the file that was aligned"
        )
    return [texts[i] for i in ids]


def with_languages(rows: Iterable[Row], header: Header) -> tuple[Iterator[Row], Header]:
    """Complete the header's languages from the first row, for formats that name them first."""
    stream = iter(rows)
    first = next(stream, None)
    if first is None:
        return iter(()), header
    header = replace(
        header,
        src_lang=header.src_lang or first.src_lang,
        tgt_lang=header.tgt_lang or first.tgt_lang,
    )
    return chain([first], stream), header


def known(text: str | None, number: int) -> str:
    """The text of a side, or an AlignError that says how to get it."""
    if text is None:
        raise AlignError(
            f"row {number}: it has sentence numbers but no text; "
            "give the two sentence files with --src and --tgt"
        )
    return text


def well_formed(text: str) -> str:
    """The text with lone surrogates, which no UTF-8 file can hold, replaced by U+FFFD."""
    return _SURROGATES.sub("\ufffd", text)
