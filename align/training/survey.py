"""One pass over the bitext before training: how much there is, a sample of it, what is held out.

The sample that the vocabulary is learned from has the same number of sentences for each language,
drawn by weighted reservoir sampling (Efraimidis & Spirakis 2006): a big source gets more of it than
a small one, but less than its size would give it. Memory does not grow with the corpus.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from align.encoders.pieces import normalise
from align.errors import AlignError
from align.training.bitext import Bitext
from align.training.dev import HELD_OUT, DevSet, HeldOut
from align.training.vocabulary import MAX_HAN, han_run

SAMPLE = 200_000  # sentences of each language for the vocabulary
_LONGEST = 1000  # characters of a sentence of the sample
_WORDS = 1_000_000  # Han words that are remembered, about
_BALANCE = 0.6  # a source of n bytes gets a share of the sample ~ n ** balance


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the bitext found."""

    texts: dict[str, list[str]]  # the sample, by language
    words: set[str]  # Han words of two to four characters that stand alone
    share: float  # of all sentences that the sample has, 0..1
    pairs: dict[str, int]  # number of pairs by language pair, "de-en"
    dev: tuple[DevSet, ...]


@dataclass(slots=True)
class _Reservoir:
    """Keeps `most` of the items offered: each gets a random key, the smallest keys stay."""

    most: int
    keys: list[npt.NDArray[np.float64]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    seen: int = 0

    def offer(self, texts: list[str], weight: float, rng: np.random.Generator) -> None:
        self.seen += len(texts)
        self.keys.append(rng.exponential(1.0 / weight, len(texts)))
        self.items += texts
        if len(self.items) > 2 * self.most:
            self.shrink()

    def shrink(self) -> None:
        keys = np.concatenate([np.zeros(0), *self.keys])
        kept = np.sort(np.argsort(keys, kind="stable")[: self.most])
        self.keys, self.items = [keys[kept]], [self.items[i] for i in kept.tolist()]


def survey(
    bitexts: Sequence[Bitext], seed: int = 0, sample: int = SAMPLE, held_out: int = HELD_OUT
) -> Survey:
    """Reads every source once. `held_out` 0 holds nothing out. AlignError: there is no pair."""
    rng = np.random.default_rng(seed)
    texts: dict[str, _Reservoir] = defaultdict(lambda: _Reservoir(sample))
    offered: dict[tuple[str, str], HeldOut] = defaultdict(lambda: HeldOut(held_out))
    pairs: dict[tuple[str, str], int] = defaultdict(int)
    words: set[str] = set()
    for bitext in bitexts:
        size = sum(path.stat().st_size for path in bitext.paths)
        weight = max(size, 1) ** (_BALANCE - 1)
        for rows in bitext.batches():
            columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
            for lang, column in zip(bitext.langs, columns, strict=True):
                full = [cell for cell in column if cell]
                texts[lang].offer([cell[:_LONGEST] for cell in full], weight, rng)
                if len(words) > _WORDS:
                    continue
                short = (normalise(cell) for cell in full if 2 <= len(cell) <= MAX_HAN)
                words.update(word for word in short if han_run(word))
            order = sorted(range(len(columns)), key=lambda i: bitext.langs[i])
            for a, b in combinations(order, 2):
                both = [(s, t) for s, t in zip(columns[a], columns[b], strict=True) if s and t]
                pairs[bitext.langs[a], bitext.langs[b]] += len(both)
                if held_out:
                    offered[bitext.langs[a], bitext.langs[b]].offer(both)
    pairs = {langs: count for langs, count in sorted(pairs.items()) if count}
    if not pairs:
        filled = sorted(lang for lang, kept in texts.items() if kept.items)
        if not filled:
            raise AlignError("the bitext is empty")
        raise AlignError(
            f"the bitext holds no pair: there is text in {' and '.join(filled)}, "
            "but no row has text in two languages"
        )
    for reservoir in texts.values():
        reservoir.shrink()
    dev = (offered[langs].chosen(*langs) for langs in pairs) if held_out else ()
    return Survey(
        {lang: list(dict.fromkeys(texts[lang].items)) for lang in sorted(texts)},
        words,
        sum(len(r.items) for r in texts.values()) / sum(r.seen for r in texts.values()),
        {f"{a}-{b}": count for (a, b), count in pairs.items()},
        tuple(found for found in dev if found is not None),
    )
