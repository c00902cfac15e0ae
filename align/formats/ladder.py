"""The ladder of vecalign: `[0]:[0, 1]:0.8123`, one bead a line, sentence numbers from 0.

Gold files have the same shape without a score. vecalign's own third field is a cost (lower is
better); align writes a score (higher is better), with four decimals. Format: Thompson & Koehn
2019, https://github.com/thompsonb/vecalign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from align.errors import AlignError
from align.formats.cells import finite, ids
from align.formats.files import lines, writing
from align.formats.rows import Header, Row

_LINE = re.compile(r"\[([\d,\s]*)\]\s*:\s*\[([\d,\s]*)\]\s*(?::\s*(\S*))?")


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number. Rows without sentence numbers are an AlignError."""
    count = 0
    with writing(path) as out:
        for count, row in enumerate(rows, 1):
            src, tgt = numbers_of(row, count)
            score = round(row.score or 0.0, 4) + 0.0
            out.write(f"{list(src)}:{list(tgt)}:{score:.4f}\n")
    return count


def numbers_of(row: Row, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The sentence numbers of both sides, or an AlignError that says where they come from."""
    if row.src_ids is None or row.tgt_ids is None:
        raise AlignError(
            f"row {number}: it has no sentence numbers, which a ladder is made of; "
            "start from JSONL or a ladder, or from TSV with the columns src_ids and tgt_ids"
        )
    return row.src_ids, row.tgt_ids


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield rows: sentence numbers, kind, and the third field as score where there is one."""
    for number, line in lines(path, header.encoding):
        line = line.strip()
        if not line:
            continue
        where = f"{path}:{number}"
        match = _LINE.fullmatch(line)
        if match is None:
            raise AlignError(f"{where}: expected a line like [0]:[0, 1]:0.8, got {line[:40]!r}")
        src, tgt = ids(match[1], where), ids(match[2], where)
        yield Row(
            src_ids=src,
            tgt_ids=tgt,
            kind=f"{len(src)}-{len(tgt)}",
            score=finite(match[3], where) if match[3] else None,
        )
