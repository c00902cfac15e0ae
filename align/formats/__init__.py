"""Result formats: `read_rows` and `write_rows` for every format people exchange.

A format is one module with `read(path, header) -> Iterator[Row]` and
`write(path, rows, header) -> int`, imported when it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from align.errors import AlignError
from align.formats.files import STREAM, check_target, suffixes
from align.formats.rows import (
    COLUMNS,
    Header,
    Row,
    header_of,
    rows_of,
    with_languages,
    with_text,
)

__all__ = [
    "COLUMNS",
    "FORMATS",
    "STREAM",
    "Format",
    "Header",
    "Row",
    "check_target",
    "format_of",
    "header_of",
    "read_rows",
    "rows_of",
    "with_languages",
    "with_text",
    "write_rows",
]


@dataclass(frozen=True, slots=True)
class Format:
    """A format, the suffixes that name it, and whether it describes every sentence."""

    name: str
    suffixes: tuple[str, ...]
    whole: bool = False  # insertions and deletions belong into it
    has_text: bool = True  # False: sentence numbers only


FORMATS = (
    Format("tsv", (".tsv", ".tab")),
    Format("jsonl", (".jsonl", ".ndjson")),
    Format("ladder", (".ladder", ".gold", ".align"), whole=True, has_text=False),
    Format("tmx", (".tmx",)),
    Format("xliff", (".xliff", ".xlf")),
    Format("moses", ()),
    Format("hunalign", (".hunalign",), whole=True, has_text=False),
    Format("intertext", (), whole=True),
    Format("parquet", (".parquet",)),
)


def format_of(path: str | os.PathLike[str], name: str | None = None) -> Format:
    """The format called `name`, or else the one the suffix of `path` stands for."""
    names = ", ".join(f.name for f in FORMATS)
    if name is not None:
        for known in FORMATS:
            if known.name == name:
                return known
        raise AlignError(f"unknown format {name!r}; there are {names}")
    text = os.fspath(path)
    suffix = suffixes(text)[0]
    for known in FORMATS:
        if suffix and suffix in known.suffixes:
            return known
    what = "the standard streams have" if text == STREAM else f"{text}: the name has"
    raise AlignError(f"{what} no suffix that tells the format; name it: {names}")


def read_rows(
    path: str | os.PathLike[str], format: str | None = None, header: Header | None = None
) -> Iterator[Row]:
    """Yield the rows of a file, one at a time.

    `path` may be "-" (with `format`), .gz, .xz or .zst. `header` tells what the file does not:
    languages (which of a TMX's, the suffixes of Moses files), TSV columns, encoding.
    Raises AlignError with file and line for anything malformed or cut short.
    """
    rows: Iterator[Row] = _room(format_of(path, format)).read(os.fspath(path), header or Header())
    return rows


def write_rows(
    path: str | os.PathLike[str],
    rows: Iterable[Row],
    header: Header | None = None,
    format: str | None = None,
) -> int:
    """Write rows as they come and return their number.

    The file appears whole or not at all; `path` "-" is the standard output, suffixes .gz, .xz
    and .zst compress. Raises AlignError when the rows lack what the format needs.
    """
    count: int = _room(format_of(path, format)).write(os.fspath(path), rows, header or Header())
    return count


def _room(known: Format) -> Any:
    return import_module(f"align.formats.{known.name}")
