"""Several versions at once against pairs: texts made in four versions, and gold sets.

    python -m benchmarks.multi --corpus FOLDER [--gold FOLDER ...] [--learn] [-o OUT]

The folder holds four-way bitext, SOURCE.tsv.xz with a header of languages. From sources in LEARNED
and the project's prose the weights are learned (`--learn` writes align/core/weights/multi.json);
figures are of texts made from REPORTED, which nothing of several versions was learned from or tuned
on (`multi_texts`). They are made in several settings, from usual to loose, and for each it is told
how much third versions could settle at most (`multi_bound`). Gold folders have `sentences/LANG.txt`
and `gold/A-B.gold` (any of the pairs), and are aligned from raw text (`multi_gold`).

Reported are strict F1 of `align.pair` and of `align.multi` read pairwise, averaged over pairs of
languages; rows that are exactly right, and that mix sentences of several; and the calibration
error of the probabilities (15 bins). Seconds are of the whole, encoding included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import align
from align.core.scorer import FOLDER, load_scorer
from align.core.versions.certainty import load_weights
from align.encoders.load import load_encoder
from align.evaluate import Evaluation, evaluate, merge
from align.multi import multi_documents
from align.pair import pair_documents
from align.sides import kind_of, side_of
from align.training.many import (
    Text,
    learn_ballot,
    learn_certainty,
    mark,
    weighed,
    write_weights,
)
from align.training.trust import learn_trust
from align.training.versions import Ways, links_of_units, rows_of_units
from benchmarks.golds import find_set
from benchmarks.multi_bound import settled
from benchmarks.multi_figures import Rows, add_rows, compare_rows, mean, rows_in
from benchmarks.multi_gold import report_gold
from benchmarks.multi_texts import (
    LANGS,
    LEARNED,
    LOOSE,
    REPORTED,
    SETTINGS,
    SIZE,
    Corpus,
    Made,
    Setting,
    made_texts,
    own_texts,
    rows_of_corpus,
)
from benchmarks.quality import calibration_error

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "multi.json"


# learning


def learn(corpora: Sequence[tuple[str, Corpus]], encoder: Any) -> None:
    """Learns the weights of several versions and writes them into the package.

    From texts made as usual and loosely, and from the project's free translations.
    """
    scorer = load_scorer(kind_of(encoder)).restricted(6, 7)

    def read(made: Made) -> Text:
        return Text(tuple(side_of(one, encoder) for one in made.documents), made.units)

    def texts(count: int, seed: int, ways: Ways) -> list[Text]:
        return [read(made) for made in made_texts(corpora, count, seed, Setting("", ways))]

    own = [read(made) for made in own_texts(ROOT / "data" / "prose")]
    still = (replace(ways, move=0.0) for ways in (Ways(), LOOSE))
    trust = learn_trust([*(text for ways in still for text in texts(2, 11, ways)), *own], scorer)
    more = [*texts(2, 12, Ways()), *texts(1, 13, LOOSE), *own]
    found = [weighed(text, scorer, trust) for text in more]
    ballot = learn_ballot(more, found, scorer)
    marked = [mark(text, one, scorer, ballot) for text, one in zip(more, found, strict=True)]
    write_weights(learn_certainty(marked, trust, ballot), FOLDER / "multi.json")


# measuring


@dataclass(frozen=True)
class Measured:
    """One text."""

    pair: dict[str, Evaluation]  # by pair of languages
    multi: dict[str, Evaluation]
    all: dict[str, Evaluation]  # of pair, with gold where all third versions settle it
    any: dict[str, Evaluation]  # ... where one does
    beads: tuple[tuple[float, bool], ...]  # probabilities of pairs of multi
    rows: Rows
    seconds: tuple[float, float]


def measure_made(made: Made, encoder: Any) -> Measured:
    """Pairs and all at once."""
    options = align.Options()
    pairs = list(combinations(range(len(LANGS)), 2))
    began = time.process_time()
    alone = [
        pair_documents(made.documents[x], made.documents[y], options=options, encoder=encoder)
        for x, y in pairs
    ]
    middle = time.process_time()
    found = multi_documents(made.documents, options=options, encoder=encoder)
    end = time.process_time()
    golds = [links_of_units(made.units, x, y, made.sizes) for x, y in pairs]
    names = [f"{LANGS[x]}-{LANGS[y]}" for x, y in pairs]
    beads = [
        (bead.probability or 0.0, (bead.src_ids, bead.tgt_ids) in set(gold))
        for gold, one in zip(golds, found.alignments, strict=True)
        for bead in one
    ]
    linked, together = (
        [[(bead.src_ids, bead.tgt_ids) for bead in one.beads] for one in which]
        for which in (alone, found.alignments)
    )
    best = settled(linked, golds, len(LANGS))
    evaluations = [
        {name: evaluate(gold, one) for name, gold, one in zip(names, golds, which, strict=True)}
        for which in (linked, together, best["all"], best["any"])
    ]
    rows = compare_rows(rows_in(found), rows_of_units(made.units, made.sizes))
    seconds = middle - began, end - middle
    return Measured(*evaluations, tuple(beads), rows, seconds)


def mean_f1(measured: Sequence[Measured], which: str) -> dict[str, float]:
    """Strict F1 by pair of languages."""
    names = getattr(measured[0], which)
    return {
        name: round(merge(getattr(m, which)[name] for m in measured).strict.f1, 4) for name in names
    }


def report_settings(
    corpora: Sequence[tuple[str, Corpus]], count: int, encoder: Any
) -> dict[str, Any]:
    """The figures of made texts: the first setting in full, and each in short."""
    out: dict[str, Any] = {}
    short = {}
    for setting in SETTINGS:
        texts = made_texts(corpora, count, 1, setting)
        measured = [(made.source, measure_made(made, encoder)) for made in texts]
        out = out or report_made(measured)
        short[setting.name] = in_short([m for _, m in measured])
    return {**out, "settings": short}


def in_short(measured: Sequence[Measured]) -> dict[str, Any]:
    """Strict F1 of pairs, of all at once, and of pairs if third versions settled what they can."""
    names = ("pair", "multi", "all", "any")
    f1 = {which: mean(mean_f1(measured, which).values()) for which in names}
    return {
        "texts": len(measured),
        "pair": f1["pair"],
        "multi": f1["multi"],
        "gain": round(f1["multi"] - f1["pair"], 4),
        "if_all_third_settled": f1["all"],
        "if_any_third_settled": f1["any"],
        "rows_exact_f1": add_rows(m.rows for m in measured).record()["exact_f1"],
        "ece_of_rows": add_rows(m.rows for m in measured).record()["ece"],
    }


def report_made(measured: Sequence[tuple[str, Measured]]) -> dict[str, Any]:
    """The figures of made texts, by source."""
    everything = [m for _, m in measured]
    out: dict[str, Any] = {"texts": len(measured), "rows_a_text": SIZE, "by_source": {}}
    for source in dict.fromkeys(name for name, _ in measured):
        some = [m for name, m in measured if name == source]
        out["by_source"][source] = {
            which: mean(mean_f1(some, which).values()) for which in ("pair", "multi")
        }
    for which in ("pair", "multi"):
        by_pair = mean_f1(everything, which)
        out[which] = {"strict_f1": mean(by_pair.values()), "by_languages": by_pair}
    out["gain"] = round(out["multi"]["strict_f1"] - out["pair"]["strict_f1"], 4)
    out["rows"] = add_rows(m.rows for m in everything).record()
    out["ece_of_pairs"] = round(calibration_error([b for m in everything for b in m.beads]), 4)
    out["seconds"] = {
        which: round(sum(m.seconds[at] for m in everything), 1)
        for at, which in enumerate(("pair", "multi"))
    }
    return out


def main() -> None:
    """Learns if asked to, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--corpus", type=Path, help="folder of four-way SOURCE.tsv.xz")
    parser.add_argument("--gold", type=Path, nargs="*", default=[])
    parser.add_argument("--learn", action="store_true", help="write align/core/weights/multi.json")
    parser.add_argument("--texts", type=int, default=3, help="a source")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    encoder = load_encoder(None)

    def corpora(names: Sequence[str]) -> list[tuple[str, Corpus]]:
        return [(name, rows_of_corpus(arguments.corpus, name)) for name in names]

    if arguments.learn:
        learn(corpora(LEARNED), encoder)
        load_weights.cache_clear()
    found: dict[str, Any] = {"encoder": encoder.name.rpartition("/")[2]}
    if arguments.corpus:
        found["made"] = report_settings(corpora(REPORTED), arguments.texts, encoder)
    for folder in [*arguments.gold, ROOT / "data", ROOT / "data" / "story"]:
        one = find_set(folder)
        found[one.name] = report_gold(one, encoder)
    arguments.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, part in found.items():
        print(name, json.dumps(part))


if __name__ == "__main__":
    main()
