"""Compare an alignment with a gold standard: strict and lax precision, recall and F1.

The measures are those of Sennrich & Volk (2010), "MT-based sentence alignment for OCR-generated
parallel texts", in the form in which vecalign's scorer (Thompson & Koehn 2019) made them the
habit. A bead is a pair (S, T) of sets of sentence numbers; G are the gold beads, P the
predicted ones, each a set (a bead counts once), without beads that are empty on both sides.
Let N be the beads with two non-empty sides, and s ~ t when some bead of a set joins sentence s
of the source and t of the target.

    strict precision = |P & G| / |P|                 insertions and deletions count
    strict recall    = |G & P & N| / |G & N|         insertions and deletions do not
    lax precision    = |{p in P: p in G, or s ~ t in G for some s in S(p), t in T(p)}| / |P|
    lax recall       = |{g in G & N: g in P & N, or s ~ t in P for some s, t of g}| / |G & N|
    F1               = 2 precision recall / (precision + recall)

A ratio with nothing below the line is 0. Several documents are pooled by adding their counts.
Besides these: a table by shape of bead, and the same measures over the sentences without a
partner (`nulls`), sentence by sentence, so that one deletion of two sentences and two of one
are the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from align.errors import AlignError
from align.formats import format_of, read_rows

Link = tuple[tuple[int, ...], tuple[int, ...]]  # sentence numbers of a bead, from 0


@dataclass(frozen=True, slots=True)
class Score:
    """Counts, and the ratios they make."""

    right: int = 0  # predicted and right
    predicted: int = 0
    found: int = 0  # in the gold and found
    gold: int = 0

    @property
    def precision(self) -> float:
        """Share of what was predicted that is right, 0..1."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the gold that was found, 0..1."""
        return self.found / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.right + other.right,
            self.predicted + other.predicted,
            self.found + other.found,
            self.gold + other.gold,
        )


@dataclass(frozen=True, slots=True)
class KindScore:
    """Strict counts of the beads of one shape: predicted by theirs, gold by theirs."""

    kind: str
    score: Score


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one or more documents scored."""

    strict: Score = Score()
    lax: Score = Score()
    nulls: Score = Score()  # sentences without a partner
    by_kind: tuple[KindScore, ...] = ()  # the most frequent in the gold first
    documents: int = 0


def evaluate(gold: Iterable[Link], pred: Iterable[Link]) -> Evaluation:
    """Score predicted beads against gold beads of one document, each (source, target) numbers."""
    g, p = _beads(gold), _beads(pred)
    g_pairs, p_pairs = _pairs(g), _pairs(p)
    strict = Score(len(p & g), len(p), len(g_pairs & p_pairs), len(g_pairs))
    lax = Score(_touching(p, g), len(p), _touching(g_pairs, p_pairs), len(g_pairs))
    g_nulls, p_nulls = _nulls(g), _nulls(p)
    both = len(g_nulls & p_nulls)
    nulls = Score(both, len(p_nulls), both, len(g_nulls))
    predicted, wanted, right = (Counter(map(_kind, beads)) for beads in (p, g, p & g))
    kinds = {
        kind: Score(right[kind], predicted[kind], right[kind], wanted[kind])
        for kind in predicted | wanted
    }
    return Evaluation(strict, lax, nulls, _by_kind(kinds), 1)


def _beads(links: Iterable[Link]) -> set[Link]:
    return {(tuple(sorted(src)), tuple(sorted(tgt))) for src, tgt in links if src or tgt}


def _pairs(beads: set[Link]) -> set[Link]:
    return {(src, tgt) for src, tgt in beads if src and tgt}


def _touching(beads: set[Link], others: set[Link]) -> int:
    """How many beads are among the others, or share a source-target link with one of them."""
    linked = {(s, t) for src, tgt in others for s in src for t in tgt}
    return sum(
        bead in others or any((s, t) in linked for s in bead[0] for t in bead[1]) for bead in beads
    )


def _nulls(beads: set[Link]) -> set[tuple[int, int]]:
    """(side, sentence) for every sentence of an insertion or deletion."""
    return {(0, s) for src, tgt in beads if not tgt for s in src} | {
        (1, t) for src, tgt in beads if not src for t in tgt
    }


def _kind(bead: Link) -> str:
    return f"{len(bead[0])}-{len(bead[1])}"


def _by_kind(kinds: dict[str, Score]) -> tuple[KindScore, ...]:
    ordered = sorted(kinds.items(), key=lambda item: (-item[1].gold, -item[1].predicted, item[0]))
    return tuple(KindScore(kind, score) for kind, score in ordered)


def merge(evaluations: Iterable[Evaluation]) -> Evaluation:
    """Pool documents: add their counts."""
    total, kinds = Evaluation(), dict[str, Score]()
    for one in evaluations:
        for entry in one.by_kind:
            kinds[entry.kind] = kinds.get(entry.kind, Score()) + entry.score
        total = Evaluation(
            total.strict + one.strict,
            total.lax + one.lax,
            total.nulls + one.nulls,
            (),
            total.documents + one.documents,
        )
    return Evaluation(total.strict, total.lax, total.nulls, _by_kind(kinds), total.documents)


# files


def evaluate_files(gold: Sequence[str], pred: Sequence[str]) -> Evaluation:
    """Score files against gold files, in pairs and in order, and pool them.

    A folder of gold stands for its `ID.gold` files, a folder of predictions for `ID.ladder` (or
    another result file called ID). Every format with sentence numbers will do. Missing partners
    and unequal numbers of files are AlignErrors.
    """
    gold_paths = [path for name in gold for path in _gold_files(name)]
    pred_paths: list[Path] = []
    for name in pred:
        if Path(name).is_dir():
            stems = [path.stem for path in gold_paths]
            pred_paths += [_prediction(Path(name), stem) for stem in stems]
        else:
            pred_paths.append(Path(name))
    if len(gold_paths) != len(pred_paths):
        raise AlignError(
            f"{len(gold_paths)} gold files but {len(pred_paths)} predictions; "
            "give as many of each, in the same order"
        )
    return merge(
        evaluate(read_links(str(a)), read_links(str(b)))
        for a, b in zip(gold_paths, pred_paths, strict=True)
    )


def read_links(path: str) -> list[Link]:
    """The beads of a result file; a suffix nobody knows means a ladder."""
    try:
        name = format_of(path).name
    except AlignError:
        name = "ladder"
    links = []
    for number, row in enumerate(read_rows(path, name), 1):
        if row.src_ids is None or row.tgt_ids is None:
            raise AlignError(f"{path}: row {number}: it has no sentence numbers to compare")
        links.append((row.src_ids, row.tgt_ids))
    return links


def _gold_files(name: str) -> list[Path]:
    if not Path(name).is_dir():
        return [Path(name)]
    found = sorted(Path(name).glob("*.gold"))
    if not found:
        raise AlignError(f"{name}: no .gold files in this folder")
    return found


def _prediction(folder: Path, stem: str) -> Path:
    for suffix in (".ladder", ".jsonl", ".align", ".gold"):
        if (folder / (stem + suffix)).is_file():
            return folder / (stem + suffix)
    raise AlignError(f"{folder}: no {stem}.ladder, which {stem}.gold is to be compared with")


# reports


def table(evaluation: Evaluation) -> str:
    """The evaluation as a text table, percentages with two decimals."""
    lines = [f"{'':12}{'precision':>10}{'recall':>10}{'F1':>10}{'predicted':>11}{'gold':>8}"]
    lines += [_line(name, score) for name, score in _parts(evaluation)]
    lines += ["", "strict, by shape (source-target)"]
    lines += [_line(entry.kind, entry.score) for entry in evaluation.by_kind]
    return "\n".join(lines) + "\n"


def _parts(evaluation: Evaluation) -> list[tuple[str, Score]]:
    return [
        ("strict", evaluation.strict),
        ("lax", evaluation.lax),
        ("unaligned", evaluation.nulls),
    ]


def _line(name: str, score: Score) -> str:
    ratios = (score.precision, score.recall, score.f1)
    cells = "".join(f"{100 * ratio:10.2f}" for ratio in ratios)
    return f"{name:12}{cells}{score.predicted:11}{score.gold:8}"


def as_json(evaluation: Evaluation) -> str:
    """The evaluation as one JSON object; ratios 0..1 with six decimals."""
    record: dict[str, object] = {"documents": evaluation.documents}
    record |= {name: _record(score) for name, score in _parts(evaluation)}
    record["by_kind"] = {entry.kind: _record(entry.score) for entry in evaluation.by_kind}
    return json.dumps(record, indent=2) + "\n"


def _record(score: Score) -> dict[str, float | int]:
    return {
        "precision": round(score.precision, 6),
        "recall": round(score.recall, 6),
        "f1": round(score.f1, 6),
        "right": score.right,
        "predicted": score.predicted,
        "found": score.found,
        "gold": score.gold,
    }
