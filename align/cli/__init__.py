"""The command line: `align COMMAND ...`.

A command is a module with `add(commands, common)`, which declares its arguments, and
`run(arguments)`, which returns the exit code; everything it does is a call into the package,
imported when it runs. Exit codes: 0 done, 1 failed while running, 2 wrong usage or input,
130 interrupted, 141 the reader of the output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from align.cli import completion, convert, doctor, evaluate, multi, pair, score, train
from align.cli.common import Version, common_arguments, set_up_logging
from align.errors import AlignError

COMMANDS = (pair, multi, evaluate, convert, score, train, doctor, completion)


def parser() -> argparse.ArgumentParser:
    """The whole command line as argparse sees it."""
    top = argparse.ArgumentParser(
        prog="align",
        description="Find which sentences translate which.",
        epilog="Help on a command: align COMMAND --help",
        allow_abbrev=False,
    )
    top.add_argument(
        "--version", action=Version, nargs=0, help="show the versions of align and its stack"
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = common_arguments()
    for command in COMMANDS:
        command.add(commands, common)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    set_up_logging(arguments)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _silence_stdout()
        return 141
    except KeyboardInterrupt:
        return _fail("interrupted", 130, arguments.debug)
    except AlignError as error:
        return _fail(f"error: {error}", 2, arguments.debug)
    except Exception as error:
        text = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
        return _fail(f"failed: {text} (--debug shows where)", 1, arguments.debug)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    sys.stderr.write(f"align: {' '.join(message.splitlines())}\n")
    return code


def _silence_stdout() -> None:
    """Point the standard output nowhere, or Python complains about the closed pipe at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
