"""Pairs of several versions weighed together.

Every pair by itself gives the beads that could be and their probabilities; then what third
versions say of a pair (`witnesses`) is added to the scores of its beads and of its sentences
alone, and the lattice is solved again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from align.core.monotone import Beads, Prepared, prepare
from align.core.scorer import Scorer
from align.core.side import Floats, Side
from align.core.versions.posterior import Posterior, posterior, reweighed
from align.core.versions.rows import Pair
from align.core.versions.witnesses import Testimony, View, chains, testimony, views

PASSES = 1  # of adding what third versions say; more overrate it


@dataclass(frozen=True, slots=True)
class Trust:
    """What one witness's word is worth, in the scores' own unit."""

    bead: float  # the bead goes by way of the witness; it is 1-1, 1-n or n-1
    big_bead: float  # it is larger on both sides
    known: float  # a sentence has a counterpart in the witness, which has one here too
    absent: float  # it has a counterpart in the witness, which has none here


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair of versions on its way."""

    ready: Prepared
    first: Posterior  # by itself
    now: Posterior  # with the others
    beads: Beads


def weigh_all(
    sides: Sequence[Side],
    pairs: Sequence[Pair],
    scorer: Scorer,
    trust: Trust,
    k: int,
    threads: int = 1,
) -> dict[Pair, Weighed]:
    """These pairs of versions, weighed together; each version has at least one sentence."""
    open_pairs = {}
    for x, y in pairs:
        ready = prepare(sides[x], sides[y], scorer, k, threads)
        first, beads = posterior(ready, scorer)
        open_pairs[x, y] = Weighed(ready, first, first, beads)
    size = len(scorer.shapes)
    for _ in range(PASSES):
        said = testimonies({pair: one.now for pair, one in open_pairs.items()}, len(sides), size)
        for pair, one in open_pairs.items():
            if said[pair]:
                open_pairs[pair] = _convinced(one, said[pair], trust, size)
    return open_pairs


def testimonies(found: dict[Pair, Posterior], count: int, size: int) -> dict[Pair, list[Testimony]]:
    """What every third version says of every pair."""
    seen: dict[Pair, View] = {}
    alone: dict[Pair, Floats] = {}
    for (x, y), p in found.items():
        seen[x, y], seen[y, x] = views(p)
        alone[x, y], alone[y, x] = p.src_alone, p.tgt_alone
    longer = {pair: chains(view, size) for pair, view in seen.items()}
    return {
        (x, y): [
            testimony(
                p,
                (seen[x, z], longer[x, z], alone[z, y]),
                (seen[y, z], longer[y, z], alone[z, x]),
            )
            for z in range(count)
            if z not in (x, y) and (x, z) in seen and (y, z) in seen
        ]
        for (x, y), p in found.items()
    }


def summed(p: Posterior, said: Sequence[Testimony]) -> tuple[Floats, Floats, Floats]:
    """What is multiplied with `Trust`: of beads [c, 4], of sentences alone [n, 4] and [m, 4].

    More than two witnesses count as two: they are not independent.
    """
    share = min(1.0, 2 / len(said))
    bead = share * sum(one.bead for one in said)
    big = (p.a > 1) & (p.b > 1)
    nothing = np.zeros_like(bead)
    out = [np.stack([np.where(big, 0, bead), np.where(big, bead, 0), nothing, nothing], 1)]
    for side in ("src", "tgt"):
        known = share * sum(getattr(one, f"{side}_known") for one in said)
        absent = share * sum(getattr(one, f"{side}_absent") for one in said)
        nothing = np.zeros_like(known)
        out.append(np.stack([nothing, nothing, known - absent, absent], 1))
    return out[0], out[1], out[2]


def _convinced(one: Weighed, said: Sequence[Testimony], trust: Trust, size: int) -> Weighed:
    worth = np.array([trust.bead, trust.big_bead, trust.known, trust.absent])
    added = (np.einsum("cf,f->c", part, worth) for part in summed(one.first, said))
    bead, src, tgt = (part.astype(np.float32) for part in added)
    now, beads = reweighed(one.first, bead, src, tgt, one.ready.box, size)
    return Weighed(one.ready, one.first, now, beads)
