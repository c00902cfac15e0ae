"""What third versions say about a pair: evidence by way of others.

If sentence x goes with z and z with y, x goes with y (the consistency transformation of ProbCons,
Do et al. 2005, https://doi.org/10.1101/gr.2821705). Beads differ from residues: a witness with
longer sentences joins what the pair keeps apart, and would speak for beads that are too long. So
joints speak, not beads: where a bead of x and z and one of y and z end at the same sentence of z,
one of x and y ends too, however the sentences before are grouped; where they end at different
ones, none ends at both. A sentence whose counterpart in z has nothing in y has nothing there
either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from align.core.side import Floats, Ints
from align.core.versions.posterior import Posterior

LEAST = 0.02  # probability of a bead that is followed


@dataclass(frozen=True, slots=True)
class View:
    """The beads of a pair worth following, seen from version x: [c] each."""

    x: Ints  # first sentence in x and the one after the last
    x_end: Ints
    z: Ints
    z_end: Ints
    probability: Floats


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one third version says of a pair's beads [c] and sentences [n], [m]."""

    askew: Floats  # 0..2; the bead begins, or ends, in x and y at different places of the witness
    inside: Floats  # by way of the witness beads begin or end within it: at so many places
    src_known: Floats  # 0..1; the sentence has a counterpart in the witness ...
    tgt_known: Floats
    src_absent: Floats  # 0..1; ... which has none in the other document
    tgt_absent: Floats


def views(p: Posterior) -> tuple[View, View]:
    """A pair's beads from either side."""
    keep = np.flatnonzero(p.probability >= LEAST)
    one = p.src[keep], (p.src + p.a)[keep]
    two = p.tgt[keep], (p.tgt + p.b)[keep]
    return View(*one, *two, p.probability[keep]), View(*two, *one, p.probability[keep])


def testimony(p: Posterior, src: tuple[View, Floats], tgt: tuple[View, Floats]) -> Testimony:
    """What one witness says of the pair `p`.

    `src` and `tgt` are, for either document, its beads with the witness and the probabilities
    that the witness's sentences have no counterpart in the *other* document.
    """
    n, m = len(p.src_alone), len(p.tgt_alone)
    known, absent = _absent(*src, n)
    tgt_known, tgt_absent = _absent(*tgt, m)
    askew, inside = np.zeros((2, len(p.src)))
    one, two = src[0], tgt[0]
    for (x, z), (y, other_z), i, j in (
        ((one.x_end, one.z_end), (two.x_end, two.z_end), p.src + p.a, p.tgt + p.b),
        ((one.x, one.z), (two.x, two.z), p.src, p.tgt),
    ):
        name, chance = _met(x, z, one.probability, y, other_z, two.probability, m + 1)
        at_i = np.minimum(np.bincount(x, one.probability, n + 1), 1)
        at_j = np.minimum(np.bincount(y, two.probability, m + 1), 1)
        askew += np.maximum(at_i[i] * at_j[j] - _of(name, chance, i * (m + 1) + j), 0)
        rows = np.minimum(np.bincount(name // (m + 1), chance, n + 1), 1)
        columns = np.minimum(np.bincount(name % (m + 1), chance, m + 1), 1)
        for mass, first, count in ((rows, p.src, p.a), (columns, p.tgt, p.b)):
            total = np.concatenate([[0.0], np.cumsum(mass)])
            inside += (total[first + count] - total[first + 1]) / 2
    return Testimony(askew, inside, known, tgt_known, absent, tgt_absent)


def _met(
    x: Ints, z: Ints, p: Floats, y: Ints, other_z: Ints, q: Floats, width: int
) -> tuple[Ints, Floats]:
    """Where places of x and y meet in one of z: x * width + y, sorted, and the chances, 0..1."""
    order = np.argsort(other_z, kind="stable")
    low = np.searchsorted(other_z[order], z, "left")
    count = np.searchsorted(other_z[order], z, "right") - low
    one = np.repeat(np.arange(len(z)), count)
    two = order[low[one] + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)]
    name, place = np.unique(x[one] * width + y[two], return_inverse=True)
    return name, np.minimum(np.bincount(place, p[one] * q[two], len(name)), 1)


def _of(name: Ints, values: Floats, wanted: Ints) -> Floats:
    """The values of those that have these names (sorted), 0 where none has."""
    if not len(name):
        return np.zeros(len(wanted))
    at = np.minimum(np.searchsorted(name, wanted), len(name) - 1)
    return np.where(name[at] == wanted, values[at], 0)


def _absent(beads: View, alone: Floats, n: int) -> tuple[Floats, Floats]:
    """For each sentence: linked with the witness, and linked with what the other document lacks."""
    least = alone[beads.z]
    longest = int((beads.z_end - beads.z).max(initial=0))
    for step in range(1, longest):
        more = beads.z + step < beads.z_end
        least = np.where(more, np.minimum(least, alone[np.where(more, beads.z + step, 0)]), least)
    known, absent = np.zeros(n), np.zeros(n)
    for step in range(int((beads.x_end - beads.x).max(initial=0))):
        more = beads.x + step < beads.x_end
        at, q = (beads.x + step)[more], beads.probability[more]
        known += np.bincount(at, q, n)
        absent += np.bincount(at, q * least[more], n)
    return np.minimum(known, 1).astype(np.float32), np.minimum(absent, 1).astype(np.float32)
