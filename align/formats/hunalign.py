"""The ladder of hunalign: rungs `src<TAB>tgt<TAB>score`, sentence numbers from 0.

A bead is what lies between its rung and the next; its score stands on its first rung. So the
beads must follow one another without a gap on both sides. Format: Varga et al. 2005,
https://github.com/danielvarga/hunalign.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from align.errors import AlignError
from align.formats.cells import finite
from align.formats.files import lines, writing
from align.formats.ladder import numbers_of
from align.formats.rows import Header, Row


def write(path: str, rows: Iterable[Row], header: Header) -> int:
    """Write rows and return their number. Crossing or missing sentences are an AlignError."""
    at = [0, 0]
    count = 0
    with writing(path) as out:
        for count, row in enumerate(rows, 1):
            sides = numbers_of(row, count)
            for k, side in enumerate(sides):
                if side != tuple(range(at[k], at[k] + len(side))):
                    raise AlignError(
                        f"row {count}: {'source' if k == 0 else 'target'} sentences {list(side)} "
                        f"come where {at[k]} is next; hunalign's ladder holds only whole "
                        "alignments in order (align pair --monotone)"
                    )
            out.write(f"{at[0]}\t{at[1]}\t{round(row.score or 0.0, 6) + 0.0:.6f}\n")
            at = [at[0] + len(sides[0]), at[1] + len(sides[1])]
        out.write(f"{at[0]}\t{at[1]}\t0.000000\n")
    return count


def read(path: str, header: Header) -> Iterator[Row]:
    """Yield the beads between the rungs: sentence numbers, kind and score."""
    last: tuple[int, int, float] | None = None
    for number, line in lines(path, header.encoding):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        rung = _rung(line, where)
        if last is not None:
            if rung[0] < last[0] or rung[1] < last[1]:
                raise AlignError(
                    f"{where}: rung {rung[0]} {rung[1]} goes back behind {last[0]} {last[1]}"
                )
            src, tgt = tuple(range(last[0], rung[0])), tuple(range(last[1], rung[1]))
            yield Row(src_ids=src, tgt_ids=tgt, kind=f"{len(src)}-{len(tgt)}", score=last[2])
        last = rung


def _rung(line: str, where: str) -> tuple[int, int, float]:
    cells = line.split("\t")
    if len(cells) != 3 or not all(c.isascii() and c.isdigit() and len(c) < 10 for c in cells[:2]):
        raise AlignError(f"{where}: expected source, target, score with tabs, got {line[:40]!r}")
    return int(cells[0]), int(cells[1]), finite(cells[2], where)
