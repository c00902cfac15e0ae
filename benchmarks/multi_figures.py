"""Figures of several versions: their rows beside those that are right, and means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import align
from benchmarks.quality import calibration_error

Node = tuple[int, int]  # version, sentence
Row = frozenset[Node]


@dataclass(frozen=True)
class Rows:
    """Rows of one text beside those that are right."""

    right: int
    found: int
    wanted: int
    mixed: int  # rows with sentences of several
    chances: tuple[tuple[float, bool], ...]

    def record(self) -> dict[str, Any]:
        """As the file has it. Rows of one version are left out of F1."""
        f1 = 2 * self.right / max(self.found + self.wanted, 1)
        sure = [right for p, right in self.chances if p >= 0.9]
        return {
            "rows": self.found,
            "exact_f1": round(f1, 4),
            "mixed": self.mixed,
            "ece": round(calibration_error(self.chances), 4),
            "at_.9": len(sure),
            "right_at_.9": round(sum(sure) / len(sure), 4) if sure else None,
        }


def add_rows(parts: Iterable[Rows]) -> Rows:
    """Several texts together."""
    whole = list(parts)
    return Rows(
        *(sum(getattr(p, name) for p in whole) for name in ("right", "found", "wanted", "mixed")),
        tuple(chance for p in whole for chance in p.chances),
    )


def compare_rows(have: Sequence[tuple[Row, float]], want: Iterable[Row]) -> Rows:
    """Rows of a text with their probabilities, and the right ones."""
    want = set(want)
    owner = {node: row for row in want for node in row}

    def shared(rows: Iterable[Row]) -> set[Row]:
        return {row for row in rows if len({version for version, _ in row}) > 1}

    found, wanted = shared(row for row, _ in have), shared(want)
    mixed = sum(len({owner[node] for node in row if node in owner}) > 1 for row, _ in have)
    chances = tuple((p, row in want) for row, p in have)
    return Rows(len(found & wanted), len(found), len(wanted), mixed, chances)


def rows_in(found: align.MultiAlignment) -> list[tuple[Row, float]]:
    """The rows of an alignment as sets."""
    return [
        (frozenset((v, i) for v, ids in enumerate(row.ids) for i in ids), row.probability or 0.0)
        for row in found.rows
    ]


def mean(values: Iterable[float]) -> float:
    """To four digits."""
    return round(float(np.mean(list(values))), 4)
