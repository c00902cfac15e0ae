"""Learns and judges the weights that ship with an encoder.

    python -m benchmarks.weights --gold FOLDER ... --corpus CORPUS ... [--encoder E] [--kind static]

Gold folders are those of `benchmarks.golds`; --own are folders of texts in several versions, by
default the project's free translations; synthetic documents are made from the corpora.
The weights of `--kind sentence` that ship were made with `--documents 12 --weight 0.3`, the others
with the defaults.
Writes align/core/weights/KIND.json and KIND-calibration.json, and the figures of left-out documents
to benchmarks/results/weights-KIND.json: weights that score a document have never seen it (nor
another version of the same text).
"""

from __future__ import annotations

import argparse
import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from align.core.align import Found, align_sides
from align.core.calibrate import Calibration
from align.core.merging import improbable
from align.core.monotone import Beads
from align.core.scorer import FOLDER, LENGTH, Scorer, write_scorer
from align.encoders.load import ObjectEncoder, load_encoder
from align.evaluate import Evaluation, evaluate, merge, read_links
from align.sides import SENTENCE, kind_of
from align.training.bitext import find_bitexts
from align.training.calibration import Judged, calibration_error, fit_calibration, write_calibration
from align.training.scorer import Settings, learn
from align.tune import (
    CALM,
    GAPPY,
    LOOSE,
    MOVING,
    Ready,
    Task,
    document,
    judge_all,
    learn_lengths,
    leave_out,
    make_examples,
    prepare,
    same_subject,
    synthetic,
    unrelated,
)
from benchmarks.golds import find_set, sentences_of

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
STRANGE = 3.0  # weight of unrelated documents: few look related, and those must not pass


def gold_tasks(folders: list[Path]) -> list[Task]:
    """Every document pair of the gold folders; versions of one text share a fold."""
    tasks = []
    for folder in folders:
        found = find_set(folder)
        one_text = (folder / "sentences").is_dir()
        for gold in found.golds:
            name = f"{found.name}/{gold.name}"
            src, tgt = (
                document(sentences_of(path), lang)
                for path, lang in zip(gold.sentences, gold.langs, strict=True)
            )
            links = tuple((tuple(a), tuple(b)) for a, b in read_links(str(gold.gold)))
            tasks.append(Task(name, src, tgt, links, found.name if one_text else name))
    return tasks


THIRDS = 3


def own_tasks(folders: list[Path], weight: float) -> list[Task]:
    """Every pair of the texts in these folders, each with its `sentences/` and `gold/`.

    A third of the texts is left out at a time.
    """
    tasks = []
    for folder in folders:
        texts = sorted(home.parent for home in folder.glob("*/sentences"))
        for number, text in enumerate(texts):
            fold = f"{folder.name}/{number % THIRDS}"
            for task in gold_tasks([text]):
                name = f"{folder.name}/{task.name}"
                tasks.append(replace(task, name=name, fold=fold, weight=weight))
    return tasks


def compared(r: Ready, found: Found | Beads) -> Evaluation:
    """What was found in one document against gold."""
    columns = (found.src, found.tgt, found.a, found.b)
    links = [
        (tuple(range(i, i + a)), tuple(range(j, j + b)))
        for i, j, a, b in zip(*(c.tolist() for c in columns), strict=True)
    ]
    return evaluate(list(r.task.links), links)


def evaluate_one(r: Ready, scorer: Scorer, calibration: Calibration, **options: Any) -> Evaluation:
    """One document aligned and compared with gold."""
    return compared(r, align_sides(r.src, r.tgt, scorer, calibration, k=4, **options))


def figures(evaluations: list[Evaluation]) -> dict[str, float]:
    """Strict, lax and null F1 of these documents together."""
    whole = merge(evaluations)
    return {
        "strict": round(whole.strict.f1, 4),
        "lax": round(whole.lax.f1, 4),
        "unaligned": round(whole.nulls.f1, 4),
    }


def reliability(judged: list[Judged], calibrations: list[Calibration]) -> dict[str, Any]:
    """Calibration error of both probabilities over pairs, and what .9 gives; one for each.

    Of the pairs as they come out: without the improbable ones, where these stand alone.
    """
    each = [c.probabilities(j.x, j.group) for j, c in zip(judged, calibrations, strict=True)]
    pairs = np.concatenate(
        [(j.group < 2) & ~improbable(j.group < 2, p[1]) for j, p in zip(judged, each, strict=True)]
    )
    out: dict[str, Any] = {"pairs": int(pairs.sum())}
    for name, p in zip(
        ("strict", "lax"), map(np.concatenate, zip(*each, strict=True)), strict=True
    ):
        right = np.concatenate([getattr(j, name) for j in judged])
        out[f"ece {name}"] = round(calibration_error(p[pairs], right[pairs]), 4)
        out[f"share {name} above .5"] = round(float((p[pairs] > 0.5).mean()), 4)
        sure = pairs & (p >= 0.9)
        out[f"precision {name} at .9"] = round(float(right[sure].mean()) if sure.any() else 1.0, 4)
        out[f"share {name} at .9"] = round(float(sure.sum() / max(pairs.sum(), 1)), 4)
        bins = np.minimum((p[pairs] * 15).astype(int), 14)
        out[f"bins {name}"] = [
            [
                round(float(p[pairs][bins == b].mean()), 3),
                round(float(right[pairs][bins == b].mean()), 3),
                int((bins == b).sum()),
            ]
            for b in range(15)
            if (bins == b).any()
        ]
    return out


def _halves(judged: list[Judged], run: int, which: int = 0) -> list[Judged]:
    """Every other run of documents (a run holds one of each kind of synthetic ones)."""
    return [j for k, j in enumerate(judged) if k // run % 2 == which]


def made_from(arguments: argparse.Namespace) -> dict[str, Any]:
    """The data and the settings, so that the weights can be made again; no paths."""
    names = ("documents", "held", "rounds", "l2", "weight", "own_weight")
    return {
        "own": sorted(folder.resolve().name for folder in arguments.own),
        "gold": sorted(folder.resolve().name for folder in arguments.gold),
        "corpora": sorted(place.resolve().name for place in arguments.corpus),
        **{name: getattr(arguments, name) for name in names},
    }


def main() -> None:
    """Learns, writes, reports."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gold", type=Path, nargs="+", required=True)
    parser.add_argument("--own", type=Path, nargs="*", default=[ROOT / "data" / "prose"])
    parser.add_argument("--own-weight", type=float, default=0.1, help="of one of --own")
    parser.add_argument("--corpus", type=Path, nargs="+", required=True)
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--kind", default="static")
    parser.add_argument("--documents", type=int, default=30, help="synthetic, a language pair")
    parser.add_argument("--held", type=int, default=8, help="synthetic for calibration")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--l2", type=float, default=1.0)
    parser.add_argument("--weight", type=float, default=0.15, help="of a synthetic one")
    parser.add_argument("-o", "--output", type=Path, default=FOLDER)
    arguments = parser.parse_args()
    began = time.time()

    def tell(text: str) -> None:
        print(f"{time.time() - began:6.0f} s  {text}", flush=True)

    encoder = load_encoder(arguments.encoder)
    if arguments.kind == SENTENCE and kind_of(encoder) != SENTENCE:
        encoder = ObjectEncoder(encoder)  # its sentence vectors alone, as of any transformer
    bitexts = find_bitexts(arguments.corpus)
    settings = Settings(rounds=arguments.rounds, l2=arguments.l2)
    own = own_tasks(arguments.own, arguments.own_weight)
    given = gold_tasks(arguments.gold)
    gold = prepare(given + own, encoder)
    made = prepare(
        list(synthetic(bitexts, arguments.documents, 1, weight=arguments.weight)), encoder
    )
    held = prepare(
        list(synthetic(bitexts, arguments.held, 2, (CALM, LOOSE, GAPPY, MOVING), 1.0, longest=150)),
        encoder,
    )
    like_held = prepare(
        list(synthetic(bitexts, arguments.held, 3, (CALM,), 1.0, longest=150, first=2)),
        encoder,
    )
    ready = gold + made
    examples = make_examples(ready, settings)
    tell(f"{len(gold)} gold and {len(made)} synthetic documents")
    scorer = learn(examples, settings)
    arguments.output.mkdir(parents=True, exist_ok=True)
    write_scorer(scorer, arguments.output / f"{arguments.kind}.json")
    tell("learned")
    if arguments.kind != SENTENCE:
        write_scorer(learn_lengths(gold + made[::3]), arguments.output / f"{LENGTH}.json")
        tell("learned for when vectors tell nothing")
    scorers = leave_out(ready, examples, settings, scorer)
    del examples
    tell("left out")
    judged_gold = judge_all(gold, scorers, scorer)
    judged_held = judge_all(held, {}, scorer)
    strangers = unrelated(held + gold[: len(given)], STRANGE) + same_subject(
        held, like_held, STRANGE
    )
    judged_not = judge_all(strangers, {}, scorer)
    calibration = fit_calibration(judged_gold + judged_held + judged_not)
    # probabilities are judged by others than fitted them: gold documents one by one, of the many
    # others half fit and half test
    without = {
        fold: fit_calibration(
            [
                j
                for r, j in zip(
                    gold + held + strangers, judged_gold + judged_held + judged_not, strict=True
                )
                if r.task.fold != fold
            ]
        )
        for fold in {r.task.fold for r in gold}
    }
    first_held, second_held = _halves(judged_held, 4), _halves(judged_held, 4, 1)
    first_not, second_not = _halves(judged_not, 4), _halves(judged_not, 4, 1)
    test = fit_calibration(judged_gold + first_held + first_not)
    write_calibration(calibration, arguments.output / f"{arguments.kind}-calibration.json")
    report: dict[str, Any] = {
        "encoder": re.sub(r".*/", "", encoder.name),
        "made from": made_from(arguments),
        "left out": {},
    }
    sets: dict[str, list[Evaluation]] = {}
    seen: dict[str, list[Evaluation]] = {}
    for r in gold:
        own = scorers[r.task.fold]
        name = r.task.name
        e = evaluate_one(r, own, without[r.task.fold])
        report["left out"][name] = figures([e])
        sets.setdefault(name.split("/")[0], []).append(e)
        seen.setdefault(name.split("/")[0], []).append(evaluate_one(r, scorer, calibration))
    report["left out pooled"] = {name: figures(es) for name, es in sets.items()}
    report["final weights"] = {name: figures(es) for name, es in seen.items()}
    pairs: dict[str, list[Evaluation]] = {}
    for r in held:
        langs = "-".join(r.task.name.split("-")[1:3])
        pairs.setdefault(langs, []).append(evaluate_one(r, scorer, calibration))
    report["synthetic"] = {name: figures(es) for name, es in pairs.items()}

    def left_out_reliability(some: slice) -> dict[str, Any]:
        return reliability(judged_gold[some], [without[r.task.fold] for r in gold[some]])

    report["reliability"] = {
        "gold left out": left_out_reliability(slice(len(given))),
        **({"own texts left out": left_out_reliability(slice(len(given), None))} if own else {}),
        "synthetic": reliability(second_held, [test] * len(second_held)),
        "unrelated": reliability(second_not, [test] * len(second_not)),
    }
    for langs in sorted({"-".join(r.task.name.split("-")[1:3]) for r in held}):
        some = [
            j
            for k, (r, j) in enumerate(zip(held, judged_held, strict=True))
            if k // 4 % 2 and f"-{langs}-" in r.task.name
        ]
        if some:
            report["reliability"][langs] = reliability(some, [test] * len(some))
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(report, indent=1)
    (RESULTS / f"weights-{arguments.kind}.json").write_text(text + "\n", encoding="utf-8")
    tell("done")
    for key in ("left out", "left out pooled", "final weights", "synthetic"):
        print(key, json.dumps(report[key]))
    for key, value in report["reliability"].items():
        print(key, {k: v for k, v in value.items() if not k.startswith("bins")})


if __name__ == "__main__":
    main()
