"""Does cutting documents into segments change anything? Gold sets, cut and as one segment.

    python -m benchmarks.exact FOLDER ... [--encoder E] [-o OUT]

Documents are cut where the alignment is sure, and the pieces are solved alone. Here every document
is also solved whole: one dynamic programme over all sentences, no anchors, no shortcuts. Reported
are the share of beads that are the same and strict F1 of both, in order only, without the search
for moved text. Memory grows with the product of the lengths: some GB for a thousand sentences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import align
from align.core.blas import one_blas_thread
from align.core.monotone import Beads, align_monotone
from align.core.scorer import load_scorer
from align.evaluate import Link, evaluate, merge, read_links
from align.sides import kind_of, side_of
from align.text.document import read_document
from benchmarks.golds import Gold, GoldSet, find_set, sentences_of
from benchmarks.measure import RESULTS, write_json

ROOT = Path(__file__).resolve().parents[1]
RESULT = RESULTS / "exact.json"


def links_of(beads: Beads) -> list[Link]:
    """The beads as sentence numbers."""
    columns = (beads.src, beads.tgt, beads.a, beads.b)
    rows = np.stack([np.asarray(column, np.int64) for column in columns], 1).tolist()
    return [(tuple(range(i, i + a)), tuple(range(j, j + b))) for i, j, a, b in rows]


@one_blas_thread()
def both_ways(gold: Gold, encoder: Any, options: align.Options) -> tuple[list[Link], list[Link]]:
    """The beads of a pair of documents, cut and whole."""
    scorer = load_scorer(kind_of(encoder)).restricted(options.max_side, options.max_total)
    src, tgt = (
        side_of(read_document(sentences_of(path), lang=lang), encoder)
        for path, lang in zip(gold.sentences, gold.langs, strict=True)
    )
    cut, whole = (
        align_monotone(src, tgt, scorer, options.neighbours, cut=cut).beads for cut in (True, False)
    )
    return links_of(cut), links_of(whole)


def run_set(found: GoldSet, encoder: Any, options: align.Options) -> dict[str, Any]:
    """The figures of one set."""
    cut, whole = [], []
    same = beads = 0
    for gold in found.golds:
        links = read_links(str(gold.gold))
        pieces, one = both_ways(gold, encoder, options)
        same += len(set(pieces) & set(one))
        beads += max(len(pieces), len(one))
        cut.append(evaluate(links, pieces))
        whole.append(evaluate(links, one))
    return {
        "name": found.name,
        "sha256": found.fingerprint(),
        "documents": len(found.golds),
        "beads": beads,
        "same": round(same / max(beads, 1), 5),
        "strict_cut": round(merge(cut).strict.f1, 4),
        "strict_whole": round(merge(whole).strict.f1, 4),
    }


def table(sets: Iterable[dict[str, Any]]) -> str:
    """All sets as text."""
    lines = [f"{'set':14} {'docs':>4} {'beads':>6} {'same':>8} {'cut':>6} {'whole':>6}"]
    for row in sets:
        lines.append(
            f"{row['name'][:14]:14} {row['documents']:4} {row['beads']:6} {100 * row['same']:7.2f}%"
            f" {100 * row['strict_cut']:6.2f} {100 * row['strict_whole']:6.2f}"
        )
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    own = [ROOT / "data", ROOT / "data" / "story"]
    parser.add_argument("folders", nargs="*", type=Path, help="gold sets (the project's own two)")
    parser.add_argument("--encoder", metavar="E", help="a folder or a sentence-transformers name")
    parser.add_argument("-o", "--output", type=Path, default=RESULT, help="%(default)s")
    arguments = parser.parse_args(argv)
    encoder, options = align.load_encoder(arguments.encoder), align.Options()
    sets = [run_set(find_set(folder), encoder, options) for folder in arguments.folders or own]
    print(table(sets))
    write_json(arguments.output, {"encoder": encoder.name, "sets": sets})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
