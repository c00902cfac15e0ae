"""Learns the weights that ship with an encoder: the bead scorer's and the probabilities'.

Gold documents and synthetic ones (made from bitext) -> arrays -> weights. Figures for gold
documents always come from weights that never saw them: documents are dealt into folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain, combinations, islice
from typing import Any

import numpy as np

from align.core.astray import LENGTH_BEADS, LENGTH_NULLS, length_mask
from align.core.evidence import NULL_FEATURES
from align.core.features import BEAD_FEATURES
from align.core.scorer import Scorer
from align.core.side import Side
from align.sides import side_of
from align.text.sentences import split_sentences
from align.training.bitext import Bitext
from align.training.calibration import Judged, judge
from align.training.scorer import Example, Link, Settings, learn, make_example
from align.training.synthetic import Bead, Habits, Made, beads_of, make_document
from align.types import Document, Sentence

CALM = Habits()
MOVING = Habits(move=0.1)
REAL = Habits(merge=0.03, split=0.03, cross=0.0, noise=0.01, paragraph=0.15, vary=1.0)
FREE = Habits(merge=0.12, split=0.12, cross=0.02, omit=0.03, noise=0.01, paragraph=0.1, vary=1.0)
LOOSE = Habits(merge=0.15, split=0.12, cross=0.03, omit=0.03, passage=0.005, paragraph=0.0)
GAPPY = Habits(merge=0.04, split=0.04, cross=0.005, omit=0.06, passage=0.04, foreign=0.04)


@dataclass(frozen=True)
class Task:
    """A document pair with known links; `fold` keeps what belongs together out together."""

    name: str
    src: Document
    tgt: Document
    links: tuple[Link, ...]
    fold: str = ""
    weight: float = 1.0


def document(texts: Sequence[str], lang: str | None, paragraphs: Sequence[int] = ()) -> Document:
    """A document of these sentences, one a line."""
    sentences, at = [], 0
    for k, text in enumerate(texts):
        paragraph = paragraphs[k] if paragraphs else 0
        sentences.append(Sentence(text, at, at + len(text), paragraph))
        at += len(text) + 1
    return Document(tuple(sentences), lang, "<made>")


def _made(name: str, made: Made, langs: tuple[str, str], weight: float) -> Task:
    return Task(
        name,
        document(made.src, langs[0], made.src_paragraphs),
        document(made.tgt, langs[1], made.tgt_paragraphs),
        made.beads,
        name,
        weight,
    )


def _rows(bitexts: Sequence[Bitext], most: int) -> dict[tuple[str, str], list[list[Bead]]]:
    """Consecutive beads of each source for every language pair, from at most `most` rows of it."""
    found: dict[tuple[str, str], list[list[Bead]]] = {}
    for bitext in bitexts:
        rows = list(islice(chain.from_iterable(bitext.batches()), most))
        cells = [
            [_sentences(text, lang) for text in column]
            for column, lang in zip(zip(*rows, strict=True), bitext.langs, strict=True)
        ]
        for a, b in combinations(range(len(bitext.langs)), 2):
            beads = [
                bead for x, y in zip(cells[a], cells[b], strict=True) for bead in beads_of(x, y)
            ]
            if len(beads) >= 200:
                found.setdefault((bitext.langs[a], bitext.langs[b]), []).append(beads)
    return found


def _sentences(text: str, lang: str) -> tuple[str, ...]:
    return tuple(sentence.text for sentence in split_sentences(text, lang))


def synthetic(
    bitexts: Sequence[Bitext],
    count: int,
    seed: int,
    habits: Sequence[Habits] = (CALM, REAL, LOOSE, REAL, GAPPY, FREE),
    weight: float = 0.3,
    longest: int = 130,
    first: int | None = None,
) -> Iterator[Task]:
    """`count` document pairs for every pair of languages, 40 to `longest` beads each.

    They come from one source after the other, beginning with number `first` (default: the seed).
    """
    first = seed if first is None else first
    rng = np.random.default_rng(seed)
    for langs, sources in sorted(_rows(bitexts, 20_000).items()):
        joiner = ("" if langs[0] == "zh" else " ", "" if langs[1] == "zh" else " ")
        for k in range(count):
            rows = sources[(k + first) % len(sources)]
            others = sources[(k + first + 1) % len(sources)]
            size = int(rng.integers(40, longest))
            start = int(rng.integers(0, max(1, len(rows) - size)))
            habit = habits[k % len(habits)]
            made = make_document(rows[start : start + size], others, habit, rng, joiner)
            yield _made(f"synthetic-{langs[0]}-{langs[1]}-{seed}-{k}", made, langs, weight)


@dataclass(frozen=True)
class Ready:
    """A task as arrays."""

    task: Task
    src: Side
    tgt: Side


def prepare(tasks: Sequence[Task], encoder: Any) -> list[Ready]:
    """Encodes the documents of all tasks."""
    return [Ready(t, side_of(t.src, encoder), side_of(t.tgt, encoder)) for t in tasks]


def learn_scorer(ready: Sequence[Ready], settings: Settings) -> Scorer:
    """Weights from all these documents."""
    return learn(make_examples(ready, settings), settings)


def make_examples(ready: Sequence[Ready], settings: Settings) -> list[Example]:
    """The training examples, made in parallel."""
    with ThreadPoolExecutor(settings.threads) as pool:
        return list(
            pool.map(
                lambda r: make_example(r.src, r.tgt, r.task.links, settings, r.task.weight), ready
            )
        )


def learn_lengths(ready: Sequence[Ready]) -> Scorer:
    """Weights for what needs no vectors, all others 0."""
    settings = Settings(max_side=4, max_total=6, band=25, rounds=40)
    beads = length_mask(BEAD_FEATURES, LENGTH_BEADS)
    nulls = length_mask(NULL_FEATURES, LENGTH_NULLS)
    examples = [
        replace(e, x=e.x * beads, src_nulls=e.src_nulls * nulls, tgt_nulls=e.tgt_nulls * nulls)
        for e in make_examples(ready, settings)
    ]
    found = learn(examples, settings)
    return Scorer(found.beads * beads, found.nulls * nulls, found.shapes)


def leave_out(
    ready: Sequence[Ready], examples: Sequence[Example], settings: Settings, start: Scorer
) -> dict[str, Scorer]:
    """For each fold the weights learned from everything else, starting from the whole's."""
    settings = replace(settings, rounds=max(10, settings.rounds // 2))
    folds = sorted({r.task.fold for r in ready if not r.task.name.startswith("synthetic")})
    return {
        fold: learn(
            [e for e, r in zip(examples, ready, strict=True) if r.task.fold != fold],
            settings,
            start,
        )
        for fold in folds
    }


def judge_all(
    ready: Sequence[Ready], scorers: dict[str, Scorer], otherwise: Scorer, threads: int = 2
) -> list[Judged]:
    """Every bead of these documents compared with gold, by weights that did not see them."""

    def one(r: Ready) -> Judged:
        scorer = scorers.get(r.task.fold, otherwise)
        return judge(r.src, r.tgt, r.task.links, scorer, weight=r.task.weight)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, ready))


def unrelated(ready: Sequence[Ready], weight: float) -> list[Ready]:
    """Pairs that are no translations: each source with the next document of its language pair."""
    by_langs: dict[tuple[str | None, str | None], list[Ready]] = {}
    for r in ready:
        by_langs.setdefault((r.task.src.lang, r.task.tgt.lang), []).append(r)
    out = []
    for group in by_langs.values():
        for r, other in zip(group, group[1:] + group[:1], strict=True):
            if r is not other:
                task = replace(r.task, name=f"un{r.task.name}", links=(), weight=weight)
                out.append(Ready(task, r.src, other.tgt))
    return out


def same_subject(ready: Sequence[Ready], others: Sequence[Ready], weight: float) -> list[Ready]:
    """Pairs that are no translations but might be: `others` are from the same sources one by one.

    Those that have a sentence in common are left out.
    """
    out = []
    for r, other in zip(ready, others, strict=True):
        texts = ({s.text for s in one.task.tgt.sentences} for one in (r, other))
        if not set.intersection(*texts):
            task = replace(r.task, name=f"near-{r.task.name}", links=(), weight=weight)
            out.append(Ready(task, r.src, other.tgt))
    return out
