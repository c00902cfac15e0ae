"""Turn one result format into another, row by row."""

from __future__ import annotations

from dataclasses import replace

from align.errors import AlignError
from align.formats import (
    Header,
    check_target,
    format_of,
    read_rows,
    with_languages,
    with_text,
    write_rows,
)
from align.formats.files import lines
from align.formats.wide import pair_rows, write_wide
from align.formats.wide_reading import open_wide


def convert(
    source: str,
    target: str,
    *,
    source_format: str | None = None,
    target_format: str | None = None,
    header: Header | None = None,
    source_columns: tuple[str, ...] | None = None,
    target_columns: tuple[str, ...] | None = None,
    titles: bool = False,
    src_sentences: str | None = None,
    tgt_sentences: str | None = None,
) -> int:
    """Read `source`, write `target`, and return the number of rows.

    `header` gives the languages (which two of a TMX, or what a TSV does not say) and the
    encoding of `source`. A format of sentence numbers only (a ladder) gets its text from the
    two sentence files, one sentence a line, which InterText also takes its sentences from.
    A table of several versions stays one, or gives two of its languages, if they are named.
    Memory does not grow with the file, save for those two. Raises AlignError.
    """
    header = header or Header()
    read = format_of(source, source_format)
    write = format_of(target, target_format)
    check_target(target)
    if (src_sentences is None) != (tgt_sentences is None):
        raise AlignError("give the sentence files of both sides, --src and --tgt, or none")
    wide = open_wide(source, read.name, header.encoding)
    if wide is not None and header.src_lang is None and header.tgt_lang is None:
        return write_wide(target, wide.rows, wide.header, write.name)
    if wide is not None:
        rows = pair_rows(wide, header.src_lang, header.tgt_lang)
        header = replace(header, signature=wide.header.signature)
    else:
        rows = read_rows(source, read.name, replace(header, columns=source_columns))
    rows, header = with_languages(rows, header)
    if src_sentences is not None and tgt_sentences is not None:
        src, tgt = (_sentences(path, header.encoding) for path in (src_sentences, tgt_sentences))
        header = replace(header, src_texts=src, tgt_texts=tgt)
        if not read.has_text:
            rows = with_text(rows, src, tgt, header)
    header = replace(header, columns=target_columns, titles=titles)
    return write_rows(target, rows, header, write.name)


def _sentences(path: str, encoding: str) -> tuple[str, ...]:
    """The lines of a file; line i is sentence i, an empty one too."""
    return tuple(line.strip() for _, line in lines(path, encoding))
