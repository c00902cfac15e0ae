"""The fields of a row as text, for TSV cells and XML properties.

Numbers have six decimals, sentence numbers read "3,4", spans "12:57", moved 1 or 0; an unknown
field is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from align.errors import AlignError
from align.formats.rows import Row


def number(value: float) -> str:
    """A score or probability with six decimals, never "-0"."""
    return f"{round(value, 6) + 0.0:.6f}"


def cell(row: Row, column: str) -> str | None:
    """One column of a row as text; None when unknown, "" when known to be empty."""
    value = getattr(row, column)
    if value is None or isinstance(value, str):
        return value
    if column == "moved":
        return "1" if value else "0"
    if column in ("score", "probability", "probability_lax"):
        return number(value)
    separator = ":" if column.endswith("_span") else ","
    return separator.join(map(str, value))


def row_from_cells(cells: Mapping[str, str], where: str) -> Row:
    """The inverse of `cell`. `where` (file:line) goes into the AlignError of a bad value."""
    ids = [_ids(cells, f"{side}_ids", where) for side in ("src", "tgt")]
    kind = cells.get("kind") or None
    if kind is None and ids[0] is not None and ids[1] is not None:
        kind = f"{len(ids[0])}-{len(ids[1])}"
    return Row(
        src=cells.get("src"),
        tgt=cells.get("tgt"),
        src_ids=ids[0],
        tgt_ids=ids[1],
        score=_float(cells, "score", where),
        probability=_float(cells, "probability", where),
        probability_lax=_float(cells, "probability_lax", where),
        kind=kind,
        moved=_flag(cells, "moved", where),
        src_span=_span(cells, "src_span", where),
        tgt_span=_span(cells, "tgt_span", where),
        src_lang=cells.get("src_lang") or None,
        tgt_lang=cells.get("tgt_lang") or None,
    )


def _float(cells: Mapping[str, str], column: str, where: str) -> float | None:
    text = cells.get(column, "").strip()
    if not text:
        return None
    return finite(text, f"{where}: {column}")


def finite(text: str, where: str) -> float:
    """Read a finite number; anything else is an AlignError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise AlignError(f"{where}: expected a number, got {text[:40]!r}")
    return value


def _ids(cells: Mapping[str, str], column: str, where: str) -> tuple[int, ...] | None:
    text = cells.get(column)
    if text is None:
        return None
    return ids(text, f"{where}: {column}")


def ids(text: str, where: str) -> tuple[int, ...]:
    """Read sentence numbers "3,4" (commas or spaces); anything else is an AlignError."""
    parts = text.replace(",", " ").split()
    if not all(map(_is_count, parts)):
        raise AlignError(f"{where}: expected sentence numbers like 3,4, got {text[:40]!r}")
    return tuple(map(int, parts))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _span(cells: Mapping[str, str], column: str, where: str) -> tuple[int, int] | None:
    text = cells.get(column, "").strip()
    if not text:
        return None
    start, _, end = text.partition(":")
    if not (_is_count(start) and _is_count(end)):
        raise AlignError(f"{where}: {column}: expected a span like 12:57, got {text[:40]!r}")
    return int(start), int(end)


def _flag(cells: Mapping[str, str], column: str, where: str) -> bool:
    text = cells.get(column, "").strip().lower()
    if text not in ("", "0", "1", "false", "true"):
        raise AlignError(f"{where}: {column}: expected 0 or 1, got {text[:40]!r}")
    return text in ("1", "true")
