"""Tab-separated text: one bead a line, no quoting.

Tab, line feed and carriage return inside a cell become a space each; a lone surrogate becomes
U+FFFD. Numbers have six decimals, sentence numbers read "3,4", spans "12:57", moved 1 or 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter

from align.errors import AlignError
from align.formats.cells import cell, row_from_cells
from align.formats.files import lines, opening_line, writing
from align.formats.rows import COLUMNS, Header, Row, known, well_formed

DEFAULT = ("src", "tgt", "score")
_TEXTS = ("src", "tgt")
_BREAKS = str.maketrans("\t\n\r", "   ")


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number."""
    columns = _checked(header.columns or DEFAULT)
    makers = [_maker(column) for column in columns]
    count = 0
    with writing(path) as out:
        if header.titles:
            out.write("\t".join(columns) + "\n")
        for count, row in enumerate(rows, 1):
            line = "\t".join([maker(row, count) for maker in makers]) + "\n"
            out.write(opening_line(line) if count == 1 and not header.titles else line)
    return count


def _maker(column: str) -> Callable[[Row, int], str]:
    """What makes the text of a column."""
    if column in _TEXTS:
        text_of = attrgetter(column)
        return lambda row, count: clean(known(text_of(row), count))
    if column.endswith("_lang") or column == "kind":
        return lambda row, _: clean(cell(row, column) or "")
    return lambda row, _: cell(row, column) or ""  # numbers


def clean(text: str) -> str:
    """Without what ends a cell or is no text."""
    if "\t" in text or "\n" in text or "\r" in text:
        text = text.translate(_BREAKS)
    return text if text.isascii() else well_formed(text)


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield rows.

    Columns are `header.columns`, or the first line when that is made of column names, or
    src, tgt[, score] by their count. Another number of cells is an AlignError.
    """
    yield from read_with_columns(path, header)[2]


def read_with_columns(
    path: str, header: Header
) -> tuple[tuple[str, ...] | None, bool, Iterator[Row]]:
    """What `read` yields, behind its columns (None: the file is empty) and whether it has titles.

    Reads the first line at once.
    """
    stream = lines(path, header.encoding)
    columns = header.columns and _checked(header.columns)
    titled = False
    first = next(stream, None)
    if first is not None:
        cells, where = first[1].split("\t"), f"{path}:1"
        titled = has_titles(cells) if header.titles is None else header.titles
        columns = columns or (_checked(tuple(cells), where) if titled else _guessed(cells, where))
        stream = stream if titled else chain([first], stream)
    return columns, titled, _rows(path, columns or (), stream)


def _rows(path: str, columns: tuple[str, ...], stream: Iterable[tuple[int, str]]) -> Iterator[Row]:
    for number, line in stream:
        cells = line.split("\t")
        where = f"{path}:{number}"
        if len(cells) != len(columns):
            raise AlignError(
                f"{where}: expected {len(columns)} columns ({' '.join(columns)}), got {len(cells)}"
            )
        if columns == _TEXTS:  # much the most frequent
            yield Row(cells[0], cells[1])
        else:
            yield row_from_cells(dict(zip(columns, cells, strict=True)), where)


def has_titles(cells: list[str]) -> bool:
    return len(cells) > 1 and len(set(cells)) == len(cells) and set(cells) <= set(COLUMNS)


def _checked(columns: tuple[str, ...], where: str = "columns") -> tuple[str, ...]:
    for column in columns:
        if column not in COLUMNS:
            raise AlignError(f"{where}: unknown column {column!r}; there are {', '.join(COLUMNS)}")
    if len(set(columns)) < len(columns):
        raise AlignError(f"{where}: a column is named twice in {', '.join(columns)}")
    return columns


def _guessed(cells: list[str], where: str) -> tuple[str, ...]:
    if len(cells) not in (2, 3):
        raise AlignError(
            f"{where}: expected 2 or 3 columns (src tgt score), got {len(cells)}; "
            "say what they are with --columns or a first line of names"
        )
    return DEFAULT[: len(cells)]
