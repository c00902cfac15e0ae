"""What the commands share: common options, logging, versions, threads."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from itertools import chain
from typing import Any

_HANDLER = "align command line"
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


def common_arguments() -> argparse.ArgumentParser:
    """The parent parser with the options every command has."""
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("messages")
    group.add_argument("-q", "--quiet", action="store_true", help="no notes on standard error")
    group.add_argument("-v", "--verbose", action="store_true", help="more notes")
    group.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return common


def set_up_logging(arguments: argparse.Namespace) -> None:
    """Send the package's notes to standard error, as many as were asked for."""
    log = logging.getLogger("align")
    for old in [handler for handler in log.handlers if handler.get_name() == _HANDLER]:
        log.removeHandler(old)  # of an earlier call of main in this process
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(_HANDLER)
    handler.setFormatter(logging.Formatter("align: %(message)s"))
    log.addHandler(handler)
    level = logging.DEBUG if arguments.verbose else logging.INFO
    log.setLevel(logging.ERROR if arguments.quiet else level)


def threads(text: str) -> int:
    """A number of threads from the command line."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:5]) <= 1024:
        raise argparse.ArgumentTypeError(f"expected a whole number 1..1024, got {text!r}")
    return int(text)


def use_threads(given: int | None) -> int:
    """The number of threads to use, told to the libraries before they are imported.

    Without a number: the CPUs this process may run on.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    count = given or (len(affinity(0)) if affinity else os.cpu_count()) or 1
    count = min(count, 1024)
    for name in _POOLS:
        if given or name not in os.environ:
            os.environ[name] = str(count)
    return count


def columns(text: str) -> tuple[str, ...]:
    """A list of TSV columns from the command line."""
    from align.formats import COLUMNS

    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        reason = f"unknown column {unknown[0]!r}" if unknown else "a column is named twice"
        raise argparse.ArgumentTypeError(f"{reason}; choose from {','.join(COLUMNS)}")
    return names


class Version(argparse.Action):
    """`--version`: the versions of align, Python and the libraries, none of them imported."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from align.stack import BASE, EXTRAS, version_of
        from align.version import __version__

        lines = [f"align {__version__}", f"python {sys.version.split()[0]}"]
        for library in (*BASE, *chain.from_iterable(EXTRAS.values())):
            lines.append(f"{library.name} {version_of(library.name) or 'not installed'}")
        sys.stdout.write("\n".join(lines) + "\n")
        parser.exit()
