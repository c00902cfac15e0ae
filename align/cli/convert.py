"""`align convert`: one result format into another."""

from __future__ import annotations

import argparse
from typing import Any

from align.cli.common import columns


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "convert",
        parents=[common],
        help="turn one result format into another",
        description="Turn a result file into another format. Formats go by suffix unless named: "
        "tsv, jsonl, ladder, tmx, xliff, moses, hunalign, intertext, parquet.",
        epilog="example: align convert memory.tmx memory.tsv -s en -t de",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("source", metavar="IN", help="- is the standard input")
    command.add_argument("target", metavar="OUT", help="- is the standard output")
    command.add_argument("--from", dest="source_format", metavar="F", help="format of IN")
    command.add_argument("--to", dest="target_format", metavar="F", help="format of OUT")
    command.add_argument("-s", "--src-lang", metavar="CODE", help="source language")
    command.add_argument("-t", "--tgt-lang", metavar="CODE", help="target language")
    command.add_argument("--encoding", metavar="E", default="utf-8", help="of IN (utf-8)")
    command.add_argument("--in-columns", type=columns, metavar="C", help="of IN, if TSV")
    command.add_argument("--columns", type=columns, metavar="C", help="of OUT, if TSV")
    command.add_argument("--header", action="store_true", help="TSV with a first line of names")
    command.add_argument("--src", metavar="FILE", help="source sentences, one a line, for a ladder")
    command.add_argument("--tgt", metavar="FILE", help="target sentences")


def run(arguments: argparse.Namespace) -> int:
    """Convert."""
    from align.convert import convert
    from align.formats import Header

    convert(
        arguments.source,
        arguments.target,
        source_format=arguments.source_format,
        target_format=arguments.target_format,
        header=Header(
            src_lang=arguments.src_lang,
            tgt_lang=arguments.tgt_lang,
            encoding=arguments.encoding,
        ),
        source_columns=arguments.in_columns,
        target_columns=arguments.columns,
        titles=arguments.header,
        src_sentences=arguments.src,
        tgt_sentences=arguments.tgt,
    )
    return 0
