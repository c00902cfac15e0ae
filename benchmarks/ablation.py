"""What each feature is worth: strict F1 of left-out documents with all features, and without each.

    python -m benchmarks.ablation --gold FOLDER ... --corpus CORPUS ... [--documents 4] [--rounds 8]

Gold documents are dealt into three folds (versions of one text into the same), and so are the
project's own free translations (--own), of each text one pair of languages; the weights that
score a fold are learned from the other two and from synthetic documents. Without a feature the
weights are learned again from where they were. Also groups of features at once.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from align.core.evidence import NULL_FEATURES
from align.core.features import BEAD_FEATURES
from align.core.monotone import align_monotone
from align.core.places import END_FEATURES, START_FEATURES
from align.core.scorer import Scorer, load_scorer
from align.encoders.load import ObjectEncoder, load_encoder
from align.evaluate import Evaluation, merge
from align.sides import SENTENCE, kind_of
from align.training.bitext import find_bitexts
from align.training.scorer import Example, Settings, learn
from align.tune import Ready, make_examples, prepare, synthetic
from benchmarks.weights import ROOT, compared, gold_tasks, own_tasks

RESULTS = Path(__file__).parent / "results"
FOLDS = 3
PAIRS = 6  # of languages, of each of the own texts
OWN_WEIGHT = 0.6  # of one of their pairs: that of all six when the weights that ship are learned
GROUPS = {
    "coverage": ("coverage", "weakest sentence", "leak", "root of", "order inside"),
    "margin and cosine of blocks": ("margin", "cosine"),
    "length": ("length",),
    "numbers and names": ("numbers", "names"),
    "closing marks": ("question", "exclamation", "same ending", "open end", "no closing mark"),
    "speech and quotation marks": ("speech", "quotes"),
    "paragraphs": ("paragraph",),
    "list marks": ("list marks",),
    "where a bead begins and ends": (*START_FEATURES, *END_FEATURES),
    "matches anywhere, of sentences alone": ("best match",),
}


def without(examples: Sequence[Example], beads: list[int], nulls: list[int]) -> list[Example]:
    """The examples with these features always 0."""
    out = []
    for e in examples:
        x, src, tgt = e.x.copy() if beads else e.x, e.src_nulls.copy(), e.tgt_nulls.copy()
        x[:, beads], src[:, nulls], tgt[:, nulls] = 0, 0, 0
        out.append(replace(e, x=x, src_nulls=src, tgt_nulls=tgt))
    return out


class Trial:
    """Documents, examples and folds; `run` leaves features out."""

    def __init__(self, gold: list[Ready], made: list[Ready], start: Scorer, rounds: int) -> None:
        self.gold, self.start = gold, start
        self.settings = Settings(rounds=rounds, threads=1)
        self.examples = make_examples(gold + made, self.settings)
        names = sorted({r.task.fold for r in gold})
        self.fold = [names.index(r.task.fold) % FOLDS for r in gold] + [-1] * len(made)

    def run(self, names: Sequence[str]) -> dict[str, float]:
        """Strict F1 of each set, its documents left out of the training, without these features."""
        beads = [k for k, name in enumerate(BEAD_FEATURES) if name in names]
        nulls = [k for k, name in enumerate(NULL_FEATURES) if name in names]
        start = Scorer(self.start.beads.copy(), self.start.nulls.copy(), self.start.shapes)
        start.beads[beads], start.nulls[nulls] = 0, 0
        found: dict[str, list[Evaluation]] = {}
        for fold in range(FOLDS):
            seen = [e for e, f in zip(self.examples, self.fold, strict=True) if f != fold]
            scorer = learn(without(seen, beads, nulls), self.settings, start)
            for r, f in zip(self.gold, self.fold, strict=False):
                if f == fold:
                    found.setdefault(r.task.name.split("/")[0], []).append(
                        compared(r, align_monotone(r.src, r.tgt, scorer, 4).beads)
                    )
        return {name: round(merge(es).strict.f1, 4) for name, es in found.items()}


def main() -> None:
    """Measures and writes after every feature."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--own", type=Path, nargs="*", default=[ROOT / "data" / "prose"])
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--kind", default="static")
    parser.add_argument("--documents", type=int, default=4, help="synthetic, a language pair")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--groups", action="store_true", help="groups of features only")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "ablation.json")
    arguments = parser.parse_args()
    encoder = load_encoder(arguments.encoder)
    if arguments.kind == SENTENCE and kind_of(encoder) != SENTENCE:
        encoder = ObjectEncoder(encoder)
    own = own_tasks(arguments.own, OWN_WEIGHT)
    own = [own[PAIRS * n + n // FOLDS % PAIRS] for n in range(len(own) // PAIRS)]
    gold = prepare(gold_tasks(arguments.gold) + own, encoder)
    made = list(synthetic(find_bitexts(arguments.corpus), arguments.documents, 1))
    trial = Trial(gold, prepare(made, encoder), load_scorer(arguments.kind), arguments.rounds)
    report: dict[str, Any] = {"encoder": encoder.name, "all": trial.run(()), "without": {}}
    print("all", report["all"], flush=True)
    every = BEAD_FEATURES + NULL_FEATURES
    todo = {
        f"{name} ({'all'})": [n for n in every if n.startswith(p)] for name, p in GROUPS.items()
    }
    if not arguments.groups:
        todo |= {name: [name] for name in dict.fromkeys(every) if name != "alone"}
    for name, names in todo.items():
        report["without"][name] = trial.run(names)
        print(name, report["without"][name], flush=True)
        text = json.dumps(report, indent=1) + "\n"
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
