"""Result files and Markdown tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.measure import RESULTS


def read(name: str) -> Any:
    """A result file."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; the first column may be without a name."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in (columns, *rows)]
    lines[0] = lines[0].replace("|  |", "| |")
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]]) + "\n"


def percent(ratio: float | None) -> str:
    """One decimal; a dash where there is nothing."""
    return "–" if ratio is None else f"{100 * ratio:.1f}"
