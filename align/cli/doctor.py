"""`align doctor`: whether this installation works."""

from __future__ import annotations

import argparse
import sys
from typing import Any

_MARKS = {True: "ok", None: "-", False: "WRONG"}


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "doctor",
        parents=[common],
        help="check this installation",
        description="Show the libraries, extras, threads and the model, and align a sample in four "
        "languages. The exit code is 0 if all works and 1 if not; extras (-) are optional.",
        epilog="example: align doctor",
        allow_abbrev=False,
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is found, as it is found."""
    from align.doctor import examine

    topic, wrong = "", 0
    for finding in examine():
        if finding.topic != topic:
            topic = finding.topic
            sys.stdout.write(f"{topic}\n")
        wrong += finding.works is False
        sys.stdout.write(f"  {_MARKS[finding.works]:5} {finding.text}\n")
    sys.stdout.write(f"{wrong} of these are wrong\n" if wrong else "all is well\n")
    return 1 if wrong else 0
