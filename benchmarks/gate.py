"""The quality gate: no change may make the alignment of the project's own texts worse unnoticed.

    python -m benchmarks.gate                               compare with the pinned floors
    python -m benchmarks.gate --update                      pin what is measured now
    python -m benchmarks.gate --update --allow-regression   ... even where it is lower

`gate.json` pins, for every own gold set, the pooled strict F1 from given sentences and from raw
text, the SHA-256 of the data it was measured on, and the tolerance with its reason. Exit codes:
0 all floors hold (or were pinned), 1 a drop (or a refused update), 2 the pins do not fit the data.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import align
from benchmarks.golds import find_set
from benchmarks.measure import write_json
from benchmarks.quality import ROOT, measure, pooled

PINS = Path(__file__).with_name("gate.json")
FOLDERS = (ROOT / "data", ROOT / "data" / "story")
RAW = {"sentences": False, "raw text": True}


@dataclass(frozen=True)
class Floor:
    """The strict F1 of one gold set, from given sentences or from raw text."""

    name: str
    source: str  # "sentences" or "raw text"
    sha256: str  # of the data it belongs to
    f1: float  # 0..1

    @property
    def key(self) -> tuple[str, str]:
        """What it is a floor of."""
        return self.name, self.source


@dataclass(frozen=True)
class Pins:
    """What gate.json holds."""

    tolerance: float  # how far below its floor a figure may fall
    reason: str  # why that far
    signature: str  # of the alignments that were pinned
    floors: tuple[Floor, ...]


class StaleError(Exception):
    """The pins do not belong to this data."""


def read_pins(path: Path) -> Pins:
    """The pins in a file. StaleError for a file that is no pins."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        floors = tuple(Floor(**floor) for floor in found.pop("floors"))
        pins = Pins(**found, floors=floors)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise StaleError(f"{path}: no pins can be read: {error}") from None
    if not (0 <= pins.tolerance < 0.05 and pins.reason.strip()):
        raise StaleError(f"{path}: a tolerance of 0 to 0.05 and its reason are needed")
    return pins


def write_pins(path: Path, pins: Pins) -> None:
    """Write the file whole or not at all."""
    write_json(path, {**asdict(pins), "floors": [asdict(floor) for floor in pins.floors]})


def measured(folders: Sequence[Path] = FOLDERS) -> tuple[list[Floor], str]:
    """The figures of today, and the signature of the alignments."""
    floors, signature = [], ""
    for folder in folders:
        found = find_set(folder)
        for source, raw in RAW.items():
            outcomes = []
            for gold in found.golds:
                outcome, signature = measure(gold, raw, align.Options(), None)
                outcomes.append(outcome)
            f1 = pooled(outcomes).evaluation.strict.f1
            floors.append(Floor(found.name, source, found.fingerprint(), f1))
    return floors, signature


def drops(pins: Pins, today: Sequence[Floor]) -> list[str]:
    """What is worse than its floor, in words. StaleError where floors and data do not match."""
    pinned = {floor.key: floor for floor in pins.floors}
    for floor in today:
        known = pinned.pop(floor.key, None)
        if known is None:
            raise StaleError(f"{floor.name} from {floor.source} has no floor; --update pins it")
        if known.sha256 != floor.sha256:
            raise StaleError(
                f"{floor.name}: the data has changed (SHA-256 {floor.sha256[:12]}..., pinned "
                f"{known.sha256[:12]}...); its floor means nothing now; --update pins it anew"
            )
    if pinned:
        raise StaleError(f"floors of sets that are gone: {sorted(pinned)}; --update drops them")
    floors = {floor.key: floor.f1 for floor in pins.floors}
    return [
        f"{floor.name} from {floor.source}: strict F1 {floor.f1:.4f} is below its floor "
        f"{floors[floor.key]:.4f} by more than {pins.tolerance}"
        for floor in today
        if floor.f1 < floors[floor.key] - pins.tolerance
    ]


def updated(pins: Pins, today: Sequence[Floor], signature: str) -> tuple[Pins, list[str]]:
    """The pins of today, and which floors that lowers, in words."""
    pinned = {floor.key: floor for floor in pins.floors}
    new = [replace(floor, f1=math.floor(floor.f1 * 1e4) / 1e4) for floor in today]
    lowered = [
        f"{floor.name} from {floor.source}: {pinned[floor.key].f1:.4f} -> {floor.f1:.4f}"
        for floor in new
        if floor.key in pinned and floor.f1 < pinned[floor.key].f1
    ]
    gone = set(pinned) - {floor.key for floor in new}
    lowered += [f"{name} from {source}: floor dropped" for name, source in sorted(gone)]
    return replace(pins, signature=signature, floors=tuple(new)), lowered


def main(argv: Sequence[str] | None = None) -> int:
    """Compare or update; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--update", action="store_true", help="pin what is measured now")
    parser.add_argument("--allow-regression", action="store_true", help="even where it is lower")
    parser.add_argument("--pins", type=Path, default=PINS, help="%(default)s")
    arguments = parser.parse_args(argv)
    if arguments.allow_regression and not arguments.update:
        parser.error("--allow-regression goes with --update")
    try:
        pins = read_pins(arguments.pins)
        today, signature = measured()
        for floor in today:
            print(f"{floor.name:10} {floor.source:10} strict F1 {floor.f1:.4f}")
        if arguments.update:
            return _update(arguments.pins, updated(pins, today, signature), arguments)
        worse = drops(pins, today)
    except StaleError as error:
        print(f"gate: {error}", file=sys.stderr)
        return 2
    for line in worse:
        print(f"gate: {line}", file=sys.stderr)
    print("gate: " + (f"{len(worse)} drops" if worse else f"{len(today)} floors hold"))
    return 1 if worse else 0


def _update(path: Path, found: tuple[Pins, list[str]], arguments: argparse.Namespace) -> int:
    pins, lowered = found
    for line in lowered:
        print(f"gate: {line}", file=sys.stderr)
    if lowered and not arguments.allow_regression:
        print("gate: nothing pinned; --allow-regression would lower these", file=sys.stderr)
        return 1
    write_pins(path, pins)
    print(f"gate: {len(pins.floors)} floors pinned")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
