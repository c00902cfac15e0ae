"""Pairs of several versions weighed together.

Every pair by itself gives the beads that could be and their probabilities; then what third
versions say of a pair (`witnesses`) is added to the scores of its beads and of its sentences
alone, and the lattice is solved again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from align.core.astray import by_length, is_astray
from align.core.monotone import Beads, Prepared, prepare
from align.core.scorer import Scorer
from align.core.side import Floats, Side
from align.core.versions.posterior import Posterior, posterior, reweighed
from align.core.versions.rows import Pair
from align.core.versions.witnesses import Testimony, View, testimony, views

PASSES = 1  # of adding what third versions say; more overrate it


@dataclass(frozen=True, slots=True)
class Trust:
    """What one witness's word is worth, in the scores' own unit."""

    known: float  # a sentence alone has a counterpart in the witness, which has one here too
    absent: float  # it has a counterpart in the witness, which has none here
    askew: float  # the bead begins or ends at different places of the witness
    inside: float  # by way of the witness, beads begin or end within it

    @property
    def worth(self) -> Floats:
        """All of them. [F]"""
        return np.array([getattr(self, name) for name in Trust.__slots__])


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair of versions on its way."""

    ready: Prepared
    first: Posterior  # by itself
    now: Posterior  # with the others
    beads: Beads
    blind: bool = False  # its vectors tell nothing: it stands on lengths
    lost: bool = False  # its vectors tell nothing, and lengths too little


def weigh_all(
    sides: Sequence[Side],
    pairs: Sequence[Pair],
    scorer: Scorer,
    trust: Trust,
    k: int,
    threads: int = 1,
    lengths: Scorer | None = None,
) -> dict[Pair, Weighed]:
    """These pairs of versions, weighed together; each version has at least one sentence.

    `lengths`: weights for pairs whose vectors tell nothing, as in `align_sides`.
    """
    open_pairs = {}
    for x, y in pairs:
        ready = prepare(sides[x], sides[y], scorer, k, threads)
        open_pairs[x, y] = _alone(ready, scorer, lengths)
    for pair in [pair for pair in open_pairs if known_through(pair, open_pairs)]:
        open_pairs[pair] = _alone(open_pairs[pair].ready, scorer, lengths, anyway=True)
    size = len(scorer.shapes)
    for _ in range(PASSES):
        said = testimonies({pair: one.now for pair, one in open_pairs.items()}, len(sides))
        for pair, one in open_pairs.items():
            if said[pair]:
                open_pairs[pair] = _convinced(one, said[pair], trust, size)
    return open_pairs


def known_through(pair: Pair, found: dict[Pair, Weighed]) -> bool:
    """Whether a pair that was lost goes together: a third version goes with one by lengths, with
    the other by vectors."""
    if not found[pair].lost:
        return False
    known = {frozenset(other): one for other, one in found.items() if not one.lost}
    for z in {z for other in found for z in other}.difference(pair):
        ends = [known[end] for v in pair if (end := frozenset((v, z))) in known]
        if len(ends) == 2 and ends[0].blind != ends[1].blind:
            return True
    return False


def _alone(
    ready: Prepared, scorer: Scorer, lengths: Scorer | None, anyway: bool = False
) -> Weighed:
    """A pair by itself; by lengths where its vectors tell nothing and the order of texts does."""
    first, beads = posterior(ready, scorer)
    result = ready.result(beads)
    lost = False
    if lengths is not None and is_astray(result):
        found = by_length(result, lengths, anyway)
        if found is not None:
            names = (getattr(found, name) for name in Prepared.__slots__)
            ready = Prepared(*names)
            first, beads = posterior(ready, lengths)
            return Weighed(ready, first, first, beads, blind=True)
        lost = True
    return Weighed(ready, first, first, beads, lost=lost)


def testimonies(found: dict[Pair, Posterior], count: int) -> dict[Pair, list[Testimony]]:
    """What every third version says of every pair."""
    seen: dict[Pair, View] = {}
    alone: dict[Pair, Floats] = {}
    for (x, y), p in found.items():
        seen[x, y], seen[y, x] = views(p)
        alone[x, y], alone[y, x] = p.src_alone, p.tgt_alone
    return {
        (x, y): [
            testimony(p, (seen[x, z], alone[z, y]), (seen[y, z], alone[z, x]))
            for z in range(count)
            if z not in (x, y) and (x, z) in seen and (y, z) in seen
        ]
        for (x, y), p in found.items()
    }


def summed(said: Sequence[Testimony]) -> tuple[Floats, Floats, Floats]:
    """What is multiplied with `Trust`: of beads [c, F], of sentences alone [n, F] and [m, F].

    More than two witnesses count as two: they are not independent.
    """
    share = min(1.0, 2 / len(said))

    def total(name: str) -> Floats:
        return np.asarray(share * sum(getattr(one, name) for one in said))

    askew = total("askew")
    none = np.zeros_like(askew)
    out = [np.stack([none, none, askew, total("inside")], 1)]
    for side in ("src", "tgt"):
        known, absent = total(f"{side}_known"), total(f"{side}_absent")
        none = np.zeros_like(known)
        out.append(np.stack([known - absent, absent, none, none], 1))
    return out[0], out[1], out[2]


def _convinced(one: Weighed, said: Sequence[Testimony], trust: Trust, size: int) -> Weighed:
    added = (np.einsum("cf,f->c", part, trust.worth) for part in summed(said))
    bead, src, tgt = (part.astype(np.float32) for part in added)
    now, beads = reweighed(one.first, bead, src, tgt, one.ready.box, size)
    return replace(one, now=now, beads=beads)
