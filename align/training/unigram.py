"""Learns a Unigram vocabulary: the tokens, and their log probabilities, that explain the text best.

Expectation maximisation over all cuts of every piece (Kudo 2018, https://arxiv.org/abs/1804.10959;
the estimate by digamma as in SentencePiece), from all frequent substrings down to the size asked
for; what goes is what costs least to cut further. All pieces are worked on together, one character
position at a time, so it is fast in numpy, and it gives the same result every time, which the
trainer of the `tokenizers` library does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

LONGEST = 16  # characters of a token
_SEEDS = 1_000_000  # tokens to begin with, at most
_SHRINK = 0.6  # share that stays at each round
_ROUNDS = 2  # of expectation and maximisation between two cuts
_LEAST = 0.5  # expected occurrences below which a token goes at once

Ints = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.int32]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Lattice:
    """Every place of every piece where a token can end.

    Pieces go from long to short. Block p is about character p of all pieces that have one, the
    first `len(blocks[p])` pieces; its column k is the token of k + 1 characters that ends there.
    """

    blocks: list[Tokens]  # of [pieces, min(p + 1, LONGEST)]; the number of tokens: none
    weights: Doubles  # [pieces]; how often each piece occurs

    def renumbered(self, new: Tokens) -> _Lattice:
        """With token `t` called `new[t]`."""
        return _Lattice([new.take(block) for block in self.blocks], self.weights)


@dataclass(frozen=True, slots=True)
class _Model:
    """The tokens and their log probabilities, single characters first."""

    tokens: list[str]
    log_p: Doubles  # [tokens]
    singles: int  # how many are single characters
    piece: Ints  # [tokens]; a piece that the token stands in ...
    begin: Ints  # [tokens]; ... and where


def train_unigram(
    pieces: Mapping[str, int],
    size: int,
    allowed: Callable[[str], bool] | None = None,
    least: float = 2.0,
) -> list[tuple[str, float]]:
    """At most `size` tokens with their log probabilities, the likeliest first.

    `pieces` are the runs of text that no token crosses, and how often each occurs. Every single
    character becomes a token; of the others those that occur at least `least` times and are
    `allowed`.
    """
    ordered = sorted(pieces, key=lambda piece: (-len(piece), piece))
    weights = np.array([pieces[piece] for piece in ordered], np.float64)
    model, lattice = _seed(ordered, weights, allowed, least)
    goal = len(model.tokens)
    while True:
        for _ in range(_ROUNDS):
            expected = _expected(model, lattice)
            model, lattice, expected = _kept(model, lattice, expected, expected >= _LEAST)
            model = _estimated(model, expected)
        if len(model.tokens) <= size or goal <= size:
            break
        goal = max(size, int(len(model.tokens) * _SHRINK))
        loss = expected * (model.log_p - _without(model, lattice))
        loss[: model.singles] = np.inf
        best = np.zeros(len(loss), np.bool_)
        best[np.argsort(-loss, kind="stable")[:goal]] = True
        model, lattice, _ = _kept(model, lattice, expected, best)
    scored = zip(model.tokens, model.log_p.tolist(), strict=True)
    return sorted(scored, key=lambda item: (-item[1], item[0]))


def _grid(pieces: list[str]) -> npt.NDArray[np.uint32]:
    """Characters + 1 by position, [longest, pieces]; 0 behind the end. Long pieces first."""
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    codes = np.frombuffer("".join(pieces).encode("utf-32-le", "surrogatepass"), np.uint32) + 1
    grid = np.zeros((int(lengths[0]), len(pieces)), np.uint32)
    column = np.repeat(np.arange(len(pieces)), lengths)
    grid[np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths), column] = codes
    return grid


def _hashes(grid: npt.NDArray[np.uint32], counts: list[int], size: int) -> list[Ints]:
    """A 63-bit hash of the `size` characters from position b on; for each b a row a piece."""
    found = []
    for last in range(size - 1, len(counts)):
        hashed = np.full(counts[last], size, np.uint64)
        for q in range(last + 1 - size, last + 1):
            hashed = (hashed ^ grid[q, : counts[last]]) * np.uint64(0x9E3779B97F4A7C15)
            hashed ^= hashed >> np.uint64(29)
        found.append((hashed >> np.uint64(1)).view(np.int64))
    return found


def _seed(
    pieces: list[str], weights: Doubles, allowed: Callable[[str], bool] | None, least: float
) -> tuple[_Model, _Lattice]:
    """All single characters and the frequent longer substrings, and where they are."""
    grid = _grid(pieces)
    counts = np.count_nonzero(grid, axis=1).tolist()
    blocks = [np.empty((count, min(p + 1, LONGEST)), np.int32) for p, count in enumerate(counts)]
    tokens: list[str] = []
    found: list[tuple[Doubles, Ints, Ints]] = []
    for size in range(1, min(LONGEST, len(counts)) + 1):
        hashed = _hashes(grid, counts, size)
        keys, first, number = np.unique(
            np.concatenate(hashed), return_index=True, return_inverse=True
        )
        occurs = np.concatenate([weights[: len(h)] for h in hashed])
        total = np.asarray(np.bincount(number, occurs), np.float64)
        starts = np.cumsum([0, *map(len, hashed)])
        frequent = np.flatnonzero((total >= least) | (size == 1))
        begin = np.searchsorted(starts, first[frequent], side="right") - 1
        piece: Ints = first[frequent] - starts[begin]
        spans = zip(piece.tolist(), begin.tolist(), strict=True)
        texts = [pieces[i][at : at + size] for i, at in spans]
        if allowed is not None and size > 1:
            kept = [k for k, text in enumerate(texts) if allowed(text)]
            texts = [texts[k] for k in kept]
            frequent, piece, begin = frequent[kept], piece[kept], begin[kept]
        place = np.full(len(keys), -1, np.int32)
        place[frequent] = np.arange(len(texts)) + len(tokens)
        tokens += texts
        found.append((total[frequent], piece, begin.astype(np.int64)))
        column = place[number]
        for b in range(len(hashed)):
            blocks[b + size - 1][:, size - 1] = column[starts[b] : starts[b + 1]]
    singles = len(found[0][0])
    occurs = np.concatenate([part[0] for part in found])
    piece = np.concatenate([part[1] for part in found])
    begin = np.concatenate([part[2] for part in found])
    score = occurs * np.fromiter(map(len, tokens), np.int64, len(tokens))
    score[:singles] = np.inf
    best = np.zeros(len(tokens), np.bool_)
    best[np.argsort(-score, kind="stable")[: max(_SEEDS, singles)]] = True
    model = _Model(tokens, np.log(occurs / occurs.sum()), singles, piece, begin)
    return _kept(model, _Lattice(blocks, weights), occurs, best)[:2]


def _kept(
    model: _Model, lattice: _Lattice, expected: Doubles, keep: npt.NDArray[np.bool_]
) -> tuple[_Model, _Lattice, Doubles]:
    """With these tokens and every single character."""
    keep[: model.singles] = True
    which = np.flatnonzero(keep)
    new = np.full(len(keep) + 1, len(which), np.int32)  # its last is for "none", -1 at first
    new[which] = np.arange(len(which))
    smaller = _Model(
        [model.tokens[t] for t in which.tolist()],
        model.log_p[which],
        model.singles,
        model.piece[which],
        model.begin[which],
    )
    return smaller, lattice.renumbered(new), expected[which]


def _digamma(x: Doubles) -> Doubles:
    """The derivative of log Gamma (Abramowitz & Stegun 6.3.5, 6.3.18)."""
    out, x = np.zeros_like(x), x.copy()
    for _ in range(6):
        small = x < 6
        out[small] -= 1 / x[small]
        x[small] += 1
    inverse = 1 / (x * x)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252))
    return np.asarray(out + np.log(x) - 0.5 / x - series)


def _estimated(model: _Model, expected: Doubles) -> _Model:
    """The log probabilities for these expected counts; few occurrences count for less."""
    counts = np.maximum(expected, _LEAST)
    log_p = _digamma(counts) - _digamma(counts.sum(keepdims=True))
    return replace(model, log_p=log_p)


def _expected(model: _Model, lattice: _Lattice) -> Doubles:
    """How often each token occurs, over all cuts of all pieces by their probability. [tokens]

    Probabilities are multiplied, not logarithms added: a factor for each character, the same on
    every way through a piece, keeps the products in range.
    """
    blocks = lattice.blocks
    size = np.fromiter(map(len, model.tokens), np.int64, len(model.tokens))
    usual = float(np.exp(model.log_p) @ (-model.log_p / size))
    p = np.append(np.exp(model.log_p + usual * size), 0.0)  # [tokens + 1]; none is impossible
    ahead = [np.ones(len(lattice.weights))]  # ahead[q]: all ways to cut the first q characters
    for q, block in enumerate(blocks):
        total = np.zeros(len(block))
        for k in range(block.shape[1]):
            total += p.take(block[:, k]) * ahead[q - k][: len(block)]
        ahead.append(total)
    back = [np.zeros(len(a)) for a in ahead]  # back[q]: all ways to cut what follows
    expected = np.zeros(len(p))
    for q in range(len(blocks), 0, -1):
        block = blocks[q - 1]
        longer = len(blocks[q]) if q < len(blocks) else 0  # the pieces behind these end at q
        back[q][longer:] = lattice.weights[longer : len(block)] / ahead[q][longer:]
        ways = np.empty(block.shape)
        for k in range(block.shape[1]):
            begin = q - 1 - k
            part = p.take(block[:, k]) * back[q]
            back[begin][: len(block)] += part
            np.multiply(part, ahead[begin][: len(block)], out=ways[:, k])
        expected += np.bincount(block.ravel(), ways.ravel(), len(p))
    return np.asarray(expected[:-1])


def _without(model: _Model, lattice: _Lattice) -> Doubles:
    """The best log probability of each token's text cut into other tokens. [tokens]"""
    out = np.full(len(model.tokens), -np.inf)
    size = np.fromiter(map(len, model.tokens), np.int64, len(model.tokens))
    order = np.argsort(-size, kind="stable")[: len(size) - model.singles]
    if not len(order):
        return out
    flat = np.concatenate([block.ravel() for block in lattice.blocks])
    width = np.array([block.shape[1] for block in lattice.blocks])
    first = np.cumsum([0, *(block.size for block in lattice.blocks)])
    log_p = np.append(model.log_p, -np.inf)
    best = [np.zeros(len(order))]  # best[q]: the best cut of the first q characters
    for q in range(int(size[order[0]])):
        count = int((size[order] > q).sum())
        longer = int((size[order] > q + 1).sum())
        block = model.begin[order[:count]] + q
        at = first[block] + model.piece[order[:count]] * width[block]
        top = np.full(count, -np.inf)
        for k in range(q + 1):
            score = log_p.take(flat.take(at + k)) + best[q - k][:count]
            if k == q:
                score[longer:] = -np.inf  # the token itself
            np.maximum(top, score, out=top)
        out[order[longer:count]] = top[longer:]
        best.append(top)
    return out
