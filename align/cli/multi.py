"""`align multi`: several versions of a text at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from align.cli.common import threads, use_threads


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "multi",
        parents=[common],
        help="align several versions of a text at once",
        description="Align several versions of a text, each in its own language, and write a "
        "table: a column a language, a row for what corresponds in them.",
        epilog="example: align multi en.txt de.txt zh.txt fr.txt -o all.tsv",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("files", metavar="FILE", nargs="+", help="two or more versions")

    text = command.add_argument_group("input")
    text.add_argument(
        "-l",
        "--langs",
        metavar="CODES",
        help="languages of the files in order: en,de,zh (by the names, en.txt or book.en.txt, "
        "or detected)",
    )
    text.add_argument("--presplit", action="store_true", help="one sentence a line already")
    text.add_argument("--wrapped", action="store_true", help="a single newline ends no sentence")
    text.add_argument("--encoding", metavar="E", default="utf-8", help="of the files (utf-8)")
    text.add_argument(
        "--input-format", metavar="F", help="text, html, markdown, docx, epub, srt, vtt (by suffix)"
    )

    how = command.add_argument_group("alignment")
    how.add_argument("--pivot", metavar="CODE", help="align every version with this one only")
    how.add_argument("--encoder", metavar="E", help="a folder or a sentence-transformers name")
    how.add_argument("--monotone", action="store_true", help="look for no moved text")
    how.add_argument("--threads", type=threads, metavar="N", help="CPU threads (1)")

    out = command.add_argument_group("output")
    out.add_argument("-o", "--output", metavar="OUT", default="-", help="file (standard output)")
    out.add_argument("--format", metavar="F", help="tsv, jsonl, tmx (by suffix; tsv)")
    out.add_argument("--min-probability", type=float, metavar="P", help="leave lower rows out")
    out.add_argument(
        "--min-versions", type=int, metavar="N", help="leave out rows in fewer versions (1; tmx: 2)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Align and write."""
    from align.formats import STREAM, check_target
    from align.formats.wide import wide_format, wide_header_of, wide_rows_of, write_wide
    from align.options import Options

    name = arguments.format or ("tsv" if arguments.output == STREAM else None)
    form = wide_format(arguments.output, name)
    check_target(arguments.output)
    options = Options(
        presplit=arguments.presplit,
        wrapped=arguments.wrapped,
        encoding=arguments.encoding,
        input_format=arguments.input_format,
        monotone=arguments.monotone,
        threads=use_threads(arguments.threads or 1),
    )

    Options(min_probability=arguments.min_probability)  # refuses what is no probability

    from align.multi import multi, with_languages

    files = [Path(name) for name in arguments.files]
    found = multi(
        with_languages(files, arguments.langs),
        pivot=arguments.pivot,
        options=options,
        encoder=arguments.encoder,
    )
    least = arguments.min_versions or (2 if form == "tmx" else 1)
    rows = wide_rows_of(found, least, arguments.min_probability)
    write_wide(arguments.output, rows, wide_header_of(found), form)
    return 0
