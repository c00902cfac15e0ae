"""Does cutting documents into segments change anything? Gold sets, cut and as one segment.

    python -m benchmarks.exact [FOLDER ...] [--encoder E] [-o OUT]

Documents are cut where the alignment is sure, and the pieces are solved alone. Here every document
is also solved whole: one dynamic programme over all sentences, no anchors, no shortcuts. Reported
are the share of beads that are the same and strict F1 of both, in order only, without the search
for moved text. Memory grows with the product of the lengths: some GB for a thousand sentences.

Also told is what `align.core.tears` is good for: of the cuts that sure anchors alone would give,
how many go through a bead of the whole document's path, how many of these are seen before, and how
many cuts are given up in all. The free translations of the project are short and never cut; they
are counted as if they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import align
from align.core.anchors import sure_cuts
from align.core.blas import one_blas_thread
from align.core.monotone import MIN_GAP, MIN_MARGIN, Beads, align_monotone, prepare
from align.core.scorer import load_scorer
from align.core.tears import tears
from align.evaluate import Link, evaluate, merge, read_links
from align.sides import kind_of, side_of
from align.text.document import read_document
from benchmarks.golds import ROOT, Gold, GoldSet, find_set, gold_parser, sentences_of
from benchmarks.measure import RESULTS, write_json

RESULT = RESULTS / "exact.json"


def links_of(beads: Beads) -> list[Link]:
    """The beads as sentence numbers."""
    columns = (beads.src, beads.tgt, beads.a, beads.b)
    rows = np.stack([np.asarray(column, np.int64) for column in columns], 1).tolist()
    return [(tuple(range(i, i + a)), tuple(range(j, j + b))) for i, j, a, b in rows]


@dataclass(frozen=True)
class BothWays:
    """A pair of documents, cut and whole."""

    cut: list[Link]
    whole: list[Link]
    cuts: int  # that sure anchors alone would give
    torn: int  # of them through a bead of the whole document
    seen: int  # of these
    given_up: int  # of all cuts, right and wrong


@one_blas_thread()
def both_ways(gold: Gold, encoder: Any, options: align.Options) -> BothWays:
    """Aligns a pair of documents cut and whole, and looks at every cut."""
    scorer = load_scorer(kind_of(encoder)).restricted(options.max_side, options.max_total)
    src, tgt = (
        side_of(read_document(sentences_of(path), lang=lang), encoder)
        for path, lang in zip(gold.sentences, gold.langs, strict=True)
    )
    cut, whole = (
        align_monotone(src, tgt, scorer, options.neighbours, cut=cut).beads for cut in (True, False)
    )
    ready = prepare(src, tgt, scorer, options.neighbours)
    ev = ready.evidence
    points = sure_cuts(ready.anchors, len(src), len(tgt), MIN_MARGIN, MIN_GAP, ev.repeated, None)[
        1:-1
    ]
    passed = set(zip(whole.src.tolist(), whole.tgt.tolist(), strict=True))
    torn = np.array([tuple(point) not in passed for point in points.tolist()], bool)
    left = tears(ev, points[:, 0], points[:, 1])
    counts = (len(points), int(torn.sum()), int((torn & left).sum()), int(left.sum()))
    return BothWays(links_of(cut), links_of(whole), *counts)


def run_set(found: GoldSet, encoder: Any, options: align.Options) -> dict[str, Any]:
    """The figures of one set."""
    cut, whole = [], []
    same = beads = 0
    counts = np.zeros(4, np.int64)
    for gold in found.golds:
        links = read_links(str(gold.gold))
        both = both_ways(gold, encoder, options)
        same += len(set(both.cut) & set(both.whole))
        beads += max(len(both.cut), len(both.whole))
        cut.append(evaluate(links, both.cut))
        whole.append(evaluate(links, both.whole))
        counts += [both.cuts, both.torn, both.seen, both.given_up]
    return {
        "name": found.name,
        "sha256": found.fingerprint(),
        "documents": len(found.golds),
        "beads": beads,
        "same": round(same / max(beads, 1), 5),
        "strict_cut": round(merge(cut).strict.f1, 4),
        "strict_whole": round(merge(whole).strict.f1, 4),
        **dict(zip(("cuts", "torn", "seen", "given_up"), counts.tolist(), strict=True)),
    }


def table(sets: Iterable[dict[str, Any]]) -> str:
    """All sets as text."""
    lines = [
        f"{'set':14} {'docs':>4} {'beads':>6} {'same':>8} {'cut':>6} {'whole':>6} "
        "  cuts torn seen given up"
    ]
    for row in sets:
        lines.append(
            f"{row['name'][:14]:14} {row['documents']:4} {row['beads']:6} {100 * row['same']:7.2f}%"
            f" {100 * row['strict_cut']:6.2f} {100 * row['strict_whole']:6.2f} {row['cuts']:5}"
            f" {row['torn']:4} {row['seen']:4} {row['given_up']:8}"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON file."""
    arguments = gold_parser(__doc__, RESULT).parse_args(argv)
    encoder, options = align.load_encoder(arguments.encoder), align.Options()
    prose = [find_set(path) for path in sorted((ROOT / "data" / "prose").iterdir())]
    every = GoldSet("own free translations", tuple(gold for one in prose for gold in one.golds))
    found = [*(find_set(folder) for folder in arguments.folders), every]
    sets = [run_set(one, encoder, options) for one in found]
    print(table(sets))
    write_json(arguments.output, {"encoder": encoder.name, "sets": sets})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
