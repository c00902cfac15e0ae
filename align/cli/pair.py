"""`align pair`: one pair of documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from align.cli.common import columns, threads, use_threads


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "pair",
        parents=[common],
        help="align two documents",
        description="Align two documents and write the sentences that translate each other.",
        epilog="example: align pair article.en.txt article.de.txt -o article.tmx",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("src", metavar="SRC", help="source text; - is the standard input")
    command.add_argument("tgt", metavar="TGT", help="target text")

    text = command.add_argument_group("input")
    text.add_argument("-s", "--src-lang", metavar="CODE", help="source language (en, zh-Hans)")
    text.add_argument("-t", "--tgt-lang", metavar="CODE", help="target language")
    text.add_argument("--presplit", action="store_true", help="one sentence a line already")
    text.add_argument("--wrapped", action="store_true", help="a single newline ends no sentence")
    text.add_argument("--encoding", metavar="E", default="utf-8", help="of both files (utf-8)")
    text.add_argument(
        "--input-format",
        metavar="F",
        help="text, html, markdown, docx, epub, srt, vtt (by suffix)",
    )

    how = command.add_argument_group("alignment")
    how.add_argument("--encoder", metavar="E", help="a folder or a sentence-transformers name")
    how.add_argument("--monotone", action="store_true", help="look for no moved text")
    how.add_argument("--threads", type=threads, metavar="N", help="CPU threads (1)")

    out = command.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="OUT", default="-", help="file (standard output)")
    out.add_argument("--format", metavar="F", help="tsv, jsonl, ladder, tmx, ... (by suffix; tsv)")
    out.add_argument("--columns", type=columns, metavar="C", help="of TSV (src,tgt,score)")
    out.add_argument("--header", action="store_true", help="TSV with a first line of names")
    out.add_argument("--min-score", type=float, metavar="X", help="leave lower pairs out")
    out.add_argument("--min-probability", type=float, metavar="P", help="leave lower pairs out")
    out.add_argument("--all", action="store_true", help="insertions and deletions too")
    out.add_argument(
        "--explain", action="store_true", help="a report of what each score is made of, or JSONL"
    )


def run(arguments: argparse.Namespace) -> int:
    """Align and write."""
    from align.errors import AlignError
    from align.formats import STREAM, check_target, format_of, header_of, rows_of, write_rows
    from align.formats.report import REPORT, explained_format, write_report
    from align.options import Options

    if arguments.src == arguments.tgt == STREAM:
        raise AlignError("only one of the two documents can be the standard input")
    if arguments.explain:
        form = explained_format(arguments.output, arguments.format)
    else:
        name = arguments.format or ("tsv" if arguments.output == STREAM else None)
        form = format_of(arguments.output, name)
    check_target(arguments.output)
    options = Options(
        src_lang=arguments.src_lang,
        tgt_lang=arguments.tgt_lang,
        presplit=arguments.presplit,
        wrapped=arguments.wrapped,
        encoding=arguments.encoding,
        input_format=arguments.input_format,
        monotone=arguments.monotone,
        min_score=arguments.min_score,
        min_probability=arguments.min_probability,
        explain=arguments.explain,
        threads=use_threads(arguments.threads or 1),
    )

    from align.cli.progress import Bar
    from align.pair import pair

    with Bar(arguments.quiet) as bar:
        alignment = pair(
            Path(arguments.src),
            Path(arguments.tgt),
            options=options,
            encoder=arguments.encoder,
            progress=bar,
        )
    rows = rows_of(alignment, whole=form.whole or arguments.all)
    header = header_of(alignment, columns=arguments.columns, titles=arguments.header)
    if form == REPORT:
        write_report(arguments.output, rows, header)
    else:
        write_rows(arguments.output, rows, header, form.name)
    return 0
