"""`align eval`: score alignments against a gold standard."""

from __future__ import annotations

import argparse
from typing import Any


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "eval",
        parents=[common],
        help="score alignments against a gold standard",
        description="Strict and lax precision, recall and F1, pooled over all documents, "
        "and by shape of bead.",
        epilog="example: align eval --gold article.gold --pred article.ladder",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument(
        "--gold", nargs="+", required=True, metavar="G", help="gold files, or folders of ID.gold"
    )
    command.add_argument(
        "--pred",
        nargs="+",
        required=True,
        metavar="P",
        help="as many result files in the same order, or folders of ID.ladder",
    )
    command.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    command.add_argument(
        "-o", "--output", metavar="OUT", default="-", help="file (standard output)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Score and report."""
    from align.evaluate import as_json, evaluate_files, table
    from align.formats.files import writing

    result = evaluate_files(arguments.gold, arguments.pred)
    with writing(arguments.output) as out:
        out.write(as_json(result) if arguments.json else table(result))
    return 0
