"""What `benchmarks/explore.py` works with: a sample of bitext, small models of it, their scores."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt

from align.encoders.load import EMBEDDED
from align.encoders.memo import segment_sums
from align.encoders.vectors import read_vectors
from align.training import encoder as trainer
from align.training import vocabulary
from align.training.batches import Recipe
from align.training.bitext import find_bitexts
from align.training.dev import DevSet, HeldOut, measure
from align.training.encoder import Settings
from align.training.prepare import Group, Prepared
from align.training.survey import survey
from benchmarks.explore_parts import FOLDS, Averaged, Cached, Cutter, Distilled, Lazy
from benchmarks.retrieval import both_ways, read_texts
from benchmarks.texts import distractors

Floats = npt.NDArray[np.float32]
ROWS, RUN = 300_000, 128  # of the sample; of a run of neighbours in it
TEXTS = 100_000  # of each language for the vocabulary
MOST = 20_000  # sentences that others are hidden among


@dataclass(frozen=True)
class Cut:
    """How text becomes tokens."""

    size: int = 32_000
    kind: str = "Unigram"  # or "BPE", or "embedded": the vocabulary of the shipped model
    fold: str = ""  # one of FOLDS
    any_han: bool = False  # tokens of 3 and 4 Chinese characters need not be words
    grams: int = 0  # rows for hashed 3-grams


@dataclass(frozen=True)
class Variant:
    """One model to train."""

    cut: Cut
    recipe: Recipe
    settings: Settings
    without: str = ""  # a folder of bitext
    hook: str = ""  # what the trainer has no setting for, see `hooks`


def sample(tiers: Sequence[Path], work: Path, without: set[str]) -> list[Path]:
    """Writes the sample, a folder for each tier, unless it is there. Returns the folders.

    A source of n rows gets a share ~ n ** 0.6, in runs at even distances.
    """
    home = work / "sample"
    if not home.is_dir():
        bitexts = find_bitexts(tiers)
        sizes = np.array([sum(map(len, b.batches())) for b in bitexts], float)
        shares = np.full(len(sizes), 1.0)
        for factor in np.geomspace(1, 1e4, 400):  # the largest that is not too much
            fits = np.minimum(sizes, factor * sizes**0.6)
            shares = fits if fits.sum() <= ROWS else shares
        part = work / "sample.part"
        for bitext, size, share in zip(bitexts, sizes, shares, strict=True):
            rows = [row for rows in bitext.batches() for row in rows]
            runs = max(1, round(share / RUN))
            starts = np.linspace(0, max(0, size - RUN), runs).astype(int) if runs > 1 else [0]
            chosen = sorted({i for s in starts for i in range(s, min(s + RUN, len(rows)))})
            kept = [rows[i] for i in chosen if without.isdisjoint(rows[i])]
            path = part / bitext.paths[0].parent.name / f"{bitext.name}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = ("\t".join(row) for row in (bitext.langs, *kept))
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        part.replace(home)
    return [home / tier.name for tier in tiers]


def tokenizer_for(cut: Cut, folders: Sequence[Path]) -> Any:
    """The vocabulary, with nothing before it: texts come folded and in pieces."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    if cut.kind == "embedded":
        tokenizer = Tokenizer.from_file(str(EMBEDDED / "tokenizer.json"))
    else:
        found, fold = survey(find_bitexts(folders), sample=TEXTS, held_out=0), FOLDS[cut.fold]
        if cut.kind == "BPE":
            tokenizer = Tokenizer(models.BPE(unk_token=vocabulary.UNKNOWN))
            pattern = Regex(vocabulary.PIECE)
            tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, "removed", invert=True)
            learner = trainers.BpeTrainer(
                vocab_size=cut.size, special_tokens=[vocabulary.UNKNOWN], show_progress=False
            )
            texts = (fold(text) for lang in found.texts.values() for text in lang)
            tokenizer.train_from_iterator(texts, learner)
        else:
            words = _Everything() if cut.any_han else found.words
            with patch.object(vocabulary, "normalise", fold):
                tokenizer = vocabulary.train_tokenizer(found.texts, cut.size, words)
    settings = json.loads(tokenizer.to_str())
    return Tokenizer.from_str(json.dumps(settings | {"normalizer": None, "pre_tokenizer": None}))


class _Everything(set[str]):
    def __contains__(self, item: object) -> bool:
        return True


def prepared(cutter: Cutter, folders: Sequence[Path]) -> Prepared:
    """The sample as token numbers, in memory."""
    tokens, lengths, pairs, groups = [], [np.zeros(1, np.int64)], [], []
    sentences = done = 0
    for bitext in find_bitexts(folders):
        columns = list(zip(*(row for rows in bitext.batches() for row in rows), strict=True))
        numbers = []
        for column in columns:
            ids, counts = cutter(tuple(cell.strip() for cell in column))
            full = counts > 0
            numbers.append(np.where(full, np.cumsum(full) - 1 + sentences, -1))
            tokens.append(ids)
            lengths.append(counts[full])
            sentences += int(full.sum())
        for a, b in itertools.combinations(range(len(columns)), 2):
            both = np.stack([numbers[a], numbers[b]], 1)
            both = both[(both >= 0).all(1)]
            if len(both):
                folder, langs = bitext.paths[0].parent.name, (bitext.langs[a], bitext.langs[b])
                groups.append(Group(bitext.name, folder, *langs, done, done + len(both)))
                pairs.append(both)
                done += len(both)
    offsets = np.cumsum(np.concatenate(lengths))
    return Prepared(np.concatenate(tokens), offsets, np.concatenate(pairs), tuple(groups))


@dataclass(frozen=True)
class Tests:
    """What is measured with."""

    texts: Mapping[str, tuple[str, ...]]  # by language, line by line of each other
    crowd: Mapping[str, tuple[str, ...]]
    pairs: Sequence[DevSet]

    def scores(self, encode: Callable[[Sequence[str]], Floats]) -> Any:
        """Percent for each pair of languages: `cosine`, `margin`, `among`, `other`."""
        found: dict[str, dict[str, float]] = {}
        sides = {lang: encode(texts) for lang, texts in self.texts.items()}
        crowds = {lang: encode(texts) for lang, texts in self.crowd.items()}
        for a, b in itertools.combinations(sides, 2):
            cosine, margin = both_ways(sides[a], sides[b], len(sides[a]))
            near = sides[a] @ sides[b].T
            ways = [
                (scores.argmax(1) == np.arange(len(scores)))
                & ((side @ crowd.T).max(1) < scores.diagonal())
                for scores, side, crowd in (
                    (near, sides[a], crowds[b]),
                    (near.T, sides[b], crowds[a]),
                )
            ]
            among = 100 * float(np.mean(ways))
            found[f"{a}-{b}"] = {"cosine": cosine, "margin": margin, "among": among}
        for score in measure(self.pairs, encode):
            found.setdefault(score.langs, {})["other"] = 100 * score.cosine
        return {p: {kind: round(v, 3) for kind, v in row.items()} for p, row in found.items()}


def read_tests(retrieval: Path, crowd: Path) -> Tests:
    """The texts to find, those they are hidden among, and pairs of other text."""
    texts = next(iter(read_texts(retrieval).values()))
    offered = {langs: HeldOut() for langs in itertools.combinations(texts, 2)}
    bitexts = find_bitexts([crowd])
    for bitext in bitexts:
        for rows in bitext.batches():
            for (a, b), held in offered.items():
                if a in bitext.langs and b in bitext.langs:
                    i, j = bitext.langs.index(a), bitext.langs.index(b)
                    pairs = [(row[i].strip(), row[j].strip()) for row in rows]
                    held.offer([pair for pair in pairs if all(pair)])
    chosen = [held.chosen(*langs) for langs, held in offered.items()]
    others = distractors([bitext.paths[0] for bitext in bitexts], MOST, texts)
    return Tests(
        {lang: tuple(some) for lang, some in texts.items()},
        {lang: tuple(some) for lang, some in others.items()},
        [one for one in chosen if one is not None],
    )


class Lab:
    """The sample cut in the ways asked for, and the models made of it."""

    def __init__(self, base: Variant, folders: Sequence[Path], work: Path, tests: Tests) -> None:
        self.base, self.folders, self.tests = base, folders, tests
        self._vectors = work / "base.npy"
        self._cutters: dict[Cut, Cutter] = {}
        self._data: dict[Cut, Prepared] = {}

    def cutter(self, cut: Cut) -> Cutter:
        """How text is cut; that of the base and of the latest other one are kept."""
        if cut not in self._cutters:
            self._cutters = {c: made for c, made in self._cutters.items() if c == self.base.cut}
            made = tokenizer_for(cut, self.folders)
            self._cutters[cut] = Cutter(made, FOLDS[cut.fold], cut.grams)
        return self._cutters[cut]

    def data(self, cut: Cut) -> Prepared:
        """The sample as token numbers, kept likewise."""
        if cut not in self._data:
            self._data = {c: data for c, data in self._data.items() if c == self.base.cut}
            self._data[cut] = prepared(self.cutter(cut), self.folders)
        return self._data[cut]

    def base_vectors(self) -> Floats:
        """Of the base."""
        if not self._vectors.exists():
            self.train(self.base)
        vectors: Floats = np.load(self._vectors)
        return vectors

    def train(self, variant: Variant) -> tuple[Floats, float]:
        """The vectors, and the seconds of training."""
        data, settings, start = self.data(variant.cut), variant.settings, None
        groups = tuple(group for group in data.groups if group.folder != variant.without)
        count = self.cutter(variant.cut).count
        if variant.hook == "rarity":
            weight = rarity(data, count)[:, None]
            rng = np.random.default_rng(settings.seed)
            start = rng.normal(0, settings.init, (count, settings.dims)) * weight / weight.mean()
            start = start.astype(np.float32)
        began = time.perf_counter()
        with ExitStack() as stack:
            for hook in hooks(variant.hook):
                stack.enter_context(hook)
            found = trainer.train(
                replace(data, groups=groups), count, variant.recipe, settings, start=start
            )
        seconds = time.perf_counter() - began
        if variant.hook in ("mean", "constant"):
            found = Averaged.last.mean.numpy()
        if variant == self.base:
            np.save(self._vectors, found)
        return found, seconds


def encode_with(cutter: Cutter, vectors: Floats) -> Callable[[Sequence[str]], Floats]:
    """Texts to unit rows."""

    def encode(texts: Sequence[str]) -> Floats:
        ids, counts = cutter(tuple(texts))
        sums = segment_sums(vectors, ids, np.concatenate([[0], np.cumsum(counts)]))
        return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)

    return encode


def rarity(data: Prepared, count: int) -> Floats:
    """Weights a / (a + p) of the tokens (Arora 2017, smooth inverse frequency; a = 0.001), [n]."""
    share = np.bincount(data.tokens, minlength=count) / len(data.tokens)
    return (1e-3 / (1e-3 + share)).astype(np.float32)


def hooks(name: str) -> list[Any]:
    """What is put into the trainer's place."""
    if name in ("mean", "constant"):
        Averaged.constant = name == "constant"
    if name == "taught":
        Distilled.teach(shipped())
    losses: dict[str, Any] = {"cached": Cached, "taught": Distilled}
    optimisers: dict[str, Any] = {"sparse": Lazy, "mean": Averaged, "constant": Averaged}
    found = [patch.object(trainer, "_Loss", losses[name])] if name in losses else []
    if name in optimisers:
        found.append(patch("torch.optim.AdamW", optimisers[name]))
    return found


def shipped() -> Floats:
    """The token vectors of the embedded model."""
    table = read_vectors(EMBEDDED / "model.safetensors")
    return table.take(np.arange(table.count))
