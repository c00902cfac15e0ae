"""How much moved text is found, in documents of which a tenth was moved.

    python -m benchmarks.shuffle --corpus CORPUS ... [--documents 6] [-o JSON]

Consecutive rows of each corpus become a pair of documents, with merges, splits and gaps as real
ones have; then a tenth of the sentences is moved on one side, in blocks of 1-10. A moved pair is
found when exactly this bead comes out marked as moved; precision is over all beads marked so,
and "lax" counts those whose two sides translate each other at least in part.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections import Counter
from pathlib import Path
from typing import Any

from align.core.align import align_sides
from align.core.calibrate import load_calibration
from align.core.scorer import load_scorer
from align.encoders.load import load_encoder
from align.options import Options
from align.sides import kind_of
from align.training.bitext import find_bitexts
from align.training.synthetic import Habits
from align.tune import Ready, prepare, synthetic

RESULTS = Path(__file__).parent / "results"
MOVE = 0.1  # share of the sentences


def _order(links: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> set[int]:
    """Numbers of the links that are no part of the longest rising chain, by sentences."""
    best = [len(a) + len(b) for a, b in links]
    parent = [-1] * len(links)
    for k, (a, b) in enumerate(links):
        for q in range(k):
            before = links[q][0][-1] < a[0] and links[q][1][-1] < b[0]
            if before and best[q] + len(a) + len(b) > best[k]:
                best[k], parent[k] = best[q] + len(a) + len(b), q
    k = max(range(len(links)), key=best.__getitem__, default=-1)
    chain = set()
    while k >= 0:
        chain.add(k)
        k = parent[k]
    return set(range(len(links))) - chain


def judge(ready: Ready, scorer: Any, calibration: Any, options: Options) -> Counter[str]:
    """Counts of one document pair."""
    found = align_sides(ready.src, ready.tgt, scorer, calibration, k=options.neighbours)
    pairs = sorted((a, b) for a, b in ready.task.links if a and b)
    gold = {pairs[k] for k in _order(pairs)}
    columns = (found.src, found.tgt, found.a, found.b, found.moved)
    moved = [
        (tuple(range(i, i + a)), tuple(range(j, j + b)))
        for i, j, a, b, m in zip(*(c.tolist() for c in columns), strict=True)
        if m
    ]
    cells = {(x, y) for a, b in pairs for x in a for y in b}
    touching = [any((x, y) in cells for x in a for y in b) for a, b in moved]
    return Counter(
        gold=len(gold),
        moved=len(moved),
        found=len(gold.intersection(moved)),
        right=len(set(pairs).intersection(moved)),
        partly=sum(touching),
    )


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--documents", type=int, default=6, help="for each pair of languages")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "shuffle.json")
    arguments = parser.parse_args()
    encoder = load_encoder(arguments.encoder)
    kind, options = kind_of(encoder), Options()
    scorer = load_scorer(kind).restricted(options.max_side, options.max_total)
    calibration = load_calibration(kind)
    tasks = synthetic(
        find_bitexts(arguments.corpus), arguments.documents, 7, (Habits(move=MOVE),), longest=200
    )
    counts: dict[str, Counter[str]] = {}
    for ready in prepare(list(tasks), encoder):
        langs = "-".join(ready.task.name.split("-")[1:3])
        counts.setdefault(langs, Counter()).update(judge(ready, scorer, calibration, options))
    counts["all"] = sum(counts.values(), Counter())
    report: dict[str, Any] = {
        "encoder": encoder.name,
        "python": platform.python_version(),
        "moved share": MOVE,
        "corpora": sorted(path.name.split(".")[0] for path in arguments.corpus),
        "pairs": {},
    }
    for langs, c in counts.items():
        row = {
            "moved pairs": c["gold"],
            "recall": round(c["found"] / max(1, c["gold"]), 4),
            "precision": round(c["right"] / max(1, c["moved"]), 4),
            "precision lax": round(c["partly"] / max(1, c["moved"]), 4),
        }
        report["pairs"][langs] = row
        print(langs, row)
    arguments.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
