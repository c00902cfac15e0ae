"""`align score` and `align filter`: how good the pairs of a file are, and the good ones alone."""

from __future__ import annotations

import argparse
import logging
from typing import Any

from align.cli.common import columns, threads, use_threads

log = logging.getLogger("align")


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare both commands."""
    command = commands.add_parser(
        "score",
        parents=[common],
        help="add a probability to existing pairs",
        description="Add to each pair of a TSV, TMX, Moses or other result file the probability "
        "that its sides translate each other.",
        epilog="example: align score memory.tmx -o scored.tmx",
        allow_abbrev=False,
    )
    command.set_defaults(run=run_score)
    _arguments(command)

    command = commands.add_parser(
        "filter",
        parents=[common],
        help="keep the good ones of existing pairs",
        description="Keep the pairs whose probability is high enough. Pairs without one are "
        "scored first.",
        epilog="example: align filter memory.tmx --min-probability 0.5 -o clean.tmx",
        allow_abbrev=False,
    )
    command.set_defaults(run=run_filter)
    command.add_argument(
        "--min-probability", type=float, required=True, metavar="P", help="0..1; lower ones go"
    )
    command.add_argument("--invert", action="store_true", help="keep the bad ones instead")
    _arguments(command)


def _arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="FILE", help="pairs; - is the standard input")
    command.add_argument(
        "-o", "--output", metavar="OUT", default="-", help="file (standard output)"
    )
    command.add_argument("--from", dest="source_format", metavar="F", help="format of FILE")
    command.add_argument("--to", dest="target_format", metavar="F", help="format of OUT")
    command.add_argument("-s", "--src-lang", metavar="CODE", help="source language")
    command.add_argument("-t", "--tgt-lang", metavar="CODE", help="target language")
    command.add_argument("--encoding", metavar="E", default="utf-8", help="of FILE (utf-8)")
    command.add_argument("--in-columns", type=columns, metavar="C", help="of FILE, if TSV")
    command.add_argument("--columns", type=columns, metavar="C", help="of OUT, if TSV")
    command.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="TSV with a first line of names (where they are needed)",
    )
    command.add_argument("--encoder", metavar="E", help="a folder or a sentence-transformers name")
    command.add_argument("--threads", type=threads, metavar="N", help="CPU threads (1)")


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "source_format": arguments.source_format,
        "target_format": arguments.target_format,
        "src_lang": arguments.src_lang,
        "tgt_lang": arguments.tgt_lang,
        "encoding": arguments.encoding,
        "source_columns": arguments.in_columns,
        "target_columns": arguments.columns,
        "titles": arguments.header,
        "encoder": arguments.encoder,
    }


def run_score(arguments: argparse.Namespace) -> int:
    """Score, and tell how many pairs look wrong."""
    use_threads(arguments.threads or 1)

    from align.score_files import LIKELY, score_file

    found = score_file(arguments.source, arguments.output, **_options(arguments))
    log.info(
        "%s: %d of %d pairs have a probability below %g",
        arguments.source,
        found.rows - found.good,
        found.rows,
        LIKELY,
    )
    return 0


def run_filter(arguments: argparse.Namespace) -> int:
    """Filter, and tell how much stayed."""
    use_threads(arguments.threads or 1)

    from align.score_files import filter_file

    found = filter_file(
        arguments.source,
        arguments.output,
        min_probability=arguments.min_probability,
        invert=arguments.invert,
        **_options(arguments),
    )
    log.info("%s: kept %d of %d pairs", arguments.source, found.good, found.rows)
    return 0
