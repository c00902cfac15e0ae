"""`align completion`: a script that teaches a shell the commands and options."""

from __future__ import annotations

import argparse
import sys
from typing import Any

SHELLS = ("bash", "zsh", "fish")
# places of arguments (in the help) and arguments that take names of files or folders
_FILES = {"FILE", "OUT", "SRC", "TGT", "IN", "CORPUS", "gold", "pred"}
_FOLDERS = {"FOLDER", "DIR", "MODEL", "encoder"}


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "completion",
        parents=[common],
        help="complete commands and options in a shell",
        description="Write a script that completes commands, options and file names in a shell.",
        epilog="example: align completion bash >> ~/.bash_completion; or, in ~/.bashrc: "
        'eval "$(align completion bash)"',
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(arguments: argparse.Namespace) -> int:
    """Write the script."""
    sys.stdout.write(script(arguments.shell))
    return 0


def script(shell: str) -> str:
    """The script for a shell. AlignError without shtab."""
    from align.cli import parser  # which lists this command, too
    from align.errors import AlignError

    try:
        import shtab
    except ImportError:
        raise AlignError(
            "completion needs shtab: pip install 'parallel-align[completion]'"
        ) from None
    top = parser()
    commands = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    for entry in commands._choices_actions:
        command = commands.choices[entry.dest]
        command.description = entry.help  # the short one
        for action in command._actions:
            _describe(action, shtab)
    return str(shtab.complete(top, shell)) + "\n"


def _describe(action: argparse.Action, shtab: Any) -> None:
    """Tell what can stand in the place of an argument: file names, or the names of formats."""
    from align.formats import FORMATS

    names = action.metavar if isinstance(action.metavar, str) else ""
    if names in _FILES or action.dest in _FILES:
        action.complete = shtab.FILE  # type: ignore[attr-defined]
    elif names in _FOLDERS or action.dest in _FOLDERS:
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    elif action.dest in ("format", "source_format", "target_format"):
        action.choices = tuple(form.name for form in FORMATS)
