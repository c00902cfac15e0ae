"""How good the alignments are: the table of every gold set it is pointed at.

    python -m benchmarks.quality FOLDER ... [--raw] [--encoder E] [--monotone] [-o OUT]

The layouts of gold folders are those of `benchmarks.golds`. Measures are those of `align.evaluate`
(Sennrich and Volk 2010, vecalign's scorer): strict, lax, and sentences without a partner.
Sentences are given as they are split. With `--raw`, sets whose unsplit text is found are aligned
from it too, and what the splitter did wrong counts as wrong.

Calibration looks at the predicted pairs. The expected calibration error is the mean distance
between probability and share of right pairs over 15 bins of equal width (Naeini, Cooper and
Hauskrecht 2015), weighted by their size: `probability` against strictly right, `probability_lax`
against right in part.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import align
from align.evaluate import Evaluation, Link, Score, evaluate, merge, read_links
from align.training.scorer import rising
from benchmarks.golds import Gold, GoldSet, find_set, gold_parser, owners, sentences_of, translated
from benchmarks.measure import machine, write_json

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "quality.json"
BINS = 15
SURE = 0.9  # the --min-probability whose precision and recall are reported


# measuring


@dataclass(frozen=True)
class Sample:
    """One predicted pair: its probabilities and what came true."""

    probability: float
    probability_lax: float
    right: bool
    right_lax: bool


@dataclass(frozen=True)
class Outcome:
    """What one pair of documents gave, or several together."""

    evaluation: Evaluation
    moved: Score  # pairs that cross the order
    samples: tuple[Sample, ...]
    sentences: int


def judge(links: Sequence[Link], predicted: Sequence[tuple[align.Bead, Link]]) -> Outcome:
    """Compare predicted beads, in numbers of gold sentences, with the gold."""
    gold = {(tuple(sorted(a)), tuple(sorted(b))) for a, b in links}
    touching = {(s, t) for src, tgt in gold for s in src for t in tgt}
    samples = tuple(
        Sample(
            bead.probability or 0.0,
            bead.probability_lax or 0.0,
            link in gold,
            any((s, t) in touching for s in link[0] for t in link[1]),
        )
        for bead, link in predicted
        if bead.is_pair and link[0] and link[1]
    )
    crossing = {link for link in gold if link[0] and link[1]} - set(rising(sorted(gold)))
    moved = {link for bead, link in predicted if bead.moved}
    found = {link for _, link in predicted}
    score = Score(len(moved & crossing), len(moved), len(crossing & found & moved), len(crossing))
    sentences = sum(len(a) + len(b) for a, b in gold)
    return Outcome(evaluate(links, [link for _, link in predicted]), score, samples, sentences)


def pooled(outcomes: Sequence[Outcome]) -> Outcome:
    """Several outcomes as one: their counts added, their pairs together."""
    return Outcome(
        merge(outcome.evaluation for outcome in outcomes),
        sum((outcome.moved for outcome in outcomes), Score()),
        tuple(sample for outcome in outcomes for sample in outcome.samples),
        sum(outcome.sentences for outcome in outcomes),
    )


def measure(gold: Gold, raw: bool, options: align.Options, encoder: Any) -> tuple[Outcome, str]:
    """Align one pair of documents and compare; the signature too."""
    links = read_links(str(gold.gold))
    split = [sentences_of(path) for path in gold.sentences]
    if raw and gold.raw:
        found = align.pair(*gold.raw, options=options, encoder=encoder)
        held = [
            owners(path.read_text(encoding="utf-8"), document, sentences)
            for path, document, sentences in zip(
                gold.raw, (found.src, found.tgt), split, strict=True
            )
        ]
    else:
        src, tgt = gold.langs
        options = replace(options, src_lang=src, tgt_lang=tgt)
        found = align.pair(split[0], split[1], options=options, encoder=encoder)
        held = [[[i] for i in range(len(sentences))] for sentences in split]
    return judge(links, translated(found.beads, *held)), found.signature


# calibration


def bins_of(pairs: Sequence[tuple[float, bool]]) -> list[tuple[int, float, float]]:
    """For each bin that holds any: how many, their mean probability, the share that is right."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for probability, right in pairs:
        bins[min(int(probability * BINS), BINS - 1)].append((probability, right))
    return [
        (len(b), sum(p for p, _ in b) / len(b), sum(right for _, right in b) / len(b))
        for b in bins
        if b
    ]


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error, 0..1."""
    return sum(n * abs(p - right) for n, p, right in bins_of(pairs)) / max(len(pairs), 1)


def calibration_record(samples: Sequence[Sample], gold_pairs: int) -> dict[str, Any]:
    """Calibration of both probabilities, and what a threshold of SURE keeps."""
    strict = [(sample.probability, sample.right) for sample in samples]
    lax = [(sample.probability_lax, sample.right_lax) for sample in samples]
    sure = [sample for sample in samples if sample.probability >= SURE]
    right = sum(sample.right for sample in sure)
    return {
        "pairs": len(samples),
        "ece": round(calibration_error(strict), 4),
        "ece_lax": round(calibration_error(lax), 4),
        "at": SURE,
        "kept": len(sure),
        "precision": round(right / len(sure), 4) if sure else None,
        "precision_lax": round(sum(s.right_lax for s in sure) / len(sure), 4) if sure else None,
        "recall": round(right / gold_pairs, 4) if gold_pairs else None,
        "bins": [[n, round(p, 4), round(share, 4)] for n, p, share in bins_of(strict)],
        "bins_lax": [[n, round(p, 4), round(share, 4)] for n, p, share in bins_of(lax)],
    }


# reports


def score_record(score: Score) -> dict[str, Any]:
    """Ratios and counts of one measure."""
    return {
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "f1": round(score.f1, 4),
        "predicted": score.predicted,
        "gold": score.gold,
    }


def record(outcome: Outcome) -> dict[str, Any]:
    """One row of the table."""
    found = outcome.evaluation
    return {
        "documents": found.documents,
        "sentences": outcome.sentences,
        "strict": score_record(found.strict),
        "lax": score_record(found.lax),
        "unaligned": score_record(found.nulls),
        "moved": score_record(outcome.moved),
    }


def run_set(found: GoldSet, raw: bool, options: align.Options, encoder: Any) -> dict[str, Any]:
    """Measure one set; the record of its pairs of languages, pooled, and its calibration."""
    outcomes: dict[str, list[Outcome]] = {}
    documents, signature = {}, ""
    for gold in found.golds:
        outcome, signature = measure(gold, raw, options, encoder)
        outcomes.setdefault("-".join(gold.langs), []).append(outcome)
        documents[gold.name] = round(outcome.evaluation.strict.f1, 4)
    total = pooled([outcome for group in outcomes.values() for outcome in group])
    return {
        "name": found.name,
        "from": "raw text" if raw else "sentences",
        "sha256": found.fingerprint(),
        "signature": signature,
        "pairs": {pair: record(pooled(group)) for pair, group in outcomes.items()},
        "pooled": record(total),
        "documents": documents,
        "calibration": calibration_record(total.samples, total.evaluation.strict.gold),
    }


HEAD = (
    f"{'set':14} {'from':9} {'pair':7} {'docs':>4} {'strict P':>8} {'R':>6} {'F1':>6} "
    f"{'lax P':>6} {'R':>6} {'F1':>6} {'alone P':>7} {'R':>6} {'F1':>6} {'moved':>7}"
)


def table_row(name: str, source: str, pair: str, row: dict[str, Any]) -> str:
    """One line of the printed table, in per cent."""
    cells = [
        f"{100 * row[kind][ratio]:{width}.1f}"
        for kind, width in (("strict", 8), ("lax", 6), ("unaligned", 7))
        for ratio, width in zip(("precision", "recall", "f1"), (width, 6, 6), strict=True)
    ]
    moved = row["moved"]
    found = round(moved["recall"] * moved["gold"])
    crossing = f"{found}/{moved['gold']}"
    start = f"{name[:14]:14} {source.split()[0]:9} {pair:7} {row['documents']:4}"
    return " ".join([start, *cells, f"{crossing:>7}"])


def table(sets: Sequence[dict[str, Any]]) -> str:
    """All sets as text."""
    lines = [HEAD]
    for entry in sets:
        rows = [*entry["pairs"].items()]
        if len(rows) > 1:
            rows.append(("pooled", entry["pooled"]))
        lines += [table_row(entry["name"], entry["from"], pair, row) for pair, row in rows]
    lines += [
        "",
        f"{'set':14} {'from':9} {'pairs':>6} {'ECE':>6} {'lax':>6}   at {SURE}: precision",
    ]
    for entry in sets:
        c = entry["calibration"]
        start = f"{entry['name'][:14]:14} {entry['from'].split()[0]:9} {c['pairs']:6}"
        sure = (
            f"{100 * c['precision']:.1f} (lax {100 * c['precision_lax']:.1f})  "
            f"recall {100 * c['recall']:.1f}"
            if c["kept"]
            else "none"
        )
        lines.append(f"{start} {c['ece']:6.3f} {c['ece_lax']:6.3f}   {sure}")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON file."""
    parser = gold_parser(__doc__, RESULTS)
    parser.add_argument("--raw", action="store_true", help="from the unsplit text too")
    parser.add_argument("--monotone", action="store_true", help="look for no moved text")
    arguments = parser.parse_args(argv)
    options = align.Options(monotone=arguments.monotone)
    encoder = align.load_encoder(arguments.encoder)
    sets = []
    for folder in arguments.folders:
        found = find_set(folder)
        sets.append(run_set(found, False, options, encoder))
        if arguments.raw and all(gold.raw for gold in found.golds):
            sets.append(run_set(found, True, options, encoder))
        elif arguments.raw:
            print(f"{found.name}: no unsplit text", file=sys.stderr)
    print(table(sets))
    where = machine()
    where["versions"] = {"align": align.__version__, **where["versions"]}
    write_json(arguments.output, {"encoder": encoder.name, "machine": where, "sets": sets})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
