"""Write the six pairwise golds that follow from a table of translation units.

`units.tsv` is made by hand: one row a unit of meaning, one column a language, the numbers of
the sentences that render the unit (empty: left out there). For a pair of languages, rows that
share a sentence are one bead; sentences without a counterpart stand alone.

    python data/derive_gold.py data/gold data/story/gold
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

Bead = tuple[list[int], list[int]]


def read_units(path: Path) -> dict[str, list[list[int]]]:
    """Sentence numbers by language, one list a row."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    return {
        lang: [[int(number) for number in row[column].split(",") if number] for row in rows]
        for column, lang in enumerate(header.split("\t"))
    }


def derive(src: list[list[int]], tgt: list[list[int]]) -> list[Bead]:
    """The smallest beads that keep every unit whole, in source order."""
    groups: list[tuple[set[int], set[int]]] = []
    for unit in zip(src, tgt, strict=True):
        if not all(unit):  # left out on one side: a link to nothing
            continue
        left, right = set(unit[0]), set(unit[1])
        apart = []
        for group in groups:
            if group[0] & left or group[1] & right:
                left |= group[0]
                right |= group[1]
            else:
                apart.append(group)
        groups = [*apart, (left, right)]
    beads = [(sorted(left), sorted(right)) for left, right in groups]
    linked = [set().union(*(bead[side] for bead in beads)) for side in (0, 1)]
    beads += [([number], []) for number in _flat(src) if number not in linked[0]]
    beads.sort()
    for number in _flat(tgt):  # an insertion follows the bead of the sentence before it
        if number not in linked[1]:
            place = [at for at, bead in enumerate(beads) if number - 1 in bead[1]]
            beads.insert(place[0] + 1 if place else 0, ([], [number]))
    return beads


def _flat(column: list[list[int]]) -> list[int]:
    return sorted({number for cell in column for number in cell})


def to_text(beads: Iterable[Bead]) -> str:
    """One bead a line, `[0, 1]:[2]`."""
    return "".join(f"{src}:{tgt}\n" for src, tgt in beads)


def main(folders: list[str]) -> None:
    """Write `SRC-TGT.gold` beside each folder's `units.tsv`."""
    for folder in map(Path, folders):
        units = read_units(folder / "units.tsv")
        for src, tgt in combinations(units, 2):
            text = to_text(derive(units[src], units[tgt]))
            (folder / f"{src}-{tgt}.gold").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
