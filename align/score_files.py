"""`align.score_file` and `align.filter_file`: a file of pairs -> with probabilities, or cleaned."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from align.core.pairwise import BLOCK
from align.errors import AlignError
from align.formats import (
    STREAM,
    Header,
    Row,
    check_target,
    format_of,
    read_rows,
    with_languages,
    write_rows,
)
from align.formats.tsv import read_with_columns
from align.score import CHUNK, PairScorer
from align.text.languages import SUPPORTED
from align.types import StrPath

log = logging.getLogger("align")
LIKELY = 0.5
_PLAIN = (("src", "tgt"), ("src", "tgt", "score"))  # TSV columns that need no titles
_MUTE = ("moses", "ladder", "hunalign", "intertext")  # formats without a place for a probability
_NAMED = ("moses", "intertext", "parquet")  # formats that cannot go to the standard output


@dataclass(frozen=True, slots=True)
class Tally:
    """How many pairs a file has, and how many of them are good."""

    rows: int
    good: int  # likely, after scoring; written, after filtering


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What the names of the files do not tell. Formats go by suffix unless named."""

    source_format: str | None = None
    target_format: str | None = None  # of the standard output: by default that of the source
    src_lang: str | None = None  # BCP-47; which two of a TMX, the suffixes of Moses files
    tgt_lang: str | None = None
    encoding: str = "utf-8"  # of the source
    source_columns: tuple[str, ...] | None = None  # of a TSV source
    target_columns: tuple[str, ...] | None = None  # of a TSV target; None: those of the source
    titles: bool | None = None  # TSV target: a first line of names; None: as the source, or needed


def score_file(
    source: StrPath,
    target: StrPath = STREAM,
    *,
    encoder: Any = None,
    **options: Any,
) -> Tally:
    """Writes the pairs of a file with their probabilities, in their order.

    "-" is a standard stream; source and target may be the same file. `options` are those of
    `FileOptions`. Memory does not grow with the file. Raises AlignError for files that cannot be
    read, have no text, or are to be written in a format that has no place for a probability.
    """
    scorer = PairScorer(encoder)
    good = 0

    def counted(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal good
        for row in scored(rows, scorer):
            good += row.probability is not None and row.probability >= LIKELY
            yield row

    rows = _run(source, target, FileOptions(**options), scorer, counted, adds=True)
    return Tally(rows, good)


def filter_file(
    source: StrPath,
    target: StrPath = STREAM,
    *,
    min_probability: float,
    invert: bool = False,
    encoder: Any = None,
    **options: Any,
) -> Tally:
    """Writes the pairs that are likely enough (`invert`: all others), unchanged.

    Pairs that have no probability yet are scored first; a row with an empty side is not likely.
    `options` are those of `FileOptions`. Raises AlignError as `score_file` does.
    """
    if not 0 <= min_probability <= 1:
        raise AlignError(f"min_probability: expected 0..1, got {min_probability!r}")
    scorer = PairScorer(encoder)
    seen = 0

    def chosen(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal seen
        for row in scored(rows, scorer, again=False):
            seen += 1
            if (row.is_pair and (row.probability or 0.0) >= min_probability) != invert:
                yield row

    kept = _run(source, target, FileOptions(**options), scorer, chosen, adds=False)
    return Tally(seen, kept)


def scored(rows: Iterable[Row], scorer: PairScorer, *, again: bool = True) -> Iterator[Row]:
    """The rows with their probabilities, in order. `again` False leaves those alone that have one.

    Memory does not grow with the number of rows. Raises AlignError for rows without text.
    """
    stream = iter(rows)
    number = 0
    chunk = list(islice(stream, CHUNK))
    while chunk:
        following = list(islice(stream, CHUNK))
        if len(following) < BLOCK:  # too few to be each other's surroundings
            chunk, following = chunk + following, []
        for row in chunk:
            number += 1
            if row.src is None or row.tgt is None:
                raise AlignError(f"row {number}: it has sentence numbers but no text to score")
        if again or any(row.probability is None for row in chunk):
            found = scorer([row.src or "" for row in chunk], [row.tgt or "" for row in chunk])
            for row, probability in zip(chunk, found.tolist(), strict=True):
                yield row if row.probability is not None and not again else _with(row, probability)
        else:
            yield from chunk
        chunk = following


def _with(row: Row, probability: float) -> Row:
    """The row with this probability; dataclasses.replace takes twice as long."""
    return Row(
        row.src,
        row.tgt,
        row.src_ids,
        row.tgt_ids,
        row.score,
        probability,
        row.probability_lax,
        row.kind,
        row.moved,
        row.src_span,
        row.tgt_span,
        row.src_lang,
        row.tgt_lang,
        row.why,
    )


def _run(
    source: StrPath,
    target: StrPath,
    options: FileOptions,
    scorer: PairScorer,
    change: Callable[[Iterator[Row]], Iterator[Row]],
    adds: bool,
) -> int:
    """Reads, changes and writes the rows of a file; `adds` when all of them get a probability."""
    source, target = os.fspath(source), os.fspath(target)
    read = format_of(source, options.source_format)
    if not read.has_text:
        raise AlignError(
            f"{source}: {read.name} has sentence numbers but no text to score; put the text in "
            "with align convert"
        )
    if target == STREAM and options.target_format is None:
        write = format_of(STREAM, "tsv" if read.name in _NAMED else read.name)
    else:
        write = format_of(target, options.target_format)
    if adds and write.name in _MUTE:
        raise AlignError(f"{write.name} has no place for a probability; write tsv, jsonl or tmx")
    check_target(target)
    header = Header(
        options.src_lang, options.tgt_lang, columns=options.source_columns,
        encoding=options.encoding,
    )  # fmt: skip
    columns, titled = None, None
    if read.name == "tsv":
        columns, titled, rows = read_with_columns(source, header)
    else:
        rows = read_rows(source, read.name, header)
    rows, header = with_languages(change(rows), header)
    _tell_unsupported(header, scorer)
    columns, titles = _layout(options, columns, titled, adds)
    header = replace(header, columns=columns, titles=titles, signature=scorer.signature)
    return write_rows(target, rows, header, write.name)


def _layout(
    options: FileOptions, columns: tuple[str, ...] | None, titled: bool | None, adds: bool
) -> tuple[tuple[str, ...], bool]:
    """Which columns a TSV target has, and whether a line names them.

    `columns` and `titled` are those of a TSV source.
    """
    if options.target_columns is not None:
        columns = options.target_columns
    else:
        columns = columns or ("src", "tgt")
        if adds and "probability" not in columns:
            columns = (*columns, "probability")
    if options.titles is not None:
        return columns, options.titles
    if titled is not None and not adds and options.target_columns is None:
        return columns, titled  # as it was
    return columns, bool(titled) or columns not in _PLAIN


def _tell_unsupported(header: Header, scorer: PairScorer) -> None:
    for lang in (header.src_lang, header.tgt_lang):
        if lang is not None and not scorer.knows(lang):
            log.warning(
                "the language %s is not one that the encoder in the package knows (%s); expect "
                "little of the probabilities, or use an encoder that does",
                lang,
                ", ".join(SUPPORTED),
            )
