"""Which pairs make a training batch.

A batch holds one language pair, so that no negative can be told by its language. Half of it are
runs of neighbours from the same text (hard negatives: same subject, other sentence), half is drawn
from everywhere; a share of the examples joins 2-4 consecutive pairs, because blocks of sentences
must be found too. Language pairs and sources are drawn with probability ~ size ** balance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from align.training.prepare import Group, Ints, Prepared, gather


@dataclass(frozen=True, slots=True)
class Recipe:
    """How batches are made."""

    size: int = 4096  # examples in a batch
    run: int = 64  # neighbours in a run
    runs: float = 0.5  # share of the batch that comes in runs
    joined: float = 0.3  # share of examples that join 2-4 consecutive pairs
    drop: float = 0.1  # share of tokens left out at random
    lang_balance: float = 0.3  # exponent for language pairs; 1: by size, 0: all equal
    source_balance: float = 0.6  # exponent for sources within a language pair


@dataclass(frozen=True, slots=True)
class Batch:
    """Token numbers of both sides, end to end, and where each example begins. [examples] each."""

    langs: str
    src: npt.NDArray[np.int64]
    src_starts: Ints
    tgt: npt.NDArray[np.int64]
    tgt_starts: Ints
    src_keys: Ints  # equal keys: the same text (must not be each other's negative)
    tgt_keys: Ints


def _drop(
    tokens: npt.NDArray[np.int32], lengths: Ints, share: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Ints]:
    """Leaves out a share of the tokens, never a whole example."""
    starts = np.cumsum(lengths) - lengths
    keep = rng.random(len(tokens)) >= share
    keep[starts + (rng.random(len(lengths)) * lengths).astype(np.int64)] = True
    kept = np.add.reduceat(keep, starts, dtype=np.int64)
    return tokens[keep].astype(np.int64), np.cumsum(kept) - kept


def _keys(tokens: npt.NDArray[np.int32], lengths: Ints) -> Ints:
    """A 63-bit fingerprint of each example's tokens, blind to their order."""
    mixed = tokens.astype(np.uint64) + np.uint64(1)
    mixed = (mixed ^ (mixed << np.uint64(21))) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    return np.add.reduceat(mixed, np.cumsum(lengths) - lengths).view(np.int64)


def batches(prepared: Prepared, recipe: Recipe, seed: int) -> Iterator[Batch]:
    """Batches without end; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    by_langs: dict[str, list[Group]] = {}
    for group in prepared.groups:
        by_langs.setdefault(group.langs, []).append(group)
    names = sorted(by_langs)
    sizes = {n: np.array([g.last - g.first for g in by_langs[n]], float) for n in names}
    share = np.array([sizes[n].sum() ** recipe.lang_balance for n in names])
    share /= share.sum()
    while True:
        langs = names[rng.choice(len(names), p=share)]
        groups, weights = by_langs[langs], sizes[langs] ** recipe.source_balance
        weights /= weights.sum()
        in_runs = round(recipe.size * recipe.runs / recipe.run)
        singles = recipe.size - in_runs * recipe.run
        count = np.where(
            rng.random(recipe.size) < recipe.joined, rng.integers(2, 5, recipe.size), 1
        )
        width = np.ones(in_runs + singles, np.int64)
        in_run = count[: in_runs * recipe.run].reshape(in_runs, recipe.run)
        width[:in_runs] = in_run.sum(1)
        width[in_runs:] = count[in_runs * recipe.run :]
        chosen = rng.choice(len(groups), len(width), p=weights)
        first = np.array([g.first for g in groups])[chosen]
        last = np.array([g.last for g in groups])[chosen]
        start = first + (rng.random(len(width)) * np.maximum(last - first - width, 1)).astype(int)
        offset = np.cumsum(in_run, 1) - in_run
        begin = np.concatenate([(start[:in_runs, None] + offset).ravel(), start[in_runs:]])
        end = np.concatenate([np.repeat(last[:in_runs], recipe.run), last[in_runs:]])
        inside = begin < end  # a run may pass the end of a small source
        begin, count = begin[inside], np.minimum(count[inside], end[inside] - begin[inside])
        sides = [gather(prepared, begin, count, side) for side in (0, 1)]
        flip = rng.random() < 0.5
        (src, src_lengths), (tgt, tgt_lengths) = sides[::-1] if flip else sides
        src_keys, tgt_keys = _keys(src, src_lengths), _keys(tgt, tgt_lengths)
        src_kept, src_starts = _drop(src, src_lengths, recipe.drop, rng)
        tgt_kept, tgt_starts = _drop(tgt, tgt_lengths, recipe.drop, rng)
        yield Batch(langs, src_kept, src_starts, tgt_kept, tgt_starts, src_keys, tgt_keys)
